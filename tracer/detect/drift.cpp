#include "tracer/detect/drift.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "model/base/check.h"

namespace lab {

DriftStep drift_between(std::span<const float> a, std::span<const float> b) {
  LAB_CHECK(a.size(), ==, b.size());
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  double aa = 0, bb = 0, ab = 0, difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    aa += x * x;
    bb += y * y;
    ab += x * y;
    difference += (y - x) * (y - x);
  }
  if (!(aa >= kLeastNorm * kLeastNorm)) return {kUndefined, kUndefined, kUndefined};
  return {std::log(bb / aa) / 2, bb >= kLeastNorm * kLeastNorm ? 1 - ab / std::sqrt(aa * bb) : kUndefined, std::sqrt(difference / aa)};
}

Drift::Drift(const Rule& rule, std::span<const LayerInfo> layers, Measure measure)
    : Meter(rule, layers), measure_(measure), layers_(layers.size()) {
  const std::vector<bool> recurrent = recurrent_layers(layers);
  for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].watched = recurrent[i];
}

std::optional<double> Drift::measure(const Sample& sample, int layer) {
  Layer& own = layers_[static_cast<std::size_t>(layer)];
  if (!own.watched || (sample.token + 1) % kDriftChunk != 0) return {};
  end_chunk(sample.layers[static_cast<std::size_t>(layer)], own);
  return own.value;
}

void Drift::end_chunk(const LayerSample& sample, Layer& layer) const {
  if (measure_ == Measure::growth) {
    const double norm = value_of(sample, Statistic::h_norm);
    std::rotate(layer.growth.begin(), layer.growth.begin() + 1, layer.growth.end());
    layer.growth.back() = layer.norm >= kLeastNorm && norm >= kLeastNorm ? std::log(norm / layer.norm) : kNothing;
    layer.norm = norm;
    const auto [least, most] = std::minmax_element(layer.growth.begin(), layer.growth.end());
    layer.value = *least > 0 ? *least : *most < 0 ? -*most : 0;
    if (std::any_of(layer.growth.begin(), layer.growth.end(), [](double x) { return std::isnan(x); })) layer.value = kNothing;
    return;
  }
  layer.value = kNothing;
  if (!layer.state.empty() && layer.state.size() == sample.state.size()) {
    const DriftStep step = drift_between(layer.state, sample.state);
    layer.value = measure_ == Measure::turn ? step.turn : step.seed_drift;
  }
  layer.state.assign(sample.state.begin(), sample.state.end());
}

std::string Drift::say(const Sample& sample, int layer, double value, double) const {
  const Layer& own = layers_[static_cast<std::size_t>(layer)];
  const std::string where = fmt::format("up to token {}", sample.token);
  if (measure_ == Measure::turn)
    return fmt::format("the state turned by 1 - cos = {:.3g} in the {} tokens {}", own.value, kDriftChunk, where);
  if (measure_ == Measure::seed_drift)
    return fmt::format("||h - h before|| / ||h before|| = {:.3g} over the {} tokens {}, which needs a norm ratio of at least {:.3g}",
                       value, kDriftChunk, where, value - 1);
  return fmt::format("the norm changed {:.3g}, {:.3g} and {:.3g} fold in the last three chunks of {} tokens {}",
                     std::exp(own.growth[0]), std::exp(own.growth[1]), std::exp(own.growth[2]), kDriftChunk, where);
}

}  // namespace lab
