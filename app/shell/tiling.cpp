#include "app/shell/tiling.h"

#include <algorithm>
#include <cmath>

namespace lab {
namespace {

constexpr float kGrip = 5;  // units that react to the mouse around a line

float extent(Cut cut, const Box& box) { return cut == Cut::across ? box.w : box.h; }

/// Units of the first child, within the minimum of both.
float first_extent(const PaneTile& tile, float whole) {
  float first = tile.size;
  if (tile.hold == PaneTile::Hold::share) first = whole * tile.size;
  if (tile.hold == PaneTile::Hold::second) first = whole - tile.size;
  const float most = std::max(tile.minimum, whole - tile.minimum);
  return std::round(std::clamp(first, tile.minimum, most));
}

void place_into(PaneTile& tile, Box whole, Tiling& out) {
  if (!tile.first) {
    out.panes[tile.pane] = whole;
    return;
  }
  const Box all = whole;
  const float size = first_extent(tile, extent(tile.cut, whole));
  const Box first = tile.cut == Cut::across ? whole.cut_left(size) : whole.cut_top(size);
  const Box grip = tile.cut == Cut::across ? Box{whole.x - kGrip / 2 - 0.5f, whole.y, kGrip, whole.h}
                                             : Box{whole.x, whole.y - kGrip / 2 - 0.5f, whole.w, kGrip};
  out.gutters.push_back({&tile, grip, all});
  place_into(*tile.first, first, out);
  place_into(*tile.second, whole, out);
}

}  // namespace

std::unique_ptr<PaneTile> pane_tile(std::string pane) {
  auto tile = std::make_unique<PaneTile>();
  tile->pane = tile->place = std::move(pane);
  return tile;
}

std::unique_ptr<PaneTile> split_tile(Cut cut, PaneTile::Hold hold, float size, float minimum, std::unique_ptr<PaneTile> first,
                                 std::unique_ptr<PaneTile> second) {
  auto tile = std::make_unique<PaneTile>();
  tile->cut = cut;
  tile->hold = hold;
  tile->size = tile->default_size = size;
  tile->minimum = minimum;
  tile->first = std::move(first);
  tile->second = std::move(second);
  return tile;
}

Tiling place(PaneTile& root, Box whole) {
  Tiling tiling;
  place_into(root, whole, tiling);
  return tiling;
}

void move_gutter(const Gutter& gutter, float to) {
  PaneTile& tile = *gutter.tile;
  const float whole = extent(tile.cut, gutter.whole);
  const float start = tile.cut == Cut::across ? gutter.whole.x : gutter.whole.y;
  const float first = std::clamp(to - start, tile.minimum, std::max(tile.minimum, whole - tile.minimum));
  switch (tile.hold) {
    case PaneTile::Hold::first: tile.size = first; break;
    case PaneTile::Hold::second: tile.size = whole - first; break;
    case PaneTile::Hold::share: tile.size = first / whole; break;
  }
}

void reset_gutter(const Gutter& gutter) { gutter.tile->size = gutter.tile->default_size; }

}  // namespace lab
