// Layers of data as strokes. Everything here is drawn inside the frame's clip.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "views/plot/layout_parts.h"
#include "views/plot/scale.h"

namespace lab {

namespace {

constexpr std::size_t kManyDots = 512;

/// Places far outside the page stay where every painter's numbers reach.
double bounded(double place) { return std::isnan(place) ? place : std::clamp(place, -1e5, 1e5); }

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

/// A curve on the page, as pieces without gaps. Where more than two points share a pixel column, the column keeps its
/// first, lowest, highest and last point in their order, which draws the same picture; or, where a band tells the extremes,
/// the mean of its points.
class Pieces {
 public:
  Pieces(double pixel, bool has_band) : pixel_(pixel), has_band_(has_band) {}

  void add(PointF at) {
    if (std::isnan(at.x) || std::isnan(at.y)) return flush();
    const auto column = static_cast<std::int64_t>(std::floor(at.x / pixel_));
    if (waiting_.empty() || column != column_) empty_column();
    column_ = column;
    waiting_.push_back(at);
  }
  std::vector<std::vector<PointF>> take() {
    flush();
    return std::move(done_);
  }

 private:
  void flush() {
    empty_column();
    if (!piece_.empty()) done_.push_back(std::move(piece_));
    piece_.clear();
  }
  void empty_column() {
    if (waiting_.size() > 1 && has_band_) {
      double sum = 0;
      for (const PointF& point : waiting_) sum += point.y;
      piece_.push_back({waiting_[waiting_.size() / 2].x, sum / static_cast<double>(waiting_.size())});
    } else if (waiting_.size() > 4) {
      const auto below = [](const PointF& a, const PointF& b) { return a.y < b.y; };
      const auto [low, high] = std::minmax_element(waiting_.begin(), waiting_.end(), below);
      const auto [first, second] = std::minmax(low, high);
      piece_.insert(piece_.end(), {waiting_.front(), *first, *second, waiting_.back()});
    } else {
      piece_.insert(piece_.end(), waiting_.begin(), waiting_.end());
    }
    waiting_.clear();
  }

  double pixel_;
  bool has_band_;
  std::int64_t column_ = 0;
  std::vector<PointF> waiting_, piece_;
  std::vector<std::vector<PointF>> done_;
};

/// Whether so many values lie in each pixel column that it is quicker to pool them before they get places. Both axes must turn every
/// value into a place, and keep their order.
bool is_dense(const PlotPlan& plan, std::size_t values, double pixel) {
  const auto is_total = [](const Axis& axis) { return stretch_of(axis).scaling == Scaling::linear || stretch_of(axis).scaling == Scaling::symlog; };
  return stretch_of(plan.x).scaling == Scaling::linear && is_total(plan.y) && static_cast<double>(values) > 8 * plan.frame.w / pixel;
}

/// Hands on at most four values of each pixel column, those that Pieces would keep: the first, the lowest, the highest and the last, in
/// their order. x ascends.
template <class Take>
void thinned(const LineLayer& layer, std::size_t from, std::size_t to, double columns_a_unit, Take take) {
  std::size_t first = from, low = from, high = from;
  const auto flush = [&](std::size_t end) {
    std::size_t kept[] = {first, std::min(low, high), std::max(low, high), end - 1};
    std::size_t before = SIZE_MAX;
    for (const std::size_t i : kept)
      if (i != before) take(before = i);
  };
  double column = std::floor(layer.x[from] * columns_a_unit);
  for (std::size_t i = from; i < to; ++i) {
    const double here = std::floor(layer.x[i] * columns_a_unit);
    const bool is_gap = std::isnan(layer.y[i]);
    if (here != column || is_gap) {
      if (i > first) flush(i);
      if (is_gap) take(i);
      column = here, first = low = high = is_gap ? i + 1 : i;
      continue;
    }
    if (layer.y[i] < layer.y[low]) low = i;
    if (layer.y[i] > layer.y[high]) high = i;
  }
  if (first < to) flush(to);
}

/// The points of a line, whose x ascends, that the frame needs: those inside, and one more at each side.
std::pair<std::size_t, std::size_t> needed(const std::vector<double>& x, const Axis& axis) {
  const auto from = std::lower_bound(x.begin(), x.end(), std::min(axis.low, axis.high));
  const auto to = std::upper_bound(x.begin(), x.end(), std::max(axis.low, axis.high));
  const auto first = static_cast<std::size_t>(from - x.begin()), last = static_cast<std::size_t>(to - x.begin());
  return {first > 0 ? first - 1 : 0, std::min(last + 1, x.size())};
}

/// The band as upright slices, which overlap a little so that no seam shows between them.
void draw_band(const Sheet& sheet, const PlotPlan& plan, const LineLayer& layer, std::size_t from, std::size_t to) {
  struct Slice {
    double x, low, high;
  };
  const PlotArea area = plan.area();
  const double pixel = 1 / sheet.style.pixels_per_point;
  const Rgba color = muted(sheet.style, sheet.style.color(layer.ink), 0.22);
  std::vector<Slice> piece;
  const auto flush = [&] {
    for (std::size_t i = 0; i + 1 < piece.size(); ++i) {
      const Slice &a = piece[i], &b = piece[i + 1];
      if (sheet.style.is_screen && b.x - a.x < 2 * pixel) {  // as wide as a pixel: no slopes to be seen, and far fewer corners
        sheet.fill({a.x, a.high, b.x - a.x, std::max(pixel, a.low - a.high)}, color);
        continue;
      }
      const double over = i + 2 < piece.size() ? std::min(0.3, (b.x - a.x) / 2) : 0;
      sheet.list.ops.push_back(
          FillPolygon{{{a.x, a.high}, {b.x + over, b.high}, {b.x + over, b.low}, {a.x, a.low}}, color});
    }
    piece.clear();
  };
  for (std::size_t i = from; i < to; ++i) {
    const PointF low = place_of(area, layer.x[i], layer.low[i]), high = place_of(area, layer.x[i], layer.high[i]);
    if (std::isnan(low.x) || std::isnan(low.y) || std::isnan(high.y)) {
      flush();
    } else if (!piece.empty() && low.x - piece.back().x < pixel) {
      piece.back().low = std::max(piece.back().low, low.y);
      piece.back().high = std::min(piece.back().high, high.y);
    } else {
      piece.push_back({low.x, low.y, high.y});
    }
  }
  flush();
}

}  // namespace

void draw_line(const Sheet& sheet, const PlotPlan& plan, const LineLayer& layer) {
  const PlotArea area = plan.area();
  const bool is_sorted = std::is_sorted(layer.x.begin(), layer.x.end());
  const auto [from, to] = is_sorted ? needed(layer.x, plan.x) : std::pair{std::size_t{0}, layer.x.size()};
  const bool has_band = layer.low.size() == layer.x.size() && layer.high.size() == layer.x.size() && !layer.x.empty();
  if (has_band) draw_band(sheet, plan, layer, from, to);
  const double pixel = 1 / sheet.style.pixels_per_point;
  Pieces pieces(pixel, has_band);
  const std::size_t end = std::min(to, layer.y.size());
  const auto add = [&](std::size_t i) { pieces.add(place_of(area, layer.x[i], layer.y[i])); };
  if (from < end && !has_band && is_sorted && is_dense(plan, end - from, pixel))
    thinned(layer, from, end, plan.frame.w / pixel / std::abs(plan.x.high - plan.x.low), add);
  else
    for (std::size_t i = from; i < end; ++i) add(i);
  const Rgba color = ink_color(plan, sheet.style, layer.ink);
  for (std::vector<PointF>& piece : pieces.take()) {
    if (piece.size() > 1) sheet.line(std::move(piece), color, layer.width, layer.dashed);
    else sheet.list.ops.push_back(FillPolygon{circle(piece[0], layer.width, 12), color});  // a point between gaps
  }
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
