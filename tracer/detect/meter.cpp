#include "tracer/detect/meter.h"

#include <algorithm>
#include <cmath>

#include "model/base/check.h"

namespace lab {

double median_of(std::span<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return values.size() % 2 ? *middle : (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double SelfScale::see(double value) {
  if (std::isnan(value)) return value;
  const double score = deviation_ > 0 ? (value - median_) / deviation_ : std::numeric_limits<double>::quiet_NaN();
  waiting_.push_back(value);
  if (waiting_.size() == kLag) refresh();
  return score;
}

// What waited becomes old only after the figures were taken, so that they never know the last 32 values.
void SelfScale::refresh() {
  if (kept_.size() >= kLeast) {
    std::vector<double> values = kept_;
    median_ = median_of(values);
    for (double& value : values) value = std::abs(value - median_);
    deviation_ = 1.4826 * median_of(values);  // the standard deviation, were they normal
  }
  for (const double value : waiting_) {
    if (kept_.size() < kKept) kept_.push_back(value);
    else kept_[next_] = value;
    next_ = (next_ + 1) % kKept;
  }
  waiting_.clear();
}

Meter::Meter(const Rule& rule, std::span<const LayerInfo> layers)
    : rule_(rule), worse_(worse_of(rule)), slots_(layers.size() + 1) {}

double Meter::limit_of(int layer) const {
  return layer < 0 || rule_.layer_limits.empty() ? rule_.limit : rule_.layer_limits[static_cast<std::size_t>(layer)];
}

void Meter::see(const Sample& sample, std::vector<Finding>& found) {
  LAB_CHECK(sample.layers.size() + 1, ==, slots_.size());
  for (int layer = -1; layer < layers(); ++layer) {
    Slot& slot = slots_[static_cast<std::size_t>(layer + 1)];
    const std::optional<double> value = layer < 0 ? measure_model(sample) : measure(sample, layer);
    if (value) slot.value = rule_.self_calibrated ? slot.scale.see(*value) : *value;
    const double limit = limit_of(layer);
    if (!is_beyond(slot.value, limit, worse_)) {
      slot.beyond = 0;
      slot.armed = true;
      continue;
    }
    ++slot.beyond;
    if (!slot.armed || slot.beyond < rule_.held || sample.token < slot.quiet_until) continue;
    if (rule_.layer >= 0 && rule_.layer != layer) continue;
    slot.armed = false;
    slot.quiet_until = sample.token + rule_.dead_tokens;
    found.push_back({sample.token, layer, slot.value, limit, say(sample, layer, slot.value, limit)});
    alarmed(layer);
  }
}

float Meter::measured(int layer) const { return static_cast<float>(slots_[static_cast<std::size_t>(layer + 1)].value); }

std::vector<bool> recurrent_layers(std::span<const LayerInfo> layers) {
  std::vector<bool> recurrent;
  for (const LayerInfo& layer : layers) recurrent.push_back(!layer.has_cache());
  return recurrent;
}

}  // namespace lab
