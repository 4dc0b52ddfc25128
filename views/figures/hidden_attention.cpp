// What each token reads of each earlier one in a channel: the attention that a linear recurrence hides.
#include <fmt/format.h>

#include <cmath>

#include "views/figures/content_text.h"
#include "views/figures/parts.h"

namespace lab {
namespace {

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& map = derived.hidden;
  if (!map || map->tokens == 0) {
    const LayerInfo* layer = selected_layer(snapshot);
    return layer && layer->has_cache() ? no_recurrence(snapshot) : not_there(snapshot, derived, "hidden attention");
  }
  const std::int64_t tokens = map->tokens;
  const auto columns = std::make_shared<std::vector<float>>(map->rows.size());
  for (std::int64_t t = 0; t < tokens; ++t)
    for (std::int64_t j = 0; j < tokens; ++j) (*columns)[static_cast<std::size_t>(j * tokens + t)] = map->rows[static_cast<std::size_t>(t * tokens + j)];
  const auto low = static_cast<double>(map->first) - 0.5, high = static_cast<double>(map->first + tokens) - 0.5;
  Plot plot{.title = "Hidden attention", .subtitle = subtitle_of("attention-map", snapshot, derived), .color_label = "weight of the value"};
  plot.x = {.label = "of " + options.tokens_label, .low = low, .high = high, .whole_numbers = true};
  plot.y = {.label = options.tokens_label + " reads", .low = high, .high = low, .whole_numbers = true};
  HeatLayer heat{.column = [columns, tokens](std::int64_t j) { return columns->data() + j * tokens; },
                 .columns = tokens,
                 .rows = tokens,
                 .x0 = low,
                 .y0 = low,
                 .scale = scale_for(options, map->rows),
                 .owner = columns};
  plot.color_bar = heat.scale;
  plot.layers.emplace_back(std::move(heat));
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const auto& map = derived.hidden;
  if (!map) return "";
  return fmt::format("layer {} · {} · tokens {} to {} · rows do not sum to 1", map->layer, channel_text(snapshot, map->channel), map->first, map->first + map->tokens - 1);
}

std::string value(const FigureInput& input, int, double x, double y) {
  const auto& map = input.derived.hidden;
  if (!map) return "";
  const std::int64_t j = static_cast<std::int64_t>(std::floor(x + 0.5)), t = static_cast<std::int64_t>(std::floor(y + 0.5)), first = map->first;
  if (j < first || t < j || t >= first + map->tokens) return "";
  return fmt::format("weight\t{}\ntoken {}\t{}\nreads token {}\t{}", exact_text(map->rows[static_cast<std::size_t>((t - first) * map->tokens + j - first)]), t,
                     token_text(input.snapshot, t), j, token_text(input.snapshot, j));
}

std::string csv(const FigureInput& input) {
  std::string text = "layer,channel,token,of_token,weight\n";
  const auto& map = input.derived.hidden;
  if (!map) return text;
  for (std::int64_t t = 0; t < map->tokens; ++t)
    for (std::int64_t j = 0; j <= t; ++j)
      text += fmt::format("{},{},{},{},{}\n", map->layer, map->channel, map->first + t, map->first + j, csv_text(map->rows[static_cast<std::size_t>(t * map->tokens + j)]));
  return text;
}

bool applies(const Snapshot& snapshot) {
  const LayerInfo* layer = selected_layer(snapshot);
  return layer && !layer->has_cache();
}

}  // namespace

const FigureCode kHiddenAttention = {{"attention-map", "Hidden attention", {.hidden = true}, 0.8, make, applies}, subtitle, value, csv,
                                     "What each token of the selected channel reads of each earlier one: C times what its write has decayed to, without D·x and without the gate. A recurrent layer "
                                     "has no scores; these weights give the same output."};

}  // namespace lab
