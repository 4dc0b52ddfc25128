// State over time: one row a channel, one column a token, slow channels on top so that memory reads as streaks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::size_t kFitSample = 200000;  // values the colour range is fitted to, whole columns evenly spread

bool is_sorted(const StateSlab& slab, const FigureOptions& options) {
  return options.order == RowOrder::half_life && static_cast<std::int64_t>(slab.by_half_life.size()) == slab.rows;
}

std::vector<float> sample_of(const StateSlab& slab) {
  const std::int64_t columns = slab.columns.count();
  const std::int64_t wanted =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(kFitSample) / std::max<std::int64_t>(1, slab.rows));
  const std::int64_t step = std::max<std::int64_t>(1, columns / wanted);
  std::vector<float> values;
  for (std::int64_t i = 0; i < columns; i += step) {
    const auto column = slab.columns[i];
    values.insert(values.end(), column.begin(), column.end());
  }
  return values;
}

/// Rows where the half-life passes round numbers of tokens, not closer than a twentieth of the axis.
std::vector<std::pair<double, std::string>> half_life_marks(const StateSlab& slab) {
  std::vector<std::pair<double, std::string>> marks;
  double last = -1e9;
  for (const double tokens : {10000.0, 3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1}) {
    const auto faster = std::partition_point(slab.by_half_life.begin(), slab.by_half_life.end(), [&](std::int32_t row) {
      return slab.half_life[static_cast<std::size_t>(row)] >= tokens;
    });
    const double at = static_cast<double>(faster - slab.by_half_life.begin());
    if (at <= 0 || at >= static_cast<double>(slab.rows) || at - last < static_cast<double>(slab.rows) / 20) continue;
    marks.emplace_back(at, number_text(tokens));
    last = at;
  }
  return marks;
}

Axis row_axis(const StateSlab& slab, const FigureOptions& options) {
  const auto rows = static_cast<double>(slab.rows);
  if (!is_sorted(slab, options)) return {.label = "channel", .low = 0, .high = rows, .whole_numbers = true};
  Axis axis{.label = "half-life, tokens", .low = rows, .high = 0, .marks = half_life_marks(slab)};
  if (axis.marks.empty()) axis.label = "channels by half-life", axis.ticks = false;
  return axis;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& slab = derived.slab;
  if (!slab || slab->columns.count() == 0) return not_there(snapshot, derived, "state over time");
  Plot plot{.title = "State over time",
            .subtitle = subtitle_of("state-heatmap", snapshot, derived),
            .x = time_axis(snapshot, options),
            .y = row_axis(*slab, options),
            .color_label = slice_text(snapshot, slab->state, false)};
  HeatLayer heat{.column = [columns = slab->columns](std::int64_t i) { return columns[i].data(); },
                 .columns = slab->columns.count(),
                 .rows = slab->rows,
                 .x0 = static_cast<double>(slab->first) - 0.5,
                 .dx = static_cast<double>(slab->stride),
                 .scale = scale_for(options, sample_of(*slab)),
                 .owner = slab};
  if (is_sorted(*slab, options)) heat.row_order = slab->by_half_life;
  plot.color_bar = heat.scale;
  plot.layers.emplace_back(std::move(heat));
  if (options.cursors) {
    const Selection& s = snapshot.selection;
    if (has_token(snapshot, s.cursor_b))
      plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(s.cursor_b), .dashed = true, .label = "B"});
    if (has_token(snapshot, s.cursor_a))
      plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(s.cursor_a), .label = "A"});
  }
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& slab = derived.slab;
  if (!slab) return fmt::format("layer {}", snapshot.selection.layer);
  std::int64_t broken = 0;
  for (std::int64_t i = 0; i < slab->columns.count(); ++i)
    broken += std::ranges::count_if(slab->columns[i], [](float v) { return !std::isfinite(v); });
  const std::string stride = slab->stride == 1 ? "" : fmt::format(" · {} tokens a column, signed |max|", slab->stride);
  return fmt::format("layer {} · {} · {} × {} tokens{}{}", slab->layer, slice_text(snapshot, slab->state, true), slab->rows,
                     std::min(slab->columns.count() * slab->stride, shown_tokens(snapshot).count()), stride,
                     nan_note(broken));
}

std::string value(const FigureInput& input, int, double x, double y) {
  const auto& slab = input.derived.slab;
  if (!slab) return "";
  const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
  const auto shown_row = static_cast<std::int64_t>(std::floor(y));
  const std::int64_t column = token < slab->first ? -1 : (token - slab->first) / slab->stride;
  if (column < 0 || column >= slab->columns.count() || shown_row < 0 || shown_row >= slab->rows) return "";
  const std::int64_t row =
      is_sorted(*slab, input.options) ? slab->by_half_life[static_cast<std::size_t>(shown_row)] : shown_row;
  std::string text = fmt::format("{}\t{}\n", cell_text(input.snapshot, row, slab->state),
                                 exact_text(slab->columns[column][static_cast<std::size_t>(row)]));
  const std::int64_t first = slab->first + column * slab->stride;
  text += slab->stride == 1
              ? fmt::format("token {}\t{}\n", token, token_text(input.snapshot, token))
              : fmt::format("tokens {}–{}\tlargest of {}\n", first, first + slab->stride - 1, slab->stride);
  text += fmt::format("{}\tn = {}", channel_text(input.snapshot, row), slab->state);
  if (static_cast<std::int64_t>(slab->half_life.size()) == slab->rows)
    text += fmt::format("\nhalf-life\t{} tokens", number_text(slab->half_life[static_cast<std::size_t>(row)], 3));
  return text;
}

std::string csv(const FigureInput& input) {
  const auto& slab = input.derived.slab;
  std::string text = "layer,token,channel,n,value\n";
  if (!slab) return text;
  for (std::int64_t i = 0; i < slab->columns.count(); ++i) {
    const auto column = slab->columns[i];
    for (std::size_t row = 0; row < column.size(); ++row)
      text += fmt::format("{},{},{},{},{}\n", slab->layer, slab->first + i * slab->stride, row, slab->state,
                          csv_text(column[row]));
  }
  return text;
}

}  // namespace

const FigureCode kStateHeatmap = {
    {"state-heatmap", "State over time", {.slab = true}, 0.5, make}, subtitle, value, csv};

}  // namespace lab
