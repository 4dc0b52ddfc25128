#include "views/plot/display_list.h"

#include <cmath>

#include <fmt/format.h>

namespace lab {

namespace {

/// A tenth is enough to see a change, and too little for the last bits of two machines.
std::string tenth(double value) {
  const double rounded = std::round(value * 10) / 10;
  return fmt::format("{}", rounded == 0 ? 0.0 : rounded);
}

std::string place(const PointF& at) { return tenth(at.x) + "," + tenth(at.y); }
std::string box(const RectF& r) { return tenth(r.x) + "," + tenth(r.y) + " " + tenth(r.w) + "x" + tenth(r.h); }

std::string hex(Rgba color) {
  const std::uint32_t alpha = color >> 24;
  const std::string text = fmt::format("#{:02X}{:02X}{:02X}", color & 255, color >> 8 & 255, color >> 16 & 255);
  return alpha == 255 ? text : text + fmt::format("{:02X}", alpha);
}

std::string places(const std::vector<PointF>& points) {
  std::string out;
  for (const PointF& point : points) out += " " + place(point);
  return out;
}

struct Describe {
  std::string operator()(const FillRect& op) const { return "rect " + box(op.rect) + " " + hex(op.color); }
  std::string operator()(const StrokeLine& op) const {
    std::string out = "line " + hex(op.color) + " " + tenth(op.width);
    if (op.dash_on > 0) out += " dash " + tenth(op.dash_on) + "/" + tenth(op.dash_off);
    return out + places(op.points);
  }
  std::string operator()(const FillPolygon& op) const { return "polygon " + hex(op.color) + places(op.points); }
  std::string operator()(const DrawText& op) const {
    constexpr const char* faces[] = {"label", "tick", "title", "mono"};
    constexpr const char* aligns[] = {"left", "center", "right"};
    return "text " + place(op.at) + " " + faces[static_cast<int>(op.face)] + " " + tenth(op.size) + " " + hex(op.color) +
           " " + aligns[static_cast<int>(op.align)] + (op.upwards ? " upwards" : "") + " '" + op.text + "'";
  }
  std::string operator()(const DrawImage& op) const {
    return "image " + box(op.rect) + fmt::format(" {}x{} cells", op.pixels->width, op.pixels->height);
  }
  std::string operator()(const Clip& op) const { return op.begin ? "clip " + box(op.rect) : "unclip"; }
};

}  // namespace

double FixedMeasure::width(TextFace, double size, const std::string& text) const {
  int characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // not a UTF-8 continuation
  return 0.6 * size * characters;
}

std::string text_of(const DisplayList& list) {
  std::string out = "page " + tenth(list.width) + "x" + tenth(list.height) + "\n";
  for (const DrawOp& op : list.ops) out += std::visit(Describe{}, op) + "\n";
  return out;
}

}  // namespace lab
