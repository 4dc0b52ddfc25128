// How far back a layer's channels see from the cursor's token: half-life and horizon of each, the slowest first.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "views/figures/content_text.h"
#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

/// The slowest cell of each channel.
std::vector<Reach> by_channel(const std::vector<Reach>& cells, std::int64_t states) {
  std::vector<Reach> channels;
  for (std::size_t i = 0; i < cells.size(); i += static_cast<std::size_t>(states))
    channels.push_back(*std::max_element(cells.begin() + static_cast<std::ptrdiff_t>(i), cells.begin() + static_cast<std::ptrdiff_t>(i) + states,
                                         [](const Reach& a, const Reach& b) { return a.tokens < b.tokens; }));
  return channels;
}

/// Channels from the slowest to the fastest, by half-life.
std::vector<std::size_t> slowest_first(const std::vector<Reach>& half) {
  std::vector<std::size_t> order(half.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return half[a].tokens > half[b].tokens; });
  return order;
}

/// How many channels are slower than the history is long.
std::int64_t beyond(const std::vector<Reach>& channels) {
  return std::ranges::count_if(channels, [](const Reach& reach) { return !reach.is_reached; });
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions&) {
  if (!derived.reach || derived.reach->half.empty() || derived.reach->token < 0) {
    const LayerInfo* layer = selected_layer(snapshot);
    return layer && layer->has_cache() ? no_recurrence(snapshot) : not_there(snapshot, derived, "half-lives");
  }
  const std::vector<Reach> half = by_channel(derived.reach->half, derived.reach->states), horizon = by_channel(derived.reach->horizon, derived.reach->states);
  const std::vector<std::size_t> order = slowest_first(half);
  Plot plot{.title = "Half-life", .subtitle = subtitle_of("half-life", snapshot, derived)};
  double low = 1, high = 1;
  for (const auto& [channels, name, ink] : {std::tuple{&horizon, "1 % left", Ink::run_b}, std::tuple{&half, "half left", Ink::run_a}}) {
    LineLayer line{.ink = ink, .name = name};
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Reach& reach = (*channels)[order[i]];
      line.x.push_back(static_cast<double>(i));
      line.y.push_back(static_cast<float>(reach.tokens));
      if (reach.tokens > 0) low = std::min(low, reach.tokens), high = std::max(high, reach.tokens);
    }
    plot.layers.emplace_back(std::move(line));
  }
  plot.x = {.label = "channels, slowest first", .low = -0.5, .high = static_cast<double>(order.size()) - 0.5, .whole_numbers = true};
  plot.y = {.label = "tokens", .low = low / 1.2, .high = high * 1.2, .scaling = Scaling::log};
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot&, const Derived& derived) {
  if (!derived.reach) return "";
  const LayerReach& reach = *derived.reach;
  const std::int64_t slower = beyond(by_channel(reach.half, reach.states));
  return fmt::format("layer {} · from t = {} back{}", reach.layer, reach.token, slower > 0 ? fmt::format(" · {} channel{} beyond the history", slower, slower == 1 ? "" : "s") : "");
}

std::string reach_text(const Reach& reach) { return (reach.is_reached ? "" : "more than ") + number_text(reach.tokens, 4) + " tokens"; }

std::string value(const FigureInput& input, int, double x, double) {
  if (!input.derived.reach) return "";
  const LayerReach& reach = *input.derived.reach;
  const std::vector<Reach> half = by_channel(reach.half, reach.states), horizon = by_channel(reach.horizon, reach.states);
  const auto i = static_cast<std::int64_t>(std::floor(x + 0.5));
  if (i < 0 || i >= std::ssize(half)) return "";
  const std::size_t channel = slowest_first(half)[static_cast<std::size_t>(i)];
  return fmt::format("{}\t\nhalf left after\t{}\n1 % left after\t{}", channel_text(input.snapshot, static_cast<std::int64_t>(channel)), reach_text(half[channel]),
                     reach_text(horizon[channel]));
}

std::string csv(const FigureInput& input) {
  std::string text = "layer,token,channel,state,half_life,is_reached,horizon,horizon_is_reached\n";
  if (!input.derived.reach) return text;
  const LayerReach& reach = *input.derived.reach;
  for (std::size_t i = 0; i < reach.half.size(); ++i) {
    const auto cell = static_cast<std::int64_t>(i);
    text += fmt::format("{},{},{},{},{},{},{},{}\n", reach.layer, reach.token, cell / reach.states, cell % reach.states, reach.half[i].tokens,
                        reach.half[i].is_reached ? 1 : 0, reach.horizon[i].tokens, reach.horizon[i].is_reached ? 1 : 0);
  }
  return text;
}

bool applies(const Snapshot& snapshot) {
  const LayerInfo* layer = selected_layer(snapshot);
  return layer && !layer->has_cache();
}

}  // namespace

const FigureCode kHalfLife = {{"half-life", "Half-life", {.reach = true}, 0.6, make, applies}, subtitle, value, csv,
                              "How far back each cell of the layer remembers from the cursor: the tokens until half of what was written, and until a hundredth of it, are left, by the decays of "
                              "these very tokens. Where the history ends first, the number is a least one."};

}  // namespace lab
