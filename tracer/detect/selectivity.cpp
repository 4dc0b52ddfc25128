#include "tracer/detect/selectivity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "model/base/check.h"

namespace lab {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kBlocks = OverSelectivity::kWindow / OverSelectivity::kBlock;
constexpr std::int64_t kDeadTime = 64;  // tokens for which what was found and found again is one event
constexpr std::int64_t kLastingWindows = 64 / OverSelectivity::kBlock;

enum Count : std::size_t { kResets, kLow, kHigh, kCounts };  // behind the time steps

}  // namespace

OverSelectivity::OverSelectivity(std::vector<std::vector<float>> rates, SelectivityOptions options)
    : rates_(std::move(rates)), options_(std::move(options)), layers_(rates_.size()) {
  if (!options_.usual.empty()) LAB_CHECK(options_.usual.size(), ==, rates_.size());
  for (Layer& layer : layers_) layer.last = {kNothing, kNothing, kNothing, kNothing, kNothing};
}

void OverSelectivity::see(const Sample& sample, std::vector<Finding>& found) {
  LAB_CHECK(sample.layers.size(), ==, layers_.size());
  const bool begins = seen_ % kBlock == 0, ends = ++seen_ % kBlock == 0;
  if (begins) boundaries_.next();
  boundaries_.block()[0] += std::count(options_.boundaries.begin(), options_.boundaries.end(), sample.id);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (rates_[l].empty() || sample.layers[l].steps.empty()) continue;
    if (begins && layers_[l].sums.width() > 0) layers_[l].sums.next();
    add(l, sample.layers[l]);
    if (!ends || seen_ < kWindow) continue;
    measure(l);
    judge(l, sample.token, found);
  }
}

void OverSelectivity::add(std::size_t l, const LayerSample& sample) {
  Layer& layer = layers_[l];
  const std::vector<float>& rates = rates_[l];
  const std::span<const float> steps = sample.steps, state = sample.state;
  if (layer.sums.width() == 0) layer.sums = WindowSums(steps.size() + kCounts, kBlocks);
  const std::span<double> sums = layer.sums.block();
  LAB_CHECK(sums.size(), ==, steps.size() + kCounts);
  LAB_CHECK(rates.size() % steps.size(), ==, 0u);
  LAB_CHECK(state.size() % rates.size(), ==, 0u);
  const std::span<double> counts = sums.subspan(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    sums[i] += steps[i];
    counts[kLow] += steps[i] <= static_cast<float>(options_.step_low);
    counts[kHigh] += steps[i] >= static_cast<float>(options_.step_high);
  }
  const std::size_t rates_a_step = rates.size() / steps.size(), cells = state.size() / rates.size();
  double kept = 0, before = 0;
  for (std::size_t c = 0; c < layer.energy.size(); ++c) {
    kept += std::exp(static_cast<double>(steps[c / rates_a_step]) * rates[c]) * layer.energy[c];
    before += layer.energy[c];
  }
  counts[kResets] += before > 0 && 1 - kept / before > options_.reset;
  layer.energy.resize(rates.size());
  for (std::size_t c = 0; c < rates.size(); ++c) {
    const std::span<const float> part = state.subspan(c * cells, cells);
    layer.energy[c] = std::accumulate(part.begin(), part.end(), 0.0,
                                      [](double sum, float h) { return sum + static_cast<double>(h) * h; });
  }
}

void OverSelectivity::measure(std::size_t l) {
  Layer& layer = layers_[l];
  std::vector<double> total(layer.sums.width());
  layer.sums.total(total);
  const std::size_t steps = total.size() - kCounts, rates_a_step = rates_[l].size() / steps;
  const auto n = static_cast<double>(kWindow);
  const double energy = std::accumulate(layer.energy.begin(), layer.energy.end(), 0.0);
  double log_memory = 0, short_energy = 0;
  for (std::size_t c = 0; c < layer.energy.size(); ++c) {
    if (layer.energy[c] == 0) continue;
    const double half_life = std::numbers::ln2 / (total[c / rates_a_step] / n * -static_cast<double>(rates_[l][c]));
    const double share = layer.energy[c] / energy;
    log_memory += share * std::log(half_life);
    if (half_life < options_.short_life) short_energy += share;
  }
  const std::span<const double> counts = std::span(total).subspan(steps);
  layer.last = {.memory = energy > 0 ? std::exp(log_memory) : kNothing,
                .short_energy = energy > 0 ? short_energy : kNothing,
                .resets = counts[kResets] / n,
                .at_low = counts[kLow] / (n * static_cast<double>(steps)),
                .at_high = counts[kHigh] / (n * static_cast<double>(steps))};
  if (!std::isfinite(log_memory) || energy == 0) return;
  UsualSelectivity& u = layer.usual;
  u.least = layer.windows > 0 ? std::min(u.least, layer.last.memory) : layer.last.memory;
  u.most = std::max(u.most, layer.last.memory);
  u.short_energy = std::max(u.short_energy, short_energy);
  u.resets = std::max(u.resets, layer.last.resets);
  layer.log_memory += log_memory;
  layer.windows += 1;
}

void OverSelectivity::judge(std::size_t l, std::int64_t token, std::vector<Finding>& found) {
  Layer& layer = layers_[l];
  const Selectivity& s = layer.last;
  const auto say = [&](Cause cause, double value, double limit, std::string text) {
    std::int64_t& last = layer.last_found[cause];
    if (last < 0 || token - last > kDeadTime)
      found.push_back(
          {.token = token, .layer = static_cast<int>(l), .value = value, .limit = limit, .text = std::move(text)});
    last = token;
  };
  const bool is_calibrated = !options_.usual.empty();
  const UsualSelectivity usual =
      is_calibrated ? options_.usual[l] : UsualSelectivity{kNothing, kNothing, kNothing, kNothing, 0};
  const double low = std::min(usual.memory * options_.memory, usual.least),
               high = std::max(usual.memory / options_.memory, usual.most);
  const double most = usual.short_energy + options_.short_energy, most_resets = usual.resets + options_.reset_tokens;
  const auto lasts = [&](Cause cause, bool holds) {
    layer.lasting[cause] = holds ? layer.lasting[cause] + 1 : 0;
    return layer.lasting[cause] >= kLastingWindows;
  };
  if (lasts(forgets, s.memory < low))
    say(forgets, s.memory, low,
        fmt::format("forgets fast: half of the state is gone after {:.3g} tokens, usually after {:.3g}", s.memory,
                    usual.memory));
  if (lasts(keeps, s.memory > high))
    say(keeps, s.memory, high,
        fmt::format("never forgets: half of the state is gone after {:.3g} tokens, usually after {:.3g}", s.memory,
                    usual.memory));
  if (lasts(short_lived, s.short_energy > most))
    say(short_lived, s.short_energy, most,
        fmt::format("forgets fast: {:.0f} % of the state's energy has a half-life below {:g} tokens, usually {:.0f} % "
                    "at the most",
                    100 * s.short_energy, options_.short_life, 100 * usual.short_energy));
  std::array<double, 1> boundaries{};
  boundaries_.total(boundaries);
  if (s.resets > most_resets && boundaries[0] == 0)
    say(resets, s.resets, most_resets,
        fmt::format("resets itself: {:.0f} % of 128 tokens lose more than {:.0f} % of the state{}", 100 * s.resets,
                    100 * options_.reset, is_calibrated ? "" : " (not calibrated)"));
  if (options_.is_clamped && s.at_high > options_.clamped)
    say(clamped, s.at_high, options_.clamped,
        fmt::format("forgets as fast as it may: {:.0f} % of the time steps are at their limit {:g}", 100 * s.at_high,
                    options_.step_high));
}

float OverSelectivity::measured(int layer) const { return static_cast<float>(layer < 0 ? kNothing : of(layer).resets); }

std::vector<UsualSelectivity> OverSelectivity::usual() const {
  std::vector<UsualSelectivity> all;
  for (const Layer& layer : layers_) {
    all.push_back(layer.windows > 0 ? layer.usual : UsualSelectivity{kNothing, kNothing, kNothing, kNothing, 0});
    all.back().memory = std::exp(layer.log_memory / layer.windows);  // 0 / 0 where there was none
  }
  return all;
}

}  // namespace lab
