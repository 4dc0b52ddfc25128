// SVG by hand, so that text stays text.
#include "views/paint/paint.h"
#include "views/paint/png_file.h"
#include "views/paint/text.h"

namespace lab {

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : clean_text(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string attribute(const char* name, const std::string& value) { return std::string(" ") + name + "=\"" + value + "\""; }
std::string attribute(const char* name, double value) { return attribute(name, decimal_text(value)); }

std::string place(const RectF& r) {
  return attribute("x", r.x) + attribute("y", r.y) + attribute("width", r.w) + attribute("height", r.h);
}

std::string color(const char* name, Rgba c) {
  constexpr const char* digits = "0123456789abcdef";
  std::string hex = "#";
  for (int shift = 0; shift < 24; shift += 8) {
    hex += digits[c >> (shift + 4) & 15];
    hex += digits[c >> shift & 15];
  }
  const std::uint32_t alpha = c >> 24;
  return attribute(name, hex) + (alpha == 255 ? "" : attribute((std::string(name) + "-opacity").c_str(), alpha / 255.0));
}

std::string points(const std::vector<PointF>& list) {
  std::string out;
  for (const PointF& p : list) out += (out.empty() ? "" : " ") + decimal_text(p.x) + "," + decimal_text(p.y);
  return attribute("points", out);
}

struct SvgPainter {
  std::string out;
  int clips = 0;

  void operator()(const FillRect& op) { out += "<rect" + place(op.rect) + color("fill", op.color) + "/>\n"; }

  void operator()(const StrokeLine& op) {
    out += "<polyline fill=\"none\" stroke-linejoin=\"round\"" + color("stroke", op.color) + attribute("stroke-width", op.width);
    if (op.dash_on > 0 && op.dash_off > 0)
      out += attribute("stroke-dasharray", decimal_text(op.dash_on) + " " + decimal_text(op.dash_off));
    out += points(op.points) + "/>\n";
  }

  void operator()(const FillPolygon& op) { out += "<polygon" + color("fill", op.color) + points(op.points) + "/>\n"; }

  void operator()(const DrawText& op) {
    constexpr const char* anchors[] = {"start", "middle", "end"};
    out += "<text" + attribute("font-size", op.size) + color("fill", op.color);
    if (op.face == TextFace::mono) out += " font-family=\"DejaVu Sans Mono, monospace\"";
    if (op.face == TextFace::title) out += " font-weight=\"bold\"";
    if (op.align != TextAlign::left) out += attribute("text-anchor", anchors[static_cast<int>(op.align)]);
    if (op.upwards)
      out += attribute("transform", "translate(" + decimal_text(op.at.x) + " " + decimal_text(op.at.y) + ") rotate(-90)");
    else
      out += attribute("x", op.at.x) + attribute("y", op.at.y);
    out += " xml:space=\"preserve\">" + escaped(op.text) + "</text>\n";
  }

  void operator()(const DrawImage& op) {
    if (op.pixels->width <= 0 || op.pixels->height <= 0) return;
    out += "<image" + place(op.rect) +
           " preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\""
           " xlink:href=\"data:image/png;base64," +
           base64(png_bytes(*op.pixels, 0, {})) + "\"/>\n";
  }

  void operator()(const Clip& op) {
    if (!op.begin) {
      out += "</g>\n";
      return;
    }
    const std::string id = "clip" + std::to_string(++clips);
    out += "<clipPath id=\"" + id + "\"><rect" + place(op.rect) + "/></clipPath>\n<g clip-path=\"url(#" + id + ")\">\n";
  }
};

}  // namespace

Result<std::string> paint_svg(const DisplayList& list, const FileInfo& info) {
  const std::string width = decimal_text(list.width), height = decimal_text(list.height);
  SvgPainter painter;
  painter.out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" version=\"1.1\"" +
                attribute("width", width + "pt") + attribute("height", height + "pt") +
                attribute("viewBox", "0 0 " + width + " " + height) + " font-family=\"DejaVu Sans, sans-serif\">\n";
  if (!info.title.empty()) painter.out += "<title>" + escaped(info.title) + "</title>\n";
  if (!info.notes.empty()) {
    painter.out += "<desc>";
    for (const auto& [name, value] : info.notes) painter.out += escaped(name) + ": " + escaped(value) + "\n";
    painter.out += "</desc>\n";
  }
  for (const DrawOp& op : list.ops) std::visit(painter, op);
  return painter.out + "</svg>\n";
}

}  // namespace lab
