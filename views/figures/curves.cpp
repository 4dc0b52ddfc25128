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
constexpr std::int64_t kWholeTiles = 128;  // tokens: blocks of so many hold whole tiles of the trace
constexpr int kNames = 6;  // of layers, where all are shown: more would not fit beside their ends

/// A statistic, or the ratio of two.
struct StatisticCurve {
  Statistic which;
  const char* name;
  const char* meaning;
  const char* column;
  Statistic over = Statistic::count_;
};
constexpr StatisticCurve kNormCurves[] = {
    {Statistic::h_norm, "‖h‖₂", "norm of the state", "h_norm"},
    {Statistic::h_change, "‖h−h₋₁‖₂", "change of the state", "h_change"},
    {Statistic::write_norm, "‖ΔxB‖₂", "norm of what is written", "write_norm"},
    {Statistic::resid_norm, "‖resid‖₂", "norm of the residual stream", "resid_norm"},
};
constexpr StatisticCurve kGateCurves[] = {
    {Statistic::dt_mean, "mean Δ", "mean time step", "dt_mean"},
    {Statistic::decay_mean, "exp(ΔA)", "mean decay", "decay_mean"},
    {Statistic::gate_mean, "|SiLU(z)|", "mean gate", "gate_mean"},
    {Statistic::gate_shut, "share shut", "share of channels with |SiLU(z)| < 0.01", "gate_shut"},
    {Statistic::entropy_mean, "entropy", "mean entropy of the heads' attention, in nats", "entropy_mean"},
    {Statistic::score_high, "max q·k", "largest scaled score of all heads", "score_high"},
    {Statistic::score_low, "min q·k", "smallest scaled score of all heads", "score_low"},
};
constexpr StatisticCurve kDriverCurves[] = {
    kNormCurves[0],
    kGateCurves[0],
    kGateCurves[1],
    kNormCurves[2],
    kGateCurves[2],
    kGateCurves[4],
    kGateCurves[5],
    {Statistic::write_norm, "innovation", "norm of what is written over that of the state", "innovation", Statistic::h_norm},
};

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  void take(double value) {
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  void take(const LineLayer& line) {
    for (const auto* values : {&line.y, &line.low, &line.high})
      for (const float value : *values) take(static_cast<double>(value));
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

/// Of ranks: the first at the top, at least a decade.
Axis rank_axis(std::string label, Extent extent) {
  const double last = extent.low <= extent.high ? std::max(10.0, extent.high * 1.2) : 10;
  return {.label = std::move(label), .low = last, .high = 0.8, .scaling = Scaling::log};
}

void add_cursors(const Snapshot& snapshot, const FigureOptions& options, Plot& plot) {
  if (!options.cursors) return;
  const Selection& s = snapshot.selection;
  if (has_token(snapshot, s.cursor_b))
    plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(s.cursor_b), .dashed = true});
  if (has_token(snapshot, s.cursor_a)) plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(s.cursor_a)});
}

/// Bounds of a ratio of two numbers that are known within bounds.
StatisticValue ratio(const StatisticValue& a, const StatisticValue& b) { return {a.low / b.high, a.high / b.low, a.mean / b.mean}; }

Curve curve_of(const Snapshot& snapshot, int layer, const StatisticCurve& of) {
  const TraceView& trace = *snapshot.trace;
  Curve curve{.name = of.name, .meaning = of.meaning, .column = of.column, .last = trace.count(),
          .at = [&trace, layer, of](std::int64_t token) {
            const StatisticValue value = trace.statistic(layer, of.which, token);
            return of.over == Statistic::count_ ? value : ratio(value, trace.statistic(layer, of.over, token));
          }};
  if (of.over == Statistic::count_)
    curve.pooled = [&trace, layer, of](std::int64_t first, std::int64_t last) { return trace.pooled(layer, of.which, first, last); };
  return curve;
}

std::vector<Curve> statistic_curves(CurveSet set, const Snapshot& snapshot) {
  const auto layer = static_cast<int>(snapshot.selection.layer);
  const std::uint32_t has = snapshot.trace->layers()[static_cast<std::size_t>(layer)].statistics;
  const std::span<const StatisticCurve> all = set == CurveSet::norms   ? std::span<const StatisticCurve>(kNormCurves)
                                              : set == CurveSet::gates ? std::span<const StatisticCurve>(kGateCurves)
                                                                       : std::span<const StatisticCurve>(kDriverCurves);
  std::vector<Curve> curves;
  for (const StatisticCurve& one : all) {
    if (!(has & bit(one.which)) || (one.over != Statistic::count_ && !(has & bit(one.over)))) continue;
    curves.push_back(curve_of(snapshot, layer, one));
    if (has & bit(Statistic::dt_mean)) continue;
    // Without time steps these are called otherwise.
    if (one.which == Statistic::write_norm && one.over == Statistic::count_) curves.back().name = "‖write‖₂";
    if (one.which == Statistic::decay_mean) curves.back().name = "decay";
    if (one.which == Statistic::gate_mean) curves.back().name = "mean gate";
    if (one.which == Statistic::gate_shut) curves.back().meaning = "share of channels whose gate is below 0.01";
  }
  return curves;
}

StatisticValue exactly(double value) {
  const auto single = static_cast<float>(value);
  return {single, single, single};
}

/// The time steps of the selected channel, or null.
const std::vector<float>* steps_of(const Snapshot& snapshot, const Derived& derived) {
  const auto& track = derived.channel;
  if (!track || track->layer != snapshot.selection.layer || track->channel != snapshot.selection.channel) return nullptr;
  const auto found = track->values.find(Point::dt);
  return found == track->values.end() ? nullptr : &found->second;
}

/// The selected cell over the tokens, and what moves its channel.
std::vector<Curve> channel_curves(const Snapshot& snapshot, const Derived& derived) {
  std::vector<Curve> curves;
  const auto& slab = derived.slab;
  const Selection& s = snapshot.selection;
  double rate = NAN;
  if (slab && slab->layer == s.layer && !slab->shape.empty()) {
    const std::int64_t row = slab->row_of(selected_cell(snapshot, slab->shape)), end = slab->first + slab->columns.count() * slab->stride;
    const auto at = static_cast<std::size_t>(std::max<std::int64_t>(0, row));
    const auto h = [&slab = *slab, at](std::int64_t t) { return static_cast<double>(slab.columns[(t - slab.first) / slab.stride][at]); };
    if (row >= 0) {
      rate = static_cast<double>(slab->rate[at]);
      const std::string name = cell_text(snapshot, s.channel, std::min(s.state, slab->shape.back() - 1));
      curves.push_back({name, "the selected cell", "h", slab->first, end, slab->stride, [h](std::int64_t t) { return exactly(h(t)); }});
    }
    const std::vector<float>* steps = row >= 0 && slab->stride == 1 ? steps_of(snapshot, derived) : nullptr;
    if (steps && derived.channel->stride == 1 && derived.channel->first <= slab->first) {
      const auto write = [h, rate, first = slab->first, &dt = *steps, from = derived.channel->first](std::int64_t t) {
        const auto i = static_cast<std::size_t>(t - from);
        if (t <= first || i >= dt.size()) return exactly(NAN);
        return exactly(h(t) - std::exp(-static_cast<double>(dt[i]) * rate) * h(t - 1));
      };
      curves.push_back({"Δ·x·B", "what the token wrote into the cell: h − exp(ΔA) h₋₁", "write", slab->first, end, 1, write});
    }
  }
  if (!derived.channel || derived.channel->layer != s.layer || derived.channel->channel != s.channel) return curves;
  const ChannelTrack& track = *derived.channel;
  const auto add = [&](Point point, const char* name, const char* meaning, const char* column, auto of) {
    const auto found = track.values.find(point);
    if (found == track.values.end()) return;
    const auto& values = found->second;
    curves.push_back({name, meaning, column, track.first, track.first + static_cast<std::int64_t>(values.size()) * track.stride, track.stride,
                      [&values, &track, of](std::int64_t t) { return exactly(of(static_cast<double>(values[static_cast<std::size_t>((t - track.first) / track.stride)]))); }});
  };
  const auto same = [](double value) { return value; };
  add(Point::dt, "Δ", "time step of the channel", "dt", same);
  if (std::isfinite(rate) && rate > 0) add(Point::dt, "exp(ΔA)", "decay of the cell", "decay", [rate](double dt) { return std::exp(-dt * rate); });
  add(Point::z, "SiLU(z)", "gate of the channel", "gate", [](double z) { return z / (1 + std::exp(-z)); });
  add(Point::att_k, "k", "key of the channel", "k", same);
  add(Point::att_v, "v", "value of the channel", "v", same);
  add(Point::att_r, "r", "receptance of the channel", "r", same);
  return curves;
}

/// Entropy and surprise, then the watched tokens: their probability, and their rank where there is room for it.
std::vector<Curve> expected_curves(const Snapshot& snapshot, const Derived& derived) {
  std::vector<Curve> curves;
  if (!derived.expected || derived.expected->rows.count() == 0) return curves;
  const TokenTrack& track = *derived.expected;
  const auto add = [&](std::string name, std::string meaning, std::string column, std::size_t at, bool is_rank, auto of) {
    curves.push_back({std::move(name), std::move(meaning), std::move(column), track.first, track.first + track.rows.count() * track.stride, track.stride,
                      [&track, at, of](std::int64_t t) { return exactly(of(static_cast<double>(track.rows[(t - track.first) / track.stride][at]))); }, is_rank});
  };
  const auto same = [](double value) { return value; };
  add("entropy", "of what the model expects next, in bits", "entropy_bits", 0, false, same);
  add("surprise", "−log₂ p of the token that came next, in bits", "surprise_bits", 1, false, [](double p) { return -std::log2(p); });
  add("rank", "of the token that came next", "rank_came", 2, true, same);
  const auto watched = std::ranges::count_if(track.watched, [](std::int32_t id) { return id >= 0; });
  for (std::size_t i = 0; i < kMostWatched; ++i) {
    if (track.watched[i] < 0) continue;
    const std::string piece = snapshot.model ? snapshot.model->piece(track.watched[i]) : std::to_string(track.watched[i]);
    add("p " + piece, fmt::format("probability of {} as the next token", piece), fmt::format("p_{}", track.watched[i]), 3 + 2 * i, false, same);
    if (watched <= 2) add("rank " + piece, fmt::format("rank of {} as the next token", piece), fmt::format("rank_{}", track.watched[i]), 4 + 2 * i, true, same);
  }
  return curves;
}

Figure all_layers(const Snapshot& snapshot, const FigureOptions& options) {
  Plot plot{
      .title = "‖h‖₂ of all layers", .subtitle = subtitle_of("norms", snapshot, {}), .x = time_axis(snapshot, options)};
  Extent extent;
  const auto layers = static_cast<int>(snapshot.trace->layers().size());
  const int step = (layers + kNames - 1) / kNames;
  const auto add = [&](int layer, bool is_selected) {
    LineLayer line = line_of(curve_of(snapshot, layer, kNormCurves[0]), snapshot);
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

const char* kind_of(CurveSet set) {
  constexpr const char* kKinds[] = {"norms", "gates", "drivers", "channel", "expected"};
  return kKinds[static_cast<std::size_t>(set)];
}

std::vector<Curve> curves_of(CurveSet set, const Snapshot& snapshot, const Derived& derived) {
  if (!snapshot.trace) return {};
  if (set == CurveSet::channel) return channel_curves(snapshot, derived);
  if (set == CurveSet::expected) return expected_curves(snapshot, derived);
  return statistic_curves(set, snapshot);
}

StatisticValue value_of(const Curve& curve, std::int64_t token) {
  return token >= curve.first && token < curve.last ? curve.at(token) : StatisticValue{NAN, NAN, NAN};
}

namespace {

/// Extremes and mean of a curve over the tokens [first, last). A NaN anywhere makes a gap.
StatisticValue pooled_over(const Curve& curve, std::int64_t first, std::int64_t last) {
  if (curve.pooled && last - first > 1) return curve.pooled(first, last);
  StatisticValue pooled = curve.at(first);
  double sum = static_cast<double>(pooled.mean), count = 1;
  for (std::int64_t t = first + curve.stride; t < last; t += curve.stride, ++count) {
    const StatisticValue one = curve.at(t);
    pooled.low = one.low < pooled.low || std::isnan(one.low) ? one.low : pooled.low;
    pooled.high = one.high > pooled.high || std::isnan(one.high) ? one.high : pooled.high;
    sum += static_cast<double>(one.mean);
  }
  pooled.mean = static_cast<float>(sum / count);
  return pooled;
}

}  // namespace

LineLayer line_of(const Curve& curve, const Snapshot& snapshot) {
  const TokenRange range = shown_tokens(snapshot);
  const std::int64_t last = std::min(range.last, curve.last), from = std::max(range.first, curve.first);
  const std::int64_t start = from + (curve.stride - (from - curve.first) % curve.stride) % curve.stride;
  const std::int64_t points = (last - start + curve.stride - 1) / curve.stride;
  std::int64_t block = std::max<std::int64_t>(1, (points + kMostPoints - 1) / kMostPoints) * curve.stride;
  if (curve.pooled && block > kWholeTiles) block = (block + kWholeTiles - 1) / kWholeTiles * kWholeTiles;
  LineLayer line;
  bool is_pooled = block > curve.stride;
  for (std::int64_t first = start; first < last;) {
    const std::int64_t end = std::min((first - curve.first) / block * block + block + curve.first, last);  // blocks stay where they are
    const StatisticValue pooled = pooled_over(curve, first, end);
    is_pooled = is_pooled || pooled.low != pooled.high;
    line.x.push_back(block == curve.stride ? static_cast<double>(first) : static_cast<double>(first + end - 1) / 2);
    line.y.push_back(pooled.mean);
    line.low.push_back(pooled.low);
    line.high.push_back(pooled.high);
    first = end;
  }
  if (!is_pooled) line.low.clear(), line.high.clear();
  return line;
}

Result<Figure> make_curves(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options,
                           CurveSet set) {
  if (!snapshot.trace || snapshot.count() == 0) return not_there(snapshot, derived, "curves");
  if (options.all_layers && set == CurveSet::norms) return all_layers(snapshot, options);
  Figure figure{.share_x = true};
  for (const Curve& curve : curves_of(set, snapshot, derived)) {
    Plot plot{.title = curve.name, .x = time_axis(snapshot, options)};
    LineLayer line = line_of(curve, snapshot);
    Extent extent;
    extent.take(line);
    const std::string label = options.on_screen ? "" : curve.name;
    plot.y = curve.is_rank ? rank_axis(label, extent) : value_axis(label, extent, false);
    plot.layers.emplace_back(std::move(line));
    add_cursors(snapshot, options, plot);
    figure.plots.push_back(std::move(plot));
  }
  if (figure.plots.empty()) return not_there(snapshot, derived, kind_of(set));
  if (!options.on_screen) {
    for (Plot& plot : figure.plots) plot.title.clear();
    figure.plots[0].title = find_figure(kind_of(set))->title;
    figure.plots[0].subtitle = subtitle_of(kind_of(set), snapshot, derived);
  }
  return figure;
}

std::string curve_value(const FigureInput& input, CurveSet set, int plot, double x) {
  const Snapshot& snapshot = input.snapshot;
  const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
  if (!snapshot.trace || !has_token(snapshot, token) || token >= snapshot.trace->count()) return "";
  const bool all = input.options.all_layers && set == CurveSet::norms;
  const auto curves = curves_of(set, snapshot, input.derived);
  if (plot < 0 || plot >= static_cast<int>(curves.size())) return "";
  const Curve& curve = curves[all ? 0 : static_cast<std::size_t>(plot)];
  const StatisticValue value = value_of(curve, token);
  std::string text = fmt::format("{}\t{}\ntoken {}\t{}", curve.name, number_text(static_cast<double>(value.mean), 7), token, token_text(snapshot, token));
  if (value.low != value.high && std::isfinite(value.mean))
    text += fmt::format("\nfrom, to\t{}, {} in its block", number_text(static_cast<double>(value.low), 5), number_text(static_cast<double>(value.high), 5));
  if (curve.stride > 1) text += fmt::format("\none token in\t{}", curve.stride);
  return text + fmt::format("\n{}\tlayer {}", curve.meaning, snapshot.selection.layer);
}

std::string curve_csv(const FigureInput& input, CurveSet set) {
  const Snapshot& snapshot = input.snapshot;
  std::string text = "layer,token,quantity,value,low,high\n";
  if (!snapshot.trace) return text;
  const TokenRange range = shown_tokens(snapshot);
  const auto add = [&](int layer, const Curve& curve) {
    const std::int64_t from = std::max(range.first, curve.first), start = from + (curve.stride - (from - curve.first) % curve.stride) % curve.stride;
    for (std::int64_t t = start; t < std::min(range.last, curve.last); t += curve.stride) {
      const StatisticValue value = curve.at(t);
      text += fmt::format("{},{},{},{},{},{}\n", layer, t, csv_quoted(curve.column), csv_text(value.mean), csv_text(value.low), csv_text(value.high));
    }
  };
  if (input.options.all_layers && set == CurveSet::norms) {
    for (int layer = 0; layer < static_cast<int>(snapshot.trace->layers().size()); ++layer) add(layer, curve_of(snapshot, layer, kNormCurves[0]));
  } else {
    for (const Curve& curve : curves_of(set, snapshot, input.derived)) add(static_cast<int>(snapshot.selection.layer), curve);
  }
  return text;
}

}  // namespace lab
