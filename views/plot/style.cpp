// The two looks: paper and window.
#include <algorithm>
#include <cmath>

#include "views/plot/layout_parts.h"

namespace lab {

Rgba PlotStyle::color(Ink ink) const {
  switch (ink) {
    case Ink::run_a: return run_a;
    case Ink::run_b: return run_b;
    case Ink::run_c: return run_c;
    case Ink::run_d: return run_d;
    case Ink::text: return text;
    case Ink::dim: return dim;
    case Ink::faint: return faint;
    case Ink::cursor: return cursor;
    case Ink::warning: return warning;
    case Ink::good: return good;
    case Ink::bad: return bad;
    case Ink::adds: return adds;
    case Ink::cancels: return cancels;
  }
  return text;
}

PlotStyle print_style() {
  PlotStyle style;
  // Okabe-Ito hues, the light ones darkened until text in them reads on white.
  style.run_a = rgba(0x0072B2), style.run_b = rgba(0xB8500A), style.run_c = rgba(0xA2457C), style.run_d = rgba(0x00795A);
  style.frame = rgba(0x262626), style.grid = rgba(0xE2E2E2);
  style.text = rgba(0x1A1A1A), style.dim = rgba(0x4D4D4D);
  style.pixels_per_point = 300.0 / 72;
  return style;
}

PlotStyle screen_style(bool dark) {
  PlotStyle style;
  style.label_size = 10.7, style.tick_size = 10.6, style.title_size = 13.2;
  style.frame_width = 1, style.pixels_per_point = 1;
  style.titles = false, style.is_screen = true;
  if (!dark) return style;
  style.background = rgba(0x1B1E23), style.frame = rgba(0x4A515C), style.grid = rgba(0x272B32);
  style.run_a = rgba(0x5B9DF5), style.run_b = rgba(0xE69F00), style.run_c = rgba(0xD58BB6), style.run_d = rgba(0x2FB78E);
  style.text = rgba(0xE3E6EB), style.dim = rgba(0x98A0AD), style.faint = rgba(0x5A626F), style.cursor = rgba(0xFFFFFF);
  style.warning = rgba(0xE69F00), style.good = rgba(0x2FB78E), style.bad = rgba(0xF2777A);
  style.sequential_from = 0.16;
  return style;
}

Spaces spaces_of(const PlotStyle& style) {
  if (!style.is_screen) return {};
  return {.tick = 4, .tick_gap = 4, .label_gap = 8, .bar_gap = 8, .bar_width = 12, .name_gap = 8, .edge = 0, .between = 6};
}

Rgba muted(const PlotStyle& style, Rgba color, double share) {
  Rgba out = 0xFFu << 24;
  for (int shift = 0; shift < 24; shift += 8) {
    const double a = style.background >> shift & 255, b = color >> shift & 255;
    out |= static_cast<Rgba>(std::lround(a + share * (b - a))) << shift;
  }
  return out;
}

Rgba ink_color(const PlotPlan& plan, const PlotStyle& style, Ink ink) {
  return plan.has_heat && ink == Ink::cursor ? rgba(0x000000) : style.color(ink);
}

void Sheet::fill(const RectF& rect, Rgba color) const { list.ops.push_back(FillRect{rect, color}); }

void Sheet::line(std::vector<PointF> points, Rgba color, double width, bool dashed) const {
  StrokeLine line{std::move(points), color, width};
  if (dashed) line.dash_on = 4, line.dash_off = style.is_screen ? 3 : 2;
  list.ops.push_back(std::move(line));
}

void Sheet::text(PointF at, const std::string& text, TextFace face, Rgba color, TextAlign align, bool upwards) const {
  if (!text.empty()) list.ops.push_back(DrawText{at, text, face, size(face), color, align, upwards});
}

double Sheet::size(TextFace face) const {
  if (face == TextFace::title) return style.title_size;
  return face == TextFace::label ? style.label_size : style.tick_size;
}

double Sheet::width(TextFace face, const std::string& text) const { return measure.width(face, size(face), text); }

double Sheet::widest(const std::vector<Tick>& ticks) const {
  double most = 0;
  for (const Tick& tick : ticks) most = std::max(most, width(TextFace::tick, tick.label));
  return most;
}

std::string Sheet::elided(TextFace face, const std::string& text, double width) const {
  if (this->width(face, text) <= width) return text;
  std::string shorter = text;
  while (!shorter.empty()) {
    while (!shorter.empty() && (static_cast<unsigned char>(shorter.back()) & 0xC0) == 0x80) shorter.pop_back();
    if (!shorter.empty()) shorter.pop_back();
    const std::string with_dots = shorter + "\u2026";
    if (shorter.size() >= 3 && this->width(face, with_dots) <= width) return with_dots;
  }
  return "";
}

}  // namespace lab
