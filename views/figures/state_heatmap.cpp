// State over time: one row a channel, one column a token, slow channels on top so that memory reads as streaks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::size_t kFitSample = 200000;  // values the colour range is fitted to, whole columns evenly spread

constexpr std::int64_t kNamedRows = 40;     // so few rows shown are each named

/// Rows as displayed, from the top; null: by index, from the bottom.
const std::vector<std::int32_t>* order_of(const StateSlab& slab, const FigureOptions& options) {
  const std::vector<std::int32_t>* orders[] = {nullptr, &slab.by_half_life, &slab.by_norm, &slab.by_similarity};
  const auto* order = orders[static_cast<std::size_t>(options.order)];
  return order && static_cast<std::int64_t>(order->size()) == slab.rows ? order : nullptr;
}

std::int64_t stored_row(const StateSlab& slab, const FigureOptions& options, std::int64_t shown) {
  const auto* order = order_of(slab, options);
  return order ? (*order)[static_cast<std::size_t>(shown)] : shown;
}

/// Each row less its mean over the tokens shown, in units of its deviation; rows that do not vary are 0.
std::shared_ptr<const std::vector<float>> z_scores(const StateSlab& slab) {
  auto z = std::make_shared<std::vector<float>>();
  z->reserve(static_cast<std::size_t>(slab.columns.count() * slab.rows));
  for (std::int64_t i = 0; i < slab.columns.count(); ++i) {
    const auto column = slab.columns[i];
    for (std::size_t r = 0; r < column.size(); ++r) {
      const float above = column[r] - slab.mean[r];
      z->push_back(slab.deviation[r] > 0 || !std::isfinite(above) ? above / slab.deviation[r] : 0);
    }
  }
  return z;
}

std::vector<float> sample_of(const HeatLayer& heat) {
  const std::int64_t wanted =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(kFitSample) / std::max<std::int64_t>(1, heat.rows));
  const std::int64_t step = std::max<std::int64_t>(1, heat.columns / wanted);
  std::vector<float> values;
  for (std::int64_t i = 0; i < heat.columns; i += step) values.insert(values.end(), heat.column(i), heat.column(i) + heat.rows);
  return values;
}

/// "channel" or, of a slab along another axis, what that counts.
std::string row_name(const Snapshot& snapshot, const StateSlab& slab) {
  return slab.axis < 0 ? "channel" : axis_names(snapshot, slab.shape.size())[static_cast<std::size_t>(slab.axis)];
}

Axis row_axis(const Snapshot& snapshot, const StateSlab& slab, const FigureOptions& options) {
  const auto [first, count] = window_of(options.first_row, options.rows, slab.rows);
  const auto low = static_cast<double>(first), high = static_cast<double>(first + count);
  const std::string name = row_name(snapshot, slab);
  if (!order_of(slab, options)) return {.label = name, .low = low, .high = high, .whole_numbers = true};
  constexpr const char* kBy[] = {"", "half-life, tokens", "{}s by norm", "{}s, like beside like"};
  Axis axis{.label = fmt::format(fmt::runtime(kBy[static_cast<std::size_t>(options.order)]), name), .low = high, .high = low};
  if (count <= kNamedRows && (count < slab.rows || options.order != RowOrder::half_life)) {
    axis.label = name;
    for (std::int64_t row = first; row < first + count; ++row) axis.marks.emplace_back(static_cast<double>(row) + 0.5, std::to_string(stored_row(slab, options, row)));
  } else if (options.order == RowOrder::half_life) {
    axis.marks = half_life_marks(slab.by_half_life, slab.half_life, low, high - low);
    if (axis.marks.empty()) axis.label = name + "s by half-life";
  }
  axis.ticks = !axis.marks.empty();
  return axis;
}

HeatLayer heat_of(const std::shared_ptr<const StateSlab>& slab, const FigureOptions& options) {
  HeatLayer heat{.columns = slab->columns.count(), .rows = slab->rows, .x0 = static_cast<double>(slab->first) - 0.5,
                 .dx = static_cast<double>(slab->stride), .numbers = true, .owner = slab};
  if (options.z_score)
    heat.column = [z = z_scores(*slab), rows = slab->rows](std::int64_t i) { return z->data() + i * rows; };
  else
    heat.column = [columns = slab->columns](std::int64_t i) { return columns[i].data(); };
  heat.scale = scale_for(options, sample_of(heat));
  if (const auto* order = order_of(*slab, options)) heat.row_order = *order;
  return heat;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& slab = derived.slab;
  if (!slab || slab->columns.count() == 0) return not_there(snapshot, derived, "state over time");
  Plot plot{.title = "State over time",
            .subtitle = subtitle_of("state-heatmap", snapshot, derived),
            .x = time_axis(snapshot, options),
            .y = row_axis(snapshot, *slab, options),
            .color_label = options.z_score ? "z-score of its row" : slice_text(snapshot, *slab, false)};
  HeatLayer heat = heat_of(slab, options);
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
  const std::string stride = slab->stride == 1 ? "" : fmt::format(" · {} tokens a column, signed |max|", slab->stride);
  return fmt::format("layer {} · {} · {} × {} tokens{}{}", slab->layer, slice_text(snapshot, *slab, true), slab->rows,
                     std::min(slab->columns.count() * slab->stride, shown_tokens(snapshot).count()), stride,
                     nan_note(slab->nonfinite));
}

std::string value(const FigureInput& input, int, double x, double y) {
  const auto& slab = input.derived.slab;
  if (!slab) return "";
  const auto token = static_cast<std::int64_t>(std::floor(x + 0.5));
  const auto shown_row = static_cast<std::int64_t>(std::floor(y));
  const std::int64_t column = token < slab->first ? -1 : (token - slab->first) / slab->stride;
  if (column < 0 || column >= slab->columns.count() || shown_row < 0 || shown_row >= slab->rows) return "";
  const std::int64_t row = stored_row(*slab, input.options, shown_row), states = std::max<std::int64_t>(1, slab->shape.back());
  const std::int64_t channel = slab->cell_of(row) / states, state = slab->cell_of(row) % states;
  const auto at = static_cast<std::size_t>(row);
  const float exact = slab->columns[column][at];
  std::string text = fmt::format("{}\t{}\n", cell_text(input.snapshot, channel, state), exact_text(exact));
  if (input.options.z_score)
    text += fmt::format("z-score\t{}\nrow mean, deviation\t{}, {}\n", slab->deviation[at] > 0 ? number_text((static_cast<double>(exact) - static_cast<double>(slab->mean[at])) / static_cast<double>(slab->deviation[at]), 4) : "0",
                        number_text(static_cast<double>(slab->mean[at]), 4), number_text(static_cast<double>(slab->deviation[at]), 4));
  const std::int64_t first = slab->first + column * slab->stride;
  text += slab->stride == 1
              ? fmt::format("token {}\t{}\n", token, token_text(input.snapshot, token))
              : fmt::format("tokens {}–{}\tlargest of {}\n", first, first + slab->stride - 1, slab->stride);
  text += fmt::format("{}\tn = {}", channel_text(input.snapshot, channel), state);
  if (static_cast<std::int64_t>(slab->half_life.size()) == slab->rows)
    text += fmt::format("\nhalf-life\t{} tokens", number_text(slab->half_life[at], 3));
  return text;
}

std::string csv(const FigureInput& input) {
  const auto& slab = input.derived.slab;
  std::string text = "layer,token,channel,n,value\n";
  if (!slab) return text;
  for (std::int64_t i = 0; i < slab->columns.count(); ++i) {
    const auto column = slab->columns[i];
    for (std::size_t row = 0; row < column.size(); ++row)
      text += fmt::format("{},{},{},{},{}\n", slab->layer, slab->first + i * slab->stride, slab->cell_of(static_cast<std::int64_t>(row)) / slab->shape.back(),
                          slab->cell_of(static_cast<std::int64_t>(row)) % slab->shape.back(), csv_text(column[row]));
  }
  return text;
}

}  // namespace

std::int64_t heatmap_cell(const FigureInput& input, double y) {
  const auto& slab = input.derived.slab;
  const auto shown = static_cast<std::int64_t>(std::floor(y));
  return !slab || shown < 0 || shown >= slab->rows ? -1 : slab->cell_of(stored_row(*slab, input.options, shown));
}

bool heatmap_grows_upwards(const FigureInput& input) { return !input.derived.slab || !order_of(*input.derived.slab, input.options); }

std::int64_t row_in_heatmap(const FigureInput& input, std::int64_t cell) {
  const auto& slab = input.derived.slab;
  const std::int64_t row = slab ? slab->row_of(cell) : -1;
  const auto* order = row >= 0 ? order_of(*slab, input.options) : nullptr;
  return order ? std::ranges::find(*order, row) - order->begin() : row;
}

const FigureCode kStateHeatmap = {
    {"state-heatmap", "State over time", {.slab = true}, 0.5, make}, subtitle, value, csv,
    "Cells of the recurrent state of one layer after each token: a row is one cell, a column one token. Values are replayed from what was "
    "recorded, with the bits that the run had. Where several cells share a pixel, the one of largest magnitude is shown with its sign, and a NaN "
    "before all else. The colour range leaves out the outermost 0.5 % at each end unless it is locked. Half-lives are ln 2 over mean Δ times |A|; "
    "likeness is the angle of a row's standardised course in the plane of its two leading principal axes."};

}  // namespace lab
