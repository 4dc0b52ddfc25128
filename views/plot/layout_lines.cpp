// Curves and their bands as strokes, inside the frame's clip.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>

#include "views/plot/layout_parts.h"
#include "views/plot/scale.h"

namespace lab {

namespace {

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

/// The points of a line, whose x ascends, that the frame needs: those inside, and one more at each side.
std::pair<std::size_t, std::size_t> needed(const std::vector<double>& x, const Axis& axis) {
  const auto from = std::lower_bound(x.begin(), x.end(), std::min(axis.low, axis.high));
  const auto to = std::upper_bound(x.begin(), x.end(), std::max(axis.low, axis.high));
  const auto first = static_cast<std::size_t>(from - x.begin()), last = static_cast<std::size_t>(to - x.begin());
  return {first > 0 ? first - 1 : 0, std::min(last + 1, x.size())};
}

/// The part of a curve that the frame needs, and whether it is dense: so many values lie in each pixel column that it is quicker to
/// pool them before they get places. Then both axes turn every value into a place and keep their order, and x ascends.
struct Extent {
  std::size_t from = 0, to = 0;
  bool is_dense = false;
};

bool has_band(const LineLayer& layer) {
  return layer.low.size() == layer.x.size() && layer.high.size() == layer.x.size() && !layer.x.empty();
}

Extent extent_of(const PlotPlan& plan, const LineLayer& layer, double pixel) {
  const bool is_sorted = std::is_sorted(layer.x.begin(), layer.x.end());
  Extent out{.to = layer.x.size()};
  if (is_sorted) std::tie(out.from, out.to) = needed(layer.x, plan.x);
  const Scaling across = stretch_of(plan.x).scaling, up = stretch_of(plan.y).scaling;
  out.is_dense = is_sorted && out.from < out.to && out.to <= layer.y.size() && !has_band(layer) && across == Scaling::linear &&
                 (up == Scaling::linear || up == Scaling::symlog) && static_cast<double>(out.to - out.from) > 8 * plan.frame.w / pixel;
  return out;
}

/// Which values of one pixel column draw its picture.
struct Column {
  double at;  // columns from the zero of x to the right
  std::size_t first, low, high, last;
};

double columns_a_unit(const PlotPlan& plan, double pixel) { return plan.frame.w / pixel / std::abs(plan.x.high - plan.x.low); }

/// Hands on each pixel column of a dense curve, from left to right in x, and each gap between them.
template <class Take, class Gap>
void for_each_column(const LineLayer& layer, const Extent& extent, double columns_a_unit, Take take, Gap gap) {
  Column column{std::floor(layer.x[extent.from] * columns_a_unit), extent.from, extent.from, extent.from, extent.from};
  const auto flush = [&](std::size_t end) {
    if (end <= column.first) return;
    column.last = end - 1;
    take(column);
  };
  for (std::size_t i = extent.from; i < extent.to; ++i) {
    const double here = std::floor(layer.x[i] * columns_a_unit);
    const bool is_gap = std::isnan(layer.y[i]);
    if (here != column.at || is_gap) {
      flush(i);
      if (is_gap) gap();
      const std::size_t next = is_gap ? i + 1 : i;
      column = {here, next, next, next, next};
      continue;
    }
    if (layer.y[i] < layer.y[column.low]) column.low = i;
    if (layer.y[i] > layer.y[column.high]) column.high = i;
  }
  flush(extent.to);
}

/// A dense curve in the window: one upright bar a pixel column, each reaching to where the one before it ended. It covers what a line
/// through the same values covers, with a tenth of the corners.
void draw_dense(const Sheet& sheet, const PlotPlan& plan, const LineLayer& layer, const Extent& extent, Rgba color) {
  const PlotArea area = plan.area();
  const double pixel = 1 / sheet.style.pixels_per_point, scale = columns_a_unit(plan, pixel);
  const double pen = std::max(layer.width, pixel);
  double end = NAN, next = NAN;  // where the column before ended, and which would follow it
  const auto y_of = [&](std::size_t i) { return place_of(area, layer.x[i], layer.y[i]).y; };
  const auto take = [&](const Column& column) {
    const double a = place_of(area, column.at / scale, 0).x, b = place_of(area, (column.at + 1) / scale, 0).x;
    double top = std::min(y_of(column.low), y_of(column.high)), bottom = std::max(y_of(column.low), y_of(column.high));
    if (column.at == next) top = std::min(top, end), bottom = std::max(bottom, end);
    else if (!std::isnan(next)) sheet.line({{place_of(area, next / scale, 0).x, end}, {a, y_of(column.first)}}, color, layer.width);
    sheet.fill({std::min(a, b), top - pen / 2, std::abs(b - a), bottom - top + pen}, color);
    end = y_of(column.last), next = column.at + 1;
  };
  for_each_column(layer, extent, scale, take, [&] { next = NAN; });
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

void for_each_point(const PlotPlan& plan, const LineLayer& layer, double pixel, const std::function<void(PointF)>& take) {
  const PlotArea area = plan.area();
  const Extent extent = extent_of(plan, layer, pixel);
  const auto hand_on = [&](std::size_t i) { take(place_of(area, layer.x[i], layer.y[i])); };
  if (!extent.is_dense) {
    for (std::size_t i = extent.from; i < std::min(extent.to, layer.y.size()); ++i) hand_on(i);  // a band may have no curve
    return;
  }
  const auto thinned = [&](const Column& column) {
    std::size_t before = SIZE_MAX;
    for (const std::size_t i : {column.first, std::min(column.low, column.high), std::max(column.low, column.high), column.last})
      if (i != before) hand_on(before = i);
  };
  for_each_column(layer, extent, columns_a_unit(plan, pixel), thinned, [&] { take({NAN, NAN}); });
}

void draw_line(const Sheet& sheet, const PlotPlan& plan, const LineLayer& layer) {
  const double pixel = 1 / sheet.style.pixels_per_point;
  const Rgba color = ink_color(plan, sheet.style, layer.ink);
  const Extent extent = extent_of(plan, layer, pixel);
  if (has_band(layer)) draw_band(sheet, plan, layer, extent.from, extent.to);
  if (extent.is_dense && sheet.style.is_screen && !layer.dashed) return draw_dense(sheet, plan, layer, extent, color);
  Pieces pieces(pixel, has_band(layer));
  for_each_point(plan, layer, pixel, [&](PointF at) { pieces.add(at); });
  for (std::vector<PointF>& piece : pieces.take()) {
    if (piece.size() > 1) sheet.line(std::move(piece), color, layer.width, layer.dashed);
    else sheet.list.ops.push_back(FillPolygon{circle(piece[0], layer.width, 12), color});  // a point between gaps
  }
}

}  // namespace lab
