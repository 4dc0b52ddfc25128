// The whole state of a layer at one position, or a plane of it: two of its axes, the third at the selected cell.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"

namespace lab {
namespace {

constexpr std::int64_t kNamedRows = 40;  // so few rows shown are each named

/// What is shown, and the names of its axes.
struct Sheet {
  ShownCells cells;
  std::string row_name, column_name, fixed;  // axes; "head 3" where one stays
};

/// Elements from one index of an axis to the next.
std::int64_t step_of(const std::vector<std::int64_t>& shape, std::size_t axis) {
  std::int64_t step = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) step *= shape[i];
  return step;
}

/// All channels one below the other, or the plane through the selected cell across one axis of three.
Sheet sheet_of(const Snapshot& snapshot, const StateFrame& frame, const FigureOptions& options) {
  const std::vector<std::int64_t>& shape = frame.shape;
  const std::vector<std::string> names = axis_names(snapshot, shape.size());
  const LayerInfo* layer = selected_layer(snapshot);
  const bool is_cache = layer && layer->has_cache();
  const std::int64_t states = shape.empty() ? 1 : std::max<std::int64_t>(1, shape.back());
  const std::string across = shape.empty() ? "" : is_cache ? "cached token" : names.back();
  if (options.fixed_axis < 0 || options.fixed_axis >= 3 || shape.size() != 3)
    return {.cells = {.rows = static_cast<std::int64_t>(frame.h.size()) / states, .columns = states, .row_step = states}, .row_name = "channel", .column_name = across};
  const auto fixed = static_cast<std::size_t>(options.fixed_axis);
  const std::size_t down = fixed == 0 ? 1 : 0, right = fixed == 2 ? 1 : 2;
  std::int64_t at = std::min(selected_index(snapshot, shape)[fixed], shape[fixed] - 1);
  if (is_cache && fixed < 2) at = fixed == 0 ? snapshot.selection.channel / shape[1] : snapshot.selection.channel % shape[1];
  if (is_cache && fixed == 2) at = shape[2] - 1;  // the newest
  return {.cells = {.rows = shape[down], .columns = shape[right], .first = at * step_of(shape, fixed), .row_step = step_of(shape, down), .column_step = step_of(shape, right)},
          .row_name = names[down], .column_name = right == 2 ? across : names[right],
          .fixed = fmt::format("{} {}", names[fixed], at)};
}

/// The same in the order by half-life, where it is known for this layer and all channels are shown.
Sheet ordered_sheet(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  Sheet sheet = sheet_of(snapshot, *derived.frame, options);
  const auto& slab = derived.slab;
  const bool known = slab && slab->layer == derived.frame->layer && sheet.fixed.empty() && static_cast<std::int64_t>(slab->channels_by_half_life.size()) == sheet.cells.rows;
  if (options.order == RowOrder::half_life && known) sheet.cells.order = &slab->channels_by_half_life;
  return sheet;
}

Axis row_axis(const Sheet& sheet, const FigureOptions& options) {
  const auto* order = sheet.cells.order;
  const auto [first, count] = window_of(options.first_row, options.rows, sheet.cells.rows);
  const auto low = static_cast<double>(first), high = static_cast<double>(first + count);
  if (!order && sheet.fixed.empty()) return {.label = sheet.row_name, .low = low, .high = high, .whole_numbers = true};
  Axis axis{.label = order ? "channels by half-life" : sheet.row_name, .low = high, .high = low, .ticks = !order};
  if (count > kNamedRows || (order && count == sheet.cells.rows)) {
    axis.whole_numbers = true;
    return axis;
  }
  axis.label = sheet.row_name, axis.ticks = true;
  for (std::int64_t row = first; row < first + count; ++row)
    axis.marks.emplace_back(static_cast<double>(row) + 0.5, std::to_string(sheet.cells.row(row)));
  return axis;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& frame = derived.frame;
  if (!frame || frame->h.empty()) return not_there(snapshot, derived, "state at the cursor", 0);
  const Sheet sheet = ordered_sheet(snapshot, derived, options);
  const ShownCells& cells = sheet.cells;
  const auto values = std::make_shared<std::vector<float>>();
  for (std::int64_t column = 0; column < cells.columns; ++column)
    for (std::int64_t row = 0; row < cells.rows; ++row) values->push_back(frame->h[static_cast<std::size_t>(cells.cell(row, column))]);
  Plot plot{.title = "State at t", .subtitle = subtitle_of("state-at", snapshot, derived), .color_label = "h"};
  if (!sheet.fixed.empty()) plot.subtitle += " · " + sheet.fixed;
  const auto [first, count] = window_of(options.first_column, options.columns, cells.columns);
  plot.x = {.label = sheet.column_name, .low = static_cast<double>(first) - 0.5, .high = static_cast<double>(first + count) - 0.5, .whole_numbers = true};
  plot.y = row_axis(sheet, options);
  HeatLayer heat{.column = [values, rows = cells.rows](std::int64_t n) { return values->data() + n * rows; },
                 .columns = cells.columns,
                 .rows = cells.rows,
                 .x0 = -0.5,
                 .scale = scale_for(options, *values),
                 .numbers = true,
                 .owner = values};
  if (cells.order) heat.row_order = *cells.order;
  plot.color_bar = heat.scale;
  plot.layers.emplace_back(std::move(heat));
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& frame = derived.frame;
  if (!frame) return fmt::format("layer {}", snapshot.selection.layer);
  std::string shape;
  for (const std::int64_t size : frame->shape) shape += (shape.empty() ? "" : " × ") + std::to_string(size);
  const std::string when = frame->position == 0 ? "before the first token" : fmt::format("t = {}", frame->position - 1);
  return fmt::format("layer {} · {} · {}{}", frame->layer, shape, when,
                     nan_note(std::ranges::count_if(frame->h, [](float v) { return !std::isfinite(v); })));
}

std::string value(const FigureInput& input, int, double x, double y) {
  const std::int64_t cell = state_at_cell(input, x, y);
  if (cell < 0) return "";
  const auto& frame = *input.derived.frame;
  const std::int64_t states = std::max<std::int64_t>(1, frame.shape.back()), row = cell / states, n = cell % states;
  return fmt::format("{}\t{}\n{}\tn = {}", cell_text(input.snapshot, row, n), exact_text(frame.h[static_cast<std::size_t>(cell)]),
                     channel_text(input.snapshot, row), n);
}

std::string csv(const FigureInput& input) {
  const auto& frame = input.derived.frame;
  std::string text = "layer,position,channel,n,value\n";
  if (!frame) return text;
  const ShownCells cells = sheet_of(input.snapshot, *frame, input.options).cells;
  const std::int64_t states = frame->shape.empty() ? 1 : std::max<std::int64_t>(1, frame->shape.back());
  for (std::int64_t row = 0; row < cells.rows; ++row)
    for (std::int64_t column = 0; column < cells.columns; ++column) {
      const std::int64_t cell = cells.cell(row, column);
      text += fmt::format("{},{},{},{},{}\n", frame->layer, frame->position, cell / states, cell % states, csv_text(frame->h[static_cast<std::size_t>(cell)]));
    }
  return text;
}

}  // namespace

ShownCells shown_cells(const FigureInput& input) {
  const auto& frame = input.derived.frame;
  if (!frame || frame->h.empty()) return {};
  return ordered_sheet(input.snapshot, input.derived, input.options).cells;
}

std::int64_t state_at_cell(const FigureInput& input, double x, double y) {
  const ShownCells cells = shown_cells(input);
  const auto column = static_cast<std::int64_t>(std::floor(x + 0.5)), shown = static_cast<std::int64_t>(std::floor(y));
  if (column < 0 || column >= cells.columns || shown < 0 || shown >= cells.rows) return -1;
  return cells.cell(cells.row(shown), column);
}

std::optional<std::pair<std::int64_t, std::int64_t>> place_in_state_at(const FigureInput& input, std::int64_t cell) {
  const ShownCells cells = shown_cells(input);
  if (cells.rows == 0 || cell < cells.first) return {};
  const std::int64_t row = (cell - cells.first) / cells.row_step % cells.rows, column = (cell - cells.first) / cells.column_step % cells.columns;
  if (cells.cell(row, column) != cell) return {};
  return std::pair{column, cells.order ? std::ranges::find(*cells.order, row) - cells.order->begin() : row};
}

const FigureCode kStateAt = {
    {"state-at", "State at t", {.slab = true, .frame = true}, 0.75, make}, subtitle, value, csv,
    "Every cell of the recurrent state of one layer after the token at the cursor, replayed with the bits that the run had: channels down, state "
    "indexes across; or the plane of two axes through the selected cell. Of a layer of attention it is the cache, of RWKV the three vectors that its "
    "weighted mean is made from. Where several cells share a pixel, the one of largest magnitude is shown, and a NaN before all else."};

}  // namespace lab
