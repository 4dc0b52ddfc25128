#include "tracer/detect/explosion.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace lab {

double theil_sen(std::span<const double> values, double step) {
  std::vector<double> slopes;
  slopes.reserve(values.size() * values.size() / 2);
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = i + 1; j < values.size(); ++j) slopes.push_back((values[j] - values[i]) / (static_cast<double>(j - i) * step));
  return median_of(slopes);
}

void Ceiling::see(const LayerSample& layer) {
  const double write = value_of(layer, Statistic::write_norm);
  if (std::isfinite(write) && !(write <= write_)) write_ = write;
  decay_ = value_of(layer, Statistic::decay_mean);
}

double Ceiling::value() const { return decay_ >= 1 ? std::numeric_limits<double>::infinity() : write_ / (1 - decay_); }

double Ceiling::half_life() const {
  return decay_ >= 1 ? std::numeric_limits<double>::infinity() : -std::numbers::ln2 / std::log(decay_);
}

Explosion::Explosion(const Rule& rule, std::span<const LayerInfo> layers) : Meter(rule, layers), layers_(layers.size()) {
  const std::vector<bool> recurrent = recurrent_layers(layers);
  for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].watched = recurrent[i];
}

std::optional<double> Explosion::measure(const Sample& sample, int layer) {
  const LayerSample& given = sample.layers[static_cast<std::size_t>(layer)];
  Layer& own = layers_[static_cast<std::size_t>(layer)];
  const double norm = value_of(given, Statistic::h_norm);
  own.ceiling.see(given);
  if (!own.watched || !(norm > 0) || !std::isfinite(norm)) {
    own.sum = 0;
    own.summed = 0;
    own.means.clear();
    return own.growth = own.slope = kNothing;
  }
  own.sum += std::log(norm);
  if (++own.summed < kMeanOf) return {};
  own.means.push_back(own.sum / static_cast<double>(kMeanOf));
  own.sum = 0;
  own.summed = 0;
  if (own.means.size() > kNewest) own.largest = std::max(own.largest, own.means[own.means.size() - 1 - kNewest]);
  if (own.means.size() > kKept) own.means.erase(own.means.begin());
  if (own.means.size() < kKept) return {};
  const std::span<const double> all = own.means;
  own.slope = theil_sen(all, kMeanOf);
  own.growth = 100 * std::expm1(std::min(own.slope, theil_sen(all.last(kNewest), kMeanOf)));
  if (own.slope > 0) {
    const double older = theil_sen(all.first(kKept / 2), kMeanOf), newer = theil_sen(all.last(kKept / 2), kMeanOf);
    const auto newest = all.last(kNewest);
    const bool is_larger_than_ever = *std::max_element(newest.begin(), newest.end()) > own.largest;
    if (newer <= 0 || newer < kLevelsOff * older || !is_larger_than_ever) own.growth = 0;
  }
  return own.growth;
}

namespace {

std::string allowed(double norm, const Ceiling& ceiling) {
  if (std::isnan(ceiling.value())) return "";
  if (std::isinf(ceiling.value())) return "; its mean decay is 1 or more, so there is no ceiling";
  return fmt::format("; at {:.4g} it is {:.3g} of what its writes allow (largest write {:.3g} over 1 - mean decay {:.4g})", norm,
                     norm / ceiling.value(), ceiling.write(), ceiling.decay());
}

}  // namespace

std::string Explosion::say(const Sample& sample, int layer, double, double) const {
  const Layer& own = layers_[static_cast<std::size_t>(layer)];
  const double norm = value_of(sample.layers[static_cast<std::size_t>(layer)], Statistic::h_norm);
  return fmt::format("explosion: the norm grows {:.3g} % a token, doubles every {:.1f} tokens and does not level off{}", own.growth,
                     std::numbers::ln2 / own.slope, allowed(norm, own.ceiling));
}

NormCeiling::NormCeiling(const Rule& rule, std::span<const LayerInfo> layers) : Meter(rule, layers), layers_(layers.size()) {
  const std::vector<bool> recurrent = recurrent_layers(layers);
  for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].watched = recurrent[i];
}

std::optional<double> NormCeiling::measure(const Sample& sample, int layer) {
  const LayerSample& given = sample.layers[static_cast<std::size_t>(layer)];
  Layer& own = layers_[static_cast<std::size_t>(layer)];
  const double norm = value_of(given, Statistic::h_norm);
  own.ceiling.see(given);
  if (!own.watched || !std::isfinite(norm)) return kNothing;
  own.before = own.norm;
  own.norm = norm;
  if (norm > 0) own.logs.push_back(std::log(norm));
  else own.logs.clear();
  if (own.logs.size() > 256) own.logs.erase(own.logs.begin());
  if (own.seen < kReference) {
    ++own.seen;
    own.largest = std::max(own.largest, norm);
    return kNothing;
  }
  return own.largest > 0 ? norm / own.largest : kNothing;
}

std::string NormCeiling::say(const Sample&, int layer, double value, double) const {
  const Layer& own = layers_[static_cast<std::size_t>(layer)];
  const std::string what = fmt::format("the norm is {:.4g}, {:.3g} times the largest of the first {} tokens", own.norm, value, kReference);
  if (std::log(own.norm / own.before) > std::log(value) / 2)
    return fmt::format("spike: {}, {:.3g} times that of the token before; it halves in {:.3g} tokens (mean decay {:.4g})", what,
                       own.norm / own.before, own.ceiling.half_life(), own.ceiling.decay());
  const double slope = theil_sen(own.logs, 1);
  return slope > 0 ? fmt::format("explosion: {}, and doubles every {:.1f} tokens{}", what, std::numbers::ln2 / slope, allowed(own.norm, own.ceiling))
                   : fmt::format("{}, and does not grow now{}", what, allowed(own.norm, own.ceiling));
}

}  // namespace lab
