// How far back every layer sees from the cursor's token: the half-lives of its channels, the slowest on top.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/content_text.h"
#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

/// The half-lives of a layer's channels, the slowest first.
std::vector<float> slowest_first(const std::vector<Reach>& channels) {
  std::vector<float> tokens;
  for (const Reach& reach : channels) tokens.push_back(static_cast<float>(reach.tokens));
  std::ranges::sort(tokens, std::greater<>());
  return tokens;
}

std::size_t most_channels(const HalfLifeMap& map) {
  std::size_t most = 0;
  for (const auto& channels : map.layers) most = std::max(most, channels.size());
  return most;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  const auto& map = derived.half_lives;
  const std::size_t rows = map && map->token >= 0 ? most_channels(*map) : 0;
  if (rows == 0) return map && map->token >= 0 ? no_recurrence(snapshot) : not_there(snapshot, derived, "half-lives");
  const auto columns = std::make_shared<std::vector<float>>();
  double low = INFINITY, high = 0;
  for (const auto& channels : map->layers) {
    const std::vector<float> sorted = slowest_first(channels);
    for (std::size_t row = 0; row < rows; ++row) {
      const float tokens = sorted.empty() ? NAN : sorted[row * sorted.size() / rows];
      columns->push_back(tokens);
      if (tokens > 0) low = std::min(low, static_cast<double>(tokens)), high = std::max(high, static_cast<double>(tokens));
    }
  }
  const auto layers = static_cast<std::int64_t>(map->layers.size()), count = static_cast<std::int64_t>(rows);
  Plot plot{.title = "Half-lives of all layers", .subtitle = subtitle_of("half-life-map", snapshot, derived), .color_label = "half-life, tokens"};
  plot.x = {.label = "layer", .low = -0.5, .high = static_cast<double>(layers) - 0.5, .whole_numbers = true};
  plot.y = {.label = "channels, slowest on top, %", .low = 100, .high = 0};
  const bool is_flat = !(high > low);
  HeatLayer heat{.column = [columns, count](std::int64_t layer) { return columns->data() + layer * count; },
                 .columns = layers,
                 .rows = count,
                 .x0 = -0.5,
                 .y0 = 0,
                 .dy = 100 / static_cast<double>(count),
                 .scale = {.map = is_diverging(options.map) ? ColorMap::viridis : options.map, .scaling = Scaling::log, .low = is_flat ? 0.5 : low, .high = is_flat ? std::max(1.0, high) : high},
                 .pooling = Pooling::mean,
                 .owner = columns};
  plot.color_bar = heat.scale;
  plot.layers.emplace_back(std::move(heat));
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot&, const Derived& derived) {
  if (!derived.half_lives) return "";
  std::int64_t beyond = 0;
  for (const auto& channels : derived.half_lives->layers) beyond += std::ranges::count_if(channels, [](const Reach& reach) { return !reach.is_reached; });
  return fmt::format("from t = {} back, of the slowest cell of each channel{}", derived.half_lives->token, beyond > 0 ? fmt::format(" · {} beyond the history", beyond) : "");
}

std::string value(const FigureInput& input, int, double x, double y) {
  const auto& map = input.derived.half_lives;
  const auto layer = static_cast<std::int64_t>(std::floor(x + 0.5));
  if (!map || layer < 0 || layer >= std::ssize(map->layers) || y < 0 || y >= 100) return "";
  const std::vector<float> sorted = slowest_first(map->layers[static_cast<std::size_t>(layer)]);
  if (sorted.empty()) return fmt::format("layer {}\ta cache: it forgets nothing", layer);
  const auto at = std::min(sorted.size() - 1, static_cast<std::size_t>(y / 100 * static_cast<double>(sorted.size())));
  return fmt::format("layer {}\t{} channels\nslower than this one\t{}\nhalf left after\t{} tokens\nmedian of the layer\t{} tokens", layer, sorted.size(), percent_text(static_cast<double>(at) / static_cast<double>(sorted.size())),
                     number_text(static_cast<double>(sorted[at]), 4), number_text(static_cast<double>(sorted[sorted.size() / 2]), 4));
}

std::string csv(const FigureInput& input) {
  std::string text = "layer,channel,half_life,is_reached\n";
  if (!input.derived.half_lives) return text;
  for (std::size_t layer = 0; layer < input.derived.half_lives->layers.size(); ++layer) {
    const auto& channels = input.derived.half_lives->layers[layer];
    for (std::size_t channel = 0; channel < channels.size(); ++channel) text += fmt::format("{},{},{},{}\n", layer, channel, channels[channel].tokens, channels[channel].is_reached ? 1 : 0);
  }
  return text;
}

}  // namespace

const FigureCode kHalfLifeMap = {{"half-life-map", "Half-lives of all layers", {.half_lives = true}, 0.6, make, nullptr}, subtitle, value, csv,
                                 "How far back every layer remembers from the cursor: for each channel the tokens until half of what was written in its slowest cell is gone, by the decays of these very tokens, "
                                 "at most 4096 of them. Where the history ends first, the number is a least one."};

}  // namespace lab
