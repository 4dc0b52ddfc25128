// The norm of the state of some layers in two runs, one above the other: A solid, B dashed, the band between them their difference.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/compare.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::size_t kPanels = 4;           // of the default choice
constexpr std::size_t kMostPanels = 8;       // of all layers
constexpr std::int64_t kMostPoints = 2048;

/// The point whose norm says how large a layer's state is: its state or, without one, what it leaves in the residual stream. -1: none.
int norm_point(const ComparedRuns& compared, int layer) {
  for (const Point point : {Point::h, Point::att_state, Point::resid_out})
    if (const int found = compared.table.find(point, layer); found >= 0) return found;
  return -1;
}

/// The selected layer with its neighbours and the last one, those that differ first; or all.
std::vector<int> layers_of(const Snapshot& snapshot, const ComparedRuns& compared, const FigureOptions& options) {
  std::vector<int> all;
  for (const int layer : compared.table.layers())
    if (norm_point(compared, layer) >= 0) all.push_back(layer);
  if (all.size() <= kPanels || options.all_layers) {
    const std::size_t step = (all.size() + kMostPanels - 1) / kMostPanels;
    std::vector<int> some;
    for (std::size_t i = 0; i < all.size(); i += std::max<std::size_t>(1, step)) some.push_back(all[i]);
    return some;
  }
  const auto selected = static_cast<int>(snapshot.selection.layer);
  std::vector<int> some;
  for (const int layer : {selected - 1, selected, selected + 1, all.back(), selected - 2, selected - 3, selected + 2, all.front()})
    if (some.size() < kPanels && std::ranges::binary_search(all, layer) && std::ranges::find(some, layer) == some.end()) some.push_back(layer);
  std::ranges::sort(some);
  return some;
}

const PointDifferences* point_at(const ComparedRuns& compared, int layer) {
  const int found = norm_point(compared, layer);
  return found < 0 ? nullptr : &compared.table.points[static_cast<std::size_t>(found)];
}

struct NormCurves {
  std::vector<double> x;
  std::vector<float> a, b;
};

/// Means of blocks where there are more columns than points.
NormCurves curves_of(const PointDifferences& point, const ColumnAxis& columns, std::int64_t first, std::int64_t last) {
  const std::int64_t block = std::max<std::int64_t>(1, (last - first + kMostPoints - 1) / kMostPoints);
  NormCurves curves;
  for (std::int64_t from = first; from < last; from += block) {
    const std::int64_t to = std::min(from + block, last);
    double a = 0, b = 0;
    for (std::int64_t i = from; i < to; ++i) {
      const RowDifference row = point.at(i);
      a += static_cast<double>(row.norm_a), b += static_cast<double>(row.norm_b);
    }
    curves.x.push_back((columns.of(from) + columns.of(to - 1)) / 2);
    curves.a.push_back(static_cast<float>(a / static_cast<double>(to - from)));
    curves.b.push_back(static_cast<float>(b / static_cast<double>(to - from)));
  }
  return curves;
}

Axis norm_axis(const NormCurves& curves, std::string label) {
  double low = INFINITY, high = -INFINITY;
  for (const auto* values : {&curves.a, &curves.b})
    for (const float value : *values)
      if (std::isfinite(value)) low = std::min(low, static_cast<double>(value)), high = std::max(high, static_cast<double>(value));
  if (!(low <= high)) low = 0, high = 1;
  const double room = std::max(1e-12, 0.08 * (high > low ? high - low : std::max(high, 1e-9)));
  return {.label = std::move(label), .low = std::max(0.0, low - room), .high = high + room};
}

std::string norm_name(const PointDifferences& point) { return point.point.is_state() ? "‖h‖₂" : "‖resid‖₂"; }

Plot panel_of(const ComparedRuns& compared, const PointDifferences& point, std::int64_t first, std::int64_t last, bool is_named, const FigureOptions& options) {
  const ColumnAxis columns(compared);
  const NormCurves curves = curves_of(point, columns, first, last);
  Plot plot{.title = fmt::format("layer {}", point.point.layer), .x = columns.axis(first, last),
            .y = norm_axis(curves, options.on_screen ? "" : fmt::format("{} L{}", norm_name(point), point.point.layer))};
  LineLayer b{.x = curves.x, .y = curves.b, .ink = Ink::run_b, .dashed = true, .name = is_named ? "B" : ""};
  for (std::size_t i = 0; i < curves.x.size(); ++i) {
    b.low.push_back(std::min(curves.a[i], curves.b[i]));
    b.high.push_back(std::max(curves.a[i], curves.b[i]));
  }
  plot.layers.emplace_back(std::move(b));
  plot.layers.emplace_back(LineLayer{.x = curves.x, .y = curves.a, .ink = Ink::run_a, .name = is_named ? "A" : ""});
  add_partings(compared, is_named, plot);
  return plot;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!derived.comparison) return not_compared(snapshot, derived, "two runs' norms");
  const ComparedRuns& compared = *derived.comparison;
  const auto [first, last] = shown_columns(snapshot, compared);
  Figure figure{.share_x = true};
  for (const int layer : layers_of(snapshot, compared, options)) {
    const PointDifferences& point = *point_at(compared, layer);
    figure.plots.push_back(panel_of(compared, point, first, last, figure.plots.empty(), options));
    add_compare_cursors(snapshot, compared, options, figure.plots.back());
  }
  if (figure.plots.empty() || first >= last) return not_compared(snapshot, derived, "two runs' norms");
  if (!options.on_screen) {
    for (Plot& plot : figure.plots) plot.title.clear();
    figure.plots[0].title = "State norms of A and B";
    figure.plots[0].subtitle = subtitle_of("compare-norms", snapshot, derived);
  }
  return figure;
}

std::string subtitle(const Snapshot&, const Derived& derived) {
  if (!derived.comparison) return "";
  const ComparedRuns& compared = *derived.comparison;
  const std::string aligned = alignment_text(compared);
  return fmt::format("A {} solid, B {} dashed{}{}", printable(compared.a.name, 40), printable(compared.b.name, 40), aligned.empty() ? "" : " · ", aligned);
}

std::string value(const FigureInput& input, int plot, double x, double) {
  if (!input.derived.comparison) return "";
  const ComparedRuns& compared = *input.derived.comparison;
  const std::vector<int> layers = layers_of(input.snapshot, compared, input.options);
  const std::int64_t column = ColumnAxis(compared).column_at(x);
  if (plot < 0 || plot >= static_cast<int>(layers.size()) || column < 0 || column >= compared.alignment->count()) return "";
  const PointDifferences& point = *point_at(compared, layers[static_cast<std::size_t>(plot)]);
  const RowDifference row = point.at(column);
  const auto number = [](float exact) { return number_text(static_cast<double>(exact), 6); };
  return fmt::format("{}\n{}\tlayer {}\nA\t{}\nB\t{}\nB − A\t{}\nrelative L2\t{}\ncosine\t{}", column_text(compared, column), norm_name(point), point.point.layer,
                     number(row.norm_a), number(row.norm_b), number(row.norm_b - row.norm_a), number(row.relative), number(row.cosine));
}

std::string csv(const FigureInput& input) {
  std::string text = "point,layer,column,token_a,token_b,norm_a,norm_b,rel_l2,max_abs,cosine\n";
  if (!input.derived.comparison) return text;
  const ComparedRuns& compared = *input.derived.comparison;
  const auto [first, last] = shown_columns(input.snapshot, compared);
  for (const int layer : compared.table.layers()) {
    const PointDifferences* point = point_at(compared, layer);
    for (std::int64_t i = first; point && i < last; ++i) {
      const TokenPair pair = compared.alignment->columns[static_cast<std::size_t>(i)];
      const RowDifference row = point->at(i);
      text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_quoted(point->point.name), layer, i, pair.a, pair.b, csv_text(row.norm_a), csv_text(row.norm_b),
                          csv_text(row.relative), csv_text(row.max_abs), csv_text(row.cosine));
    }
  }
  return text;
}

}  // namespace

const FigureCode kCompareNorms = {{"compare-norms", "Norms compared", {.comparison = ComparisonQuery{}}, 0.8, make, has_two_runs}, subtitle, value, csv,
    "Frobenius norms of the states of some layers in two runs, A solid and B dashed, with the band between them. Equal norms do not mean equal states: the table of "
    "differences says that. Of more than 2,048 tokens a point is a block's mean."};

}  // namespace lab
