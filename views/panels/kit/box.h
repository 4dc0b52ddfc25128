#pragma once
// Rectangles in units (1 unit is 1 pixel at scale 1), cut into smaller ones from the edges inwards.
#include <algorithm>

namespace lab {

struct Box {
  float x = 0, y = 0, w = 0, h = 0;

  float right() const { return x + w; }
  float bottom() const { return y + h; }
  float middle_x() const { return x + w / 2; }
  float middle_y() const { return y + h / 2; }
  bool contains(float px, float py) const { return px >= x && px < right() && py >= y && py < bottom(); }

  /// Takes a strip off an edge, at most what is there, and returns it.
  Box cut_left(float size) {
    size = std::max(0.0f, std::min(size, w));
    const Box strip{x, y, size, h};
    x += size, w -= size;
    return strip;
  }
  Box cut_right(float size) {
    size = std::max(0.0f, std::min(size, w));
    w -= size;
    return {right(), y, size, h};
  }
  Box cut_top(float size) {
    size = std::max(0.0f, std::min(size, h));
    const Box strip{x, y, w, size};
    y += size, h -= size;
    return strip;
  }
  Box cut_bottom(float size) {
    size = std::max(0.0f, std::min(size, h));
    h -= size;
    return {x, bottom(), w, size};
  }
  Box inset(float across, float down) const {
    return {x + across, y + down, std::max(0.0f, w - 2 * across), std::max(0.0f, h - 2 * down)};
  }
  Box inset(float all) const { return inset(all, all); }
  /// A box of the given height in the vertical middle.
  Box row(float height) const { return {x, y + (h - height) / 2, w, height}; }
  friend bool operator==(const Box&, const Box&) = default;
};

}  // namespace lab
