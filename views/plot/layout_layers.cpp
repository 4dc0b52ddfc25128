// Layers of data as strokes, but for curves. Everything here is drawn inside the frame's clip.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "views/plot/layout_parts.h"

namespace lab {

namespace {

constexpr std::size_t kManyDots = 512;

/// Places far outside the page stay where every painter's numbers reach.
double bounded(double place) { return std::isnan(place) ? place : std::clamp(place, -1e5, 1e5); }

}  // namespace

PointF place_of(const PlotArea& area, double x, double y) {
  return {bounded(area.place_of_x(x)), bounded(area.place_of_y(y))};
}

std::vector<PointF> circle(PointF at, double radius, int corners) {
  std::vector<PointF> out;
  for (int i = 0; i < corners; ++i) {
    const double angle = 2 * std::numbers::pi * i / corners;
    out.push_back({at.x + radius * std::cos(angle), at.y + radius * std::sin(angle)});
  }
  return out;
}

void draw_path(const Sheet& sheet, const PlotPlan& plan, const PathLayer& layer) {
  constexpr int steps = 48;  // of colour along a path
  const PlotArea area = plan.area();
  const bool shaded = layer.shade.size() == layer.at.size();
  const double from = is_diverging(layer.map) ? 0 : sheet.style.sequential_from;
  const auto step_of = [&](std::size_t i) {
    const float shade = shaded ? layer.shade[i] : 0;
    return shade > 0 ? static_cast<int>(std::lround(std::min(shade, 1.0f) * steps)) : 0;
  };
  const auto color_of = [&](int step) {
    return shaded ? color_at(layer.map, from + (1 - from) * step / steps) : sheet.style.color(layer.ink);
  };
  std::vector<PointF> at;
  for (const PointF& point : layer.at) at.push_back(place_of(area, point.x, point.y));
  const auto is_gap = [&](std::size_t i) { return std::isnan(at[i].x) || std::isnan(at[i].y); };

  if (layer.joined) {
    std::vector<PointF> run;  // of one colour
    const double width = layer.dot > 0 ? std::min(0.9, 0.6 * layer.dot) : 1.2;
    const auto flush = [&](int step) {
      if (run.size() > 1) sheet.line(run, color_of(step), sheet.style.is_screen ? 1.0 : width);
      run.clear();
    };
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (is_gap(i)) {
        flush(step_of(i > 0 ? i - 1 : 0));
        continue;
      }
      run.push_back(at[i]);
      const bool turns = i + 1 == at.size() || step_of(i + 1) != step_of(i);
      if (!turns) continue;
      if (i + 1 < at.size() && !is_gap(i + 1)) run.push_back(at[i + 1]);
      flush(step_of(i));
    }
  }
  if (layer.dot <= 0) return;
  const bool are_many = sheet.style.is_screen && at.size() > kManyDots;  // then they are squares, which cost a tenth
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (is_gap(i)) continue;
    if (are_many) sheet.fill({at[i].x - layer.dot, at[i].y - layer.dot, 2 * layer.dot, 2 * layer.dot}, color_of(step_of(i)));
    else sheet.list.ops.push_back(FillPolygon{circle(at[i], layer.dot, layer.dot > 2 ? 16 : 10), color_of(step_of(i))});
  }
}

namespace {

/// A bar of an axis of numbers is as wide as its numbers up to a thin gap; in the window it has whole pixels.
void fit_numbers(const PlotStyle& style, double& from, double& width) {
  constexpr double gap = 0.5, least = 2.5 * gap;  // points; narrower bars touch
  const double pixel = 1 / style.pixels_per_point;
  if (!style.is_screen) {
    if (width >= least) width -= gap;
    return;
  }
  const double end = std::round((from + width) / pixel) * pixel;
  from = std::round(from / pixel) * pixel;
  width = end - from > 2 * pixel ? end - from - pixel : end - from;
}

RectF bar_of(const Sheet& sheet, const PlotArea& area, const BarLayer& layer, std::size_t i) {
  constexpr double half = 0.31;  // of a category
  const auto at = static_cast<double>(i);
  const bool is_numeric = layer.pitch > 0;
  const double low = is_numeric ? layer.from + at * layer.pitch : at - half;
  const double high = is_numeric ? low + layer.pitch : at + half;
  const PointF a = layer.across ? place_of(area, layer.base, low) : place_of(area, low, layer.base);
  const PointF b = layer.across ? place_of(area, layer.values[i], high) : place_of(area, high, layer.values[i]);
  RectF bar{std::min(a.x, b.x), std::min(a.y, b.y), std::abs(a.x - b.x), std::abs(a.y - b.y)};
  if (is_numeric) fit_numbers(sheet.style, layer.across ? bar.y : bar.x, layer.across ? bar.h : bar.w);
  return bar;
}

}  // namespace

void draw_bars(const Sheet& sheet, const PlotPlan& plan, const BarLayer& layer) {
  const PlotArea area = plan.area();
  const Rgba color = sheet.style.color(layer.ink);
  for (std::size_t i = 0; i < layer.values.size(); ++i) {
    if (!std::isfinite(layer.values[i]) || (layer.pitch > 0 && layer.values[i] == layer.base)) continue;
    const bool is_muted = layer.highlight >= 0 && layer.highlight != static_cast<int>(i);
    sheet.fill(bar_of(sheet, area, layer, i), is_muted ? muted(sheet.style, color, 0.5) : color);
  }
  const PointF zero = place_of(area, 0, 0);
  const RectF& frame = plan.frame;
  if (layer.across && zero.x > frame.x + 0.5 && zero.x < frame.right() - 0.5)
    sheet.line({{zero.x, frame.y}, {zero.x, frame.bottom()}}, sheet.style.frame, sheet.style.frame_width);
  if (!layer.across && zero.y > frame.y + 0.5 && zero.y < frame.bottom() - 0.5)
    sheet.line({{frame.x, zero.y}, {frame.right(), zero.y}}, sheet.style.frame, sheet.style.frame_width);
}

void draw_rule(const Sheet& sheet, const PlotPlan& plan, const RuleLayer& layer) {
  const PlotArea area = plan.area();
  const RectF& frame = plan.frame;
  const double place = layer.vertical ? area.place_of_x(layer.at) : area.place_of_y(layer.at);
  if (!std::isfinite(place)) return;
  const bool inside = layer.vertical ? place >= frame.x - 0.5 && place <= frame.right() + 0.5
                                     : place >= frame.y - 0.5 && place <= frame.bottom() + 0.5;
  if (!inside) return;
  const Rgba color = ink_color(plan, sheet.style, layer.ink);
  const double width = sheet.style.is_screen ? 1 : 0.8;
  if (layer.vertical) sheet.line({{place, frame.y}, {place, frame.bottom()}}, color, width, layer.dashed);
  else sheet.line({{frame.x, place}, {frame.right(), place}}, color, width, layer.dashed);
}

void draw_ring(const Sheet& sheet, const PlotPlan& plan, const MarkLayer& layer) {
  const PointF at = place_of(plan.area(), layer.at.x, layer.at.y);
  if (std::isnan(at.x) || std::isnan(at.y) || layer.radius <= 0) return;
  std::vector<PointF> ring = circle(at, layer.radius, 24);
  ring.push_back(ring.front());
  if (!plan.has_heat) sheet.line(ring, sheet.style.background, sheet.style.is_screen ? 4 : 2.4);
  StrokeLine line{std::move(ring), ink_color(plan, sheet.style, layer.ink), sheet.style.is_screen ? 1.5 : 1.0};
  if (layer.dashed) line.dash_on = line.dash_off = 2 * std::numbers::pi * layer.radius / 12;  // six dashes around
  sheet.list.ops.push_back(std::move(line));
}

}  // namespace lab
