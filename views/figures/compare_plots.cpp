#include "views/figures/compare_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::size_t kFitSample = 200000;  // values the colour range is fitted to
constexpr int kTicks = 7;
constexpr std::size_t kLongestName = 40;
constexpr std::array kOthers{Ink::run_b, Ink::run_c, Ink::run_d};  // than the first

/// Rows as displayed, from the top; null: by index, from the bottom.
const std::vector<std::int32_t>* order_of(const PairedSlab& slab, const FigureOptions& options) {
  const bool is_known = options.order != RowOrder::index && static_cast<std::int64_t>(slab.by_half_life.size()) == slab.rows;
  return is_known ? &slab.by_half_life : nullptr;
}

const std::vector<float>& values_of(const PairedSlab& slab, CompareMap which) {
  return which == CompareMap::a ? slab.a : which == CompareMap::b ? slab.b : slab.difference;
}

/// At most about kFitSample values, evenly spread; what is not there is left out by the fit.
void add_sample(const std::vector<float>& values, std::vector<float>& sample, bool differing_only) {
  const std::size_t step = std::max<std::size_t>(1, values.size() / kFitSample);
  for (std::size_t i = 0; i < values.size(); i += step)
    if (!differing_only || values[i] != 0) sample.push_back(values[i]);
}

/// The difference has a range of its own, fitted to what differs: most may be equal.
ColorScale scale_of(const PairedSlab& slab, CompareMap which, const FigureOptions& options, bool is_shared) {
  std::vector<float> sample;
  FigureOptions own = options;
  const bool is_difference = which == CompareMap::difference;
  if (is_difference) own.locked = false;
  add_sample(values_of(slab, which), sample, is_difference);
  if (is_shared && !is_difference) add_sample(values_of(slab, which == CompareMap::a ? CompareMap::b : CompareMap::a), sample, false);
  return scale_for(own, sample);
}

Axis slab_rows(const PairedSlab& slab, const FigureOptions& options) {
  const auto [first, count] = window_of(options.first_row, options.rows, slab.rows);
  const auto low = static_cast<double>(first), high = static_cast<double>(first + count);
  if (!order_of(slab, options)) return {.label = "channel", .low = low, .high = high, .whole_numbers = true};
  Axis axis{.label = "half-life, tokens", .low = high, .high = low};
  if (static_cast<std::int64_t>(slab.half_life.size()) == slab.rows) axis.marks = half_life_marks(slab.by_half_life, slab.half_life, low, high - low);
  if (axis.marks.empty()) axis.label = "channels by half-life", axis.ticks = false;
  return axis;
}

/// B − A over the columns of a slab; one range for all of several, so that they compare.
HeatLayer difference_of(const std::shared_ptr<const PairedSlab>& slab, const ColorScale& scale, const FigureOptions& options) {
  HeatLayer heat{.columns = slab->columns, .rows = slab->rows, .x0 = static_cast<double>(slab->first) - 0.5, .dx = static_cast<double>(slab->stride), .scale = scale,
                 .owner = slab};
  heat.column = [slab](std::int64_t i) { return slab->has_both[static_cast<std::size_t>(i)] ? slab->difference.data() + i * slab->rows : nullptr; };
  if (const auto* order = order_of(*slab, options)) heat.row_order = *order;
  return heat;
}

double token_number(const TokenPair& pair) { return static_cast<double>(pair.a >= 0 ? pair.a : pair.b); }

/// Room above and below a curve.
void fit(Axis& axis, double low, double high) {
  if (!(low <= high)) low = 0, high = 1;
  const double room = high > low ? 0.08 * (high - low) : std::max(1e-6, 0.1 * std::abs(high));
  axis.low = low - room, axis.high = high + room;
}

}  // namespace

Ink run_ink(const Snapshot& snapshot, std::int64_t run) {
  if (run <= kFirstGuest) return kOthers[kOthers.size() - 1 - static_cast<std::size_t>(kFirstGuest - run) % kOthers.size()];
  if (snapshot.runs.empty() || snapshot.runs.front().id == run) return Ink::run_a;
  const auto is_older = [&](const RunFacts& each) { return each.id != snapshot.runs.front().id && each.id < run; };
  return kOthers[static_cast<std::size_t>(std::ranges::count_if(snapshot.runs, is_older)) % kOthers.size()];
}

Axis column_axis(const Alignment& alignment, std::int64_t first, std::int64_t last) {
  Axis axis{.label = "", .low = static_cast<double>(first) - 0.5, .high = static_cast<double>(std::max(last, first + 1)) - 0.5, .whole_numbers = true};
  if (alignment.by == AlignBy::position || first >= last || last > alignment.count()) return axis;
  const auto at = [&](std::int64_t column) { return alignment.columns[static_cast<std::size_t>(column)]; };
  const std::vector<double> round = ticks(token_number(at(first)), token_number(at(last - 1)), kTicks, true);
  std::size_t next = 0;
  for (std::int64_t column = first; column < last && next < round.size(); ++column) {
    const double number = token_number(at(column));
    while (next < round.size() && round[next] < number) ++next;
    if (next < round.size() && round[next] == number) axis.marks.emplace_back(static_cast<double>(column), number_text(number, 9)), ++next;
  }
  axis.ticks = !axis.marks.empty();
  return axis;
}

int state_point(const DifferenceTable& table, int layer) {
  for (const Point point : {Point::h, Point::att_state, Point::conv_state, Point::resid_out})
    if (const int found = table.find(point, layer); found >= 0) return found;
  return -1;
}

Plot compare_map(const Snapshot& snapshot, const ComparedRuns& runs, CompareMap which, const FigureOptions& options, bool is_shared, std::int64_t first,
                 std::int64_t last) {
  const auto& slab = runs.slab;
  Plot plot{.x = column_axis(*runs.alignment, first, last), .y = slab_rows(*slab, options)};
  HeatLayer heat{.columns = slab->columns, .rows = slab->rows, .x0 = static_cast<double>(slab->first) - 0.5, .dx = static_cast<double>(slab->stride),
                 .numbers = true, .owner = slab};
  heat.column = [slab, which](std::int64_t i) -> const float* {
    const auto& has = which == CompareMap::a ? slab->has_a : which == CompareMap::b ? slab->has_b : slab->has_both;
    return has[static_cast<std::size_t>(i)] ? values_of(*slab, which).data() + i * slab->rows : nullptr;
  };
  if (const auto* order = order_of(*slab, options)) heat.row_order = *order;
  heat.scale = scale_of(*slab, which, options, is_shared);
  plot.title = which == CompareMap::a ? runs.a.name : which == CompareMap::b ? runs.b.name : "B − A";
  plot.subtitle = fmt::format("layer {}", snapshot.selection.layer);
  plot.layers.emplace_back(std::move(heat));
  return plot;
}

std::int64_t slab_row(const PairedSlab& slab, const FigureOptions& options, double shown) {
  const auto row = static_cast<std::int64_t>(std::floor(shown));
  if (row < 0 || row >= slab.rows) return -1;
  const auto* order = order_of(slab, options);
  return order ? (*order)[static_cast<std::size_t>(row)] : row;
}

std::int64_t shown_row(const PairedSlab& slab, const FigureOptions& options, std::int64_t row) {
  if (row < 0 || row >= slab.rows) return -1;
  const auto* order = order_of(slab, options);
  return order ? std::ranges::find(*order, row) - order->begin() : row;
}

float slab_value(const PairedSlab& slab, CompareMap which, std::int64_t column, std::int64_t row) {
  const std::int64_t i = column < slab.first ? -1 : (column - slab.first) / slab.stride;
  if (i < 0 || i >= slab.columns || row < 0 || row >= slab.rows) return std::numeric_limits<float>::quiet_NaN();
  return values_of(slab, which)[static_cast<std::size_t>(i * slab.rows + row)];
}

double norm_at(const ComparedRuns& runs, const RunFacts& run, bool of_b, int layer, std::int64_t column) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (column < 0 || column >= runs.alignment->count()) return kNone;
  if (!run.trace) {
    const int point = state_point(runs.table, layer);
    if (point < 0) return kNone;
    const RowDifference row = runs.table.points[static_cast<std::size_t>(point)].at(column);
    return static_cast<double>(of_b ? row.norm_b : row.norm_a);
  }
  const TokenPair& tokens = runs.alignment->columns[static_cast<std::size_t>(column)];
  const std::int64_t token = of_b ? tokens.b : tokens.a;
  if (token < 0 || token >= run.trace->count() || layer >= std::ssize(run.trace->layers())) return kNone;
  return static_cast<double>(run.trace->statistic(layer, Statistic::h_norm, token).mean);
}

Figure compare_norms(const Snapshot& snapshot, const ComparedRuns& runs, std::span<const int> layers, std::int64_t first, std::int64_t last) {
  const RunPair pair = runs_to_compare(snapshot);
  Figure figure{.share_x = true};
  for (const int layer : layers) {
    Plot plot{.title = fmt::format("layer {}", layer), .x = column_axis(*runs.alignment, first, last), .y = {}};
    LineLayer between{.ink = run_ink(snapshot, pair.b->id)}, a{.ink = run_ink(snapshot, pair.a->id), .width = 1.4}, b{.ink = run_ink(snapshot, pair.b->id), .width = 1.4, .dashed = true};
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (std::int64_t column = std::max<std::int64_t>(0, first); column < std::min(last, runs.alignment->count()); ++column) {
      const double of_a = norm_at(runs, *pair.a, false, layer, column), of_b = norm_at(runs, *pair.b, true, layer, column);
      for (LineLayer* each : {&between, &a, &b}) each->x.push_back(static_cast<double>(column));
      a.y.push_back(static_cast<float>(of_a)), b.y.push_back(static_cast<float>(of_b));
      const bool is_between = std::isfinite(of_a) && std::isfinite(of_b);
      between.low.push_back(is_between ? static_cast<float>(std::min(of_a, of_b)) : std::numeric_limits<float>::quiet_NaN());
      between.high.push_back(is_between ? static_cast<float>(std::max(of_a, of_b)) : std::numeric_limits<float>::quiet_NaN());
      for (const double value : {of_a, of_b})
        if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    }
    fit(plot.y, low, high);
    plot.layers.emplace_back(std::move(between));
    plot.layers.emplace_back(std::move(a));
    plot.layers.emplace_back(std::move(b));
    figure.plots.push_back(std::move(plot));
  }
  return figure;
}

Figure compare_multiples(const Snapshot& snapshot, const RunMultiples& all, const FigureOptions& options) {
  FigureOptions own = options;
  own.locked = false;
  std::vector<float> sample;
  for (const RunMultiple& each : all.runs)
    if (each.slab) add_sample(each.slab->difference, sample, true);
  const ColorScale scale = scale_for(own, sample);
  Figure figure{.share_x = true};
  const Axis tokens{.label = "token", .low = static_cast<double>(all.first) - 0.5, .high = static_cast<double>(std::max(all.last, all.first + 1)) - 0.5, .whole_numbers = true};
  for (const RunMultiple& each : all.runs) {
    Plot plot{.title = printable(each.name, kLongestName), .x = tokens, .y = {.low = 0, .high = 1, .ticks = false}, .title_ink = each.run == -1 ? kOthers[figure.plots.size() % kOthers.size()] : run_ink(snapshot, each.run)};
    if (each.slab) {
      plot.y = slab_rows(*each.slab, options);
      plot.color_bar = scale, plot.color_label = "difference";
      plot.layers.emplace_back(difference_of(each.slab, scale, options));
      if (each.apart >= 0) plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(each.apart) - 0.5, .ink = Ink::bad});
      const RunFacts* side = snapshot.find_side(each.run);
      if (each.slab->largest_difference == 0 && !options.on_screen)
        plot.layers.emplace_back(NoteLayer{.at = {(tokens.low + tokens.high) / 2, (plot.y.low + plot.y.high) / 2}, .text = side && side->tokens.count() == 0 ? "has read nothing" : "nothing differs", .ink = Ink::text, .align = TextAlign::center});
    } else {
      plot.layers.emplace_back(NoteLayer{.at = {(tokens.low + tokens.high) / 2, 0.5}, .text = each.refusal, .align = TextAlign::center});
    }
    figure.plots.push_back(std::move(plot));
  }
  return figure;
}

}  // namespace lab
