#include "views/figures/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::int64_t kMostPoints = 4096;
constexpr int kNames = 6;  // of layers, where all are shown: more would not fit beside their ends

constexpr CurveSpec kNormCurves[] = {
    {Statistic::h_norm, "‖h‖₂", "norm of the state", "h_norm"},
    {Statistic::h_change, "‖h−h₋₁‖₂", "change of the state", "h_change"},
    {Statistic::write_norm, "‖ΔxB‖₂", "norm of what is written", "write_norm"},
    {Statistic::resid_norm, "‖resid‖₂", "norm of the residual stream", "resid_norm"},
};
constexpr CurveSpec kGateCurves[] = {
    {Statistic::dt_mean, "mean Δ", "mean time step", "dt_mean"},
    {Statistic::decay_mean, "exp(ΔA)", "mean decay", "decay_mean"},
    {Statistic::gate_mean, "|SiLU(z)|", "mean gate", "gate_mean"},
    {Statistic::gate_shut, "share shut", "share of channels with |SiLU(z)| < 0.01", "gate_shut"},
    {Statistic::entropy_mean, "entropy", "mean entropy of the heads' attention, in nats", "entropy_mean"},
    {Statistic::score_high, "max q·k", "largest scaled score of all heads", "score_high"},
    {Statistic::score_low, "min q·k", "smallest scaled score of all heads", "score_low"},
};

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  void take(double value) {
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  void take(const LineLayer& line) {
    for (const float value : line.y) take(value);
    for (const float value : line.low) take(value);
    for (const float value : line.high) take(value);
  }
};

/// An axis with a little air above and below; flat or empty curves get a range of their own.
Axis value_axis(std::string label, Extent extent, bool from_zero) {
  if (!(extent.low <= extent.high)) extent.low = 0, extent.high = 1;
  if (from_zero) extent.low = 0;
  if (extent.high <= extent.low) extent.high = extent.low + std::max(1e-6, std::abs(extent.low) * 0.1);
  const double air = 0.08 * (extent.high - extent.low);
  return {.label = std::move(label), .low = from_zero ? 0 : extent.low - air, .high = extent.high + air};
}

void add_cursors(const Snapshot& snapshot, const FigureOptions& options, Plot& plot) {
  if (!options.cursors) return;
  const Selection& s = snapshot.selection;
  if (has_token(snapshot, s.cursor_b))
    plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(s.cursor_b), .dashed = true});
  if (has_token(snapshot, s.cursor_a)) plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(s.cursor_a)});
}

Figure all_layers(const Snapshot& snapshot, const FigureOptions& options) {
  Plot plot{
      .title = "‖h‖₂ of all layers", .subtitle = subtitle_of("norms", snapshot, {}), .x = time_axis(snapshot, options)};
  Extent extent;
  const auto layers = static_cast<int>(snapshot.trace->layers().size());
  const int step = (layers + kNames - 1) / kNames;
  const auto add = [&](int layer, bool is_selected) {
    LineLayer line = curve_of(snapshot, layer, Statistic::h_norm);
    extent.take(line);
    if (is_selected || (layer % step == 0 && std::abs(layer - snapshot.selection.layer) >= step))
      line.name = fmt::format("layer {}", layer);
    line.ink = is_selected ? Ink::run_a : Ink::dim;
    line.width = is_selected ? 1.6 : 0.8;
    plot.layers.emplace_back(std::move(line));
  };
  const auto selected = static_cast<int>(snapshot.selection.layer);
  for (int layer = 0; layer < layers; ++layer)
    if (layer != selected) add(layer, false);
  if (selected < layers) add(selected, true);  // on top of the others
  plot.y = value_axis("‖h‖₂", extent, true);
  add_cursors(snapshot, options, plot);
  return {.plots = {std::move(plot)}};
}

}  // namespace

std::vector<CurveSpec> curve_specs(CurveSet set, const LayerInfo& layer) {
  std::vector<CurveSpec> specs;
  for (const CurveSpec& spec : set == CurveSet::norms ? std::span<const CurveSpec>(kNormCurves) : std::span<const CurveSpec>(kGateCurves))
    if (layer.statistics & bit(spec.which)) specs.push_back(spec);
  if (!(layer.statistics & bit(Statistic::dt_mean)))
    for (CurveSpec& spec : specs)
      if (spec.which == Statistic::write_norm) spec.name = "‖write‖₂";
  return specs;
}

std::vector<CurveSpec> curve_specs(CurveSet set, const Snapshot& snapshot) {
  return curve_specs(set, snapshot.trace->layers()[static_cast<std::size_t>(snapshot.selection.layer)]);
}

LineLayer curve_of(const Snapshot& snapshot, int layer, Statistic which) {
  const TraceView& trace = *snapshot.trace;
  const TokenRange range = shown_tokens(snapshot);
  const std::int64_t last = std::min(range.last, trace.count());
  const std::int64_t block = std::max<std::int64_t>(1, (last - range.first + kMostPoints - 1) / kMostPoints);
  LineLayer line;
  bool is_pooled = block > 1;
  for (std::int64_t first = range.first; first < last; first += block) {
    const std::int64_t end = std::min(first + block, last);
    StatisticValue pooled = trace.statistic(layer, which, first);
    double sum = pooled.mean;
    for (std::int64_t t = first + 1; t < end; ++t) {
      const StatisticValue one = trace.statistic(layer, which, t);
      // Written so that a NaN anywhere makes a gap.
      pooled.low = one.low < pooled.low || std::isnan(one.low) ? one.low : pooled.low;
      pooled.high = one.high > pooled.high || std::isnan(one.high) ? one.high : pooled.high;
      sum += one.mean;
    }
    is_pooled = is_pooled || pooled.low != pooled.high;
    line.x.push_back(static_cast<double>(first + end - 1) / 2);
    line.y.push_back(static_cast<float>(sum / static_cast<double>(end - first)));
    line.low.push_back(pooled.low);
    line.high.push_back(pooled.high);
  }
  if (!is_pooled) line.low.clear(), line.high.clear();
  return line;
}

Result<Figure> make_curves(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options,
                           CurveSet set) {
  if (!snapshot.trace || snapshot.count() == 0) return not_there(snapshot, derived, "curves");
  if (options.all_layers && set == CurveSet::norms) return all_layers(snapshot, options);
  Figure figure{.share_x = true};
  for (const CurveSpec& spec : curve_specs(set, snapshot)) {
    Plot plot{.title = spec.name, .x = time_axis(snapshot, options)};
    LineLayer line = curve_of(snapshot, static_cast<int>(snapshot.selection.layer), spec.which);
    Extent extent;
    extent.take(line);
    plot.y = value_axis(options.on_screen ? "" : spec.name, extent, false);
    plot.layers.emplace_back(std::move(line));
    add_cursors(snapshot, options, plot);
    figure.plots.push_back(std::move(plot));
  }
  if (!options.on_screen) {
    for (Plot& plot : figure.plots) plot.title.clear();
    figure.plots[0].title = set == CurveSet::norms ? "Norms" : "Gates";
    figure.plots[0].subtitle = subtitle_of(set == CurveSet::norms ? "norms" : "gates", snapshot, derived);
  }
  return figure;
}

std::string curve_value(const FigureInput& input, CurveSet set, int plot, double x) {
  const Snapshot& snapshot = input.snapshot;
  const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
  if (!snapshot.trace || !has_token(snapshot, token) || token >= snapshot.trace->count()) return "";
  const auto layer = static_cast<int>(snapshot.selection.layer);
  const bool all = input.options.all_layers && set == CurveSet::norms;
  const auto specs = curve_specs(set, snapshot);
  if (plot < 0 || plot >= static_cast<int>(specs.size())) return "";
  const CurveSpec& spec = all ? specs[0] : specs[static_cast<std::size_t>(plot)];
  const StatisticValue value = snapshot.trace->statistic(layer, spec.which, token);
  std::string text =
      fmt::format("{}\t{}\ntoken {}\t{}", spec.name, number_text(value.mean, 7), token, token_text(snapshot, token));
  if (value.low != value.high)
    text += fmt::format("\nfrom, to\t{}, {} in its block", number_text(value.low, 5), number_text(value.high, 5));
  return text + fmt::format("\n{}\tlayer {}", spec.meaning, layer);
}

std::string curve_csv(const FigureInput& input, CurveSet set) {
  const Snapshot& snapshot = input.snapshot;
  std::string text = "layer,token,quantity,value,low,high\n";
  if (!snapshot.trace) return text;
  const TokenRange range = shown_tokens(snapshot);
  const auto add = [&](int layer, const CurveSpec& spec) {
    for (std::int64_t t = range.first; t < std::min(range.last, snapshot.trace->count()); ++t) {
      const StatisticValue value = snapshot.trace->statistic(layer, spec.which, t);
      text += fmt::format("{},{},{},{},{},{}\n", layer, t, spec.column, csv_text(value.mean), csv_text(value.low),
                          csv_text(value.high));
    }
  };
  if (input.options.all_layers && set == CurveSet::norms) {
    for (int layer = 0; layer < static_cast<int>(snapshot.trace->layers().size()); ++layer)
      add(layer, curve_specs(set, snapshot)[0]);
  } else {
    for (const CurveSpec& spec : curve_specs(set, snapshot)) add(static_cast<int>(snapshot.selection.layer), spec);
  }
  return text;
}

}  // namespace lab
