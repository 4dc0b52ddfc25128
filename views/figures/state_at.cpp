// The whole state of a layer at one position: channels down, states of a channel across.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"

namespace lab {
namespace {

std::int64_t states_of(const StateFrame& frame) {
  return frame.shape.empty() ? 1 : std::max<std::int64_t>(1, frame.shape.back());
}
std::int64_t rows_of(const StateFrame& frame) { return static_cast<std::int64_t>(frame.h.size()) / states_of(frame); }

/// The order by half-life, where it is known for this layer.
const std::vector<std::int32_t>* order_of(const StateFrame& frame, const Derived& derived,
                                          const FigureOptions& options) {
  const auto& slab = derived.slab;
  const bool known =
      slab && slab->layer == frame.layer && static_cast<std::int64_t>(slab->by_half_life.size()) == rows_of(frame);
  return options.order == RowOrder::half_life && known ? &slab->by_half_life : nullptr;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& frame = derived.frame;
  if (!frame || frame->h.empty()) return not_there(snapshot, derived, "state at the cursor", 0);
  const std::int64_t states = states_of(*frame), rows = rows_of(*frame);
  const auto columns = std::make_shared<std::vector<float>>(frame->h.size());
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t n = 0; n < states; ++n)
      (*columns)[static_cast<std::size_t>(n * rows + row)] = frame->h[static_cast<std::size_t>(row * states + n)];
  const auto* order = order_of(*frame, derived, options);
  Plot plot{.title = "State at t", .subtitle = subtitle_of("state-at", snapshot, derived), .color_label = "h"};
  const LayerInfo* layer = selected_layer(snapshot);
  const bool is_cache = layer && !layer->parts.empty();
  plot.x = {.label = is_cache ? "cached token" : layer && !layer->columns.empty() ? fmt::format("{}", fmt::join(layer->columns, ", ")) : "n", .low = -0.5, .high = static_cast<double>(states) - 0.5, .whole_numbers = true};
  plot.y = order ? Axis{.label = "channels by half-life", .low = static_cast<double>(rows), .high = 0, .ticks = false}
                 : Axis{.label = "channel", .low = 0, .high = static_cast<double>(rows), .whole_numbers = true};
  HeatLayer heat{.column = [columns, rows](std::int64_t n) { return columns->data() + n * rows; },
                 .columns = states,
                 .rows = rows,
                 .x0 = -0.5,
                 .scale = scale_for(options, *columns),
                 .owner = columns};
  if (order) heat.row_order = *order;
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
  const auto& frame = input.derived.frame;
  if (!frame) return "";
  const auto n = static_cast<std::int64_t>(std::floor(x + 0.5)), shown_row = static_cast<std::int64_t>(std::floor(y));
  if (n < 0 || n >= states_of(*frame) || shown_row < 0 || shown_row >= rows_of(*frame)) return "";
  const auto* order = order_of(*frame, input.derived, input.options);
  const std::int64_t row = order ? (*order)[static_cast<std::size_t>(shown_row)] : shown_row;
  return fmt::format("{}\t{}\n{}\tn = {}", cell_text(input.snapshot, row, n),
                     exact_text(frame->h[static_cast<std::size_t>(row * states_of(*frame) + n)]),
                     channel_text(input.snapshot, row), n);
}

std::string csv(const FigureInput& input) {
  const auto& frame = input.derived.frame;
  std::string text = "layer,position,channel,n,value\n";
  if (!frame) return text;
  const std::int64_t states = states_of(*frame);
  for (std::size_t i = 0; i < frame->h.size(); ++i)
    text += fmt::format("{},{},{},{},{}\n", frame->layer, frame->position, static_cast<std::int64_t>(i) / states,
                        static_cast<std::int64_t>(i) % states, csv_text(frame->h[i]));
  return text;
}

}  // namespace

const FigureCode kStateAt = {
    {"state-at", "State at t", {.slab = true, .frame = true}, 0.75, make}, subtitle, value, csv};

}  // namespace lab
