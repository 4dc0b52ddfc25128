#include "tracer/detect/norms.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace lab {

Track::Track(const Rule& rule, std::span<const LayerInfo> layers, const Options& options)
    : Meter(rule, layers), options_(options), watched_(recurrent_layers(layers)), last_(layers.size()) {
  if (!options.recurrent_only) watched_.assign(layers.size(), true);
}

std::optional<double> Track::measure(const Sample& sample, int layer) {
  const auto index = static_cast<std::size_t>(layer);
  const double value = value_of(sample.layers[index], options_.statistic);
  if (!watched_[index]) return kNothing;
  if (options_.mean_of == 1) return value;
  auto& last = last_[index];
  if (std::isnan(value)) last.clear();
  else last.push_back(value);
  if (std::ssize(last) > options_.mean_of) last.erase(last.begin());
  if (std::ssize(last) < options_.mean_of) return kNothing;
  return std::accumulate(last.begin(), last.end(), 0.0) / static_cast<double>(last.size());
}

std::string Track::say(const Sample&, int, double value, double limit) const {
  std::string text = name_of(options_.statistic);
  if (options_.mean_of > 1) text += fmt::format(", mean of {} tokens,", options_.mean_of);
  text += fmt::format(" is {:.4g}, {} {:.4g}", value, value > limit ? "above" : "below", limit);
  if (rule().held > 1) text += fmt::format(" for {} tokens", rule().held);
  return text;
}

NormJump::NormJump(const Rule& rule, std::span<const LayerInfo> layers)
    : Meter(rule, layers), watched_(recurrent_layers(layers)), last_(layers.size()) {}

std::optional<double> NormJump::measure(const Sample& sample, int layer) {
  const auto index = static_cast<std::size_t>(layer);
  const double norm = value_of(sample.layers[index], Statistic::h_norm);
  auto& last = last_[index];
  if (!watched_[index] || !std::isfinite(norm)) {
    last.clear();
    return kNothing;
  }
  double ratio = kNothing;
  if (last.size() == kBefore) {
    std::vector<double> before = last;
    const double median = median_of(before);
    if (median > 0) ratio = norm / median;
    last.erase(last.begin());
  }
  last.push_back(norm);
  return ratio;
}

std::string NormJump::say(const Sample& sample, int layer, double value, double) const {
  return fmt::format("the norm of the state is {:.4g}, {:.3g} times the median of the {} tokens before",
                     value_of(sample.layers[static_cast<std::size_t>(layer)], Statistic::h_norm), value, kBefore);
}

std::optional<double> DeadChannels::measure(const Sample& sample, int layer) {
  const std::span<const float> state = sample.layers[static_cast<std::size_t>(layer)].state;
  Block& block = blocks_[static_cast<std::size_t>(layer)];
  if (state.empty()) {
    block = {};
    return kNothing;
  }
  if (block.tokens == 0) block.largest.assign(state.size(), 0.0f);
  for (std::size_t i = 0; i < state.size(); ++i) block.largest[i] = std::max(block.largest[i], std::abs(state[i]));
  if (++block.tokens < kBlock) return {};
  const float dead = kDead * *std::max_element(block.largest.begin(), block.largest.end());
  const auto count = std::count_if(block.largest.begin(), block.largest.end(), [&](float x) { return x <= dead; });
  block.tokens = 0;
  return static_cast<double>(count) / static_cast<double>(state.size());
}

std::string DeadChannels::say(const Sample&, int, double value, double) const {
  return fmt::format("{:.3g} % of the state stayed below a millionth of its largest element for {} tokens", 100 * value, kBlock);
}

}  // namespace lab
