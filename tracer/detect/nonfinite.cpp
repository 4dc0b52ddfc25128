#include "tracer/detect/nonfinite.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace lab {

namespace {

bool is_nonfinite(float value) { return (std::bit_cast<std::uint32_t>(value) & 0x7f800000u) == 0x7f800000u; }

}  // namespace

std::int64_t count_nonfinite(std::span<const float> values) { return std::count_if(values.begin(), values.end(), is_nonfinite); }

NonFinite::NonFinite(const Rule& rule, std::span<const LayerInfo> layers) : Meter(rule, layers) {
  for (const LayerInfo& layer : layers) recorded_.push_back(layer.statistics & kScanStatistics);
}

NonFinite::Places NonFinite::look(const LayerSample& layer, std::uint32_t recorded) const {
  Places places;
  const auto add = [&](std::int64_t count, const char* name) {
    if (count == 0) return;
    places.count += count;
    places.names += fmt::format("{}{} ({})", places.names.empty() ? "" : ", ", name, count);
  };
  for (int i = 0; i < static_cast<int>(layer.statistics.size()); ++i) {
    const float value = layer.statistics[static_cast<std::size_t>(i)];
    const auto which = static_cast<Statistic>(i);
    if (!(recorded >> i & 1)) continue;
    if (which == Statistic::h_nonfinite && !is_nonfinite(value)) add(static_cast<std::int64_t>(value), "h");
    else add(is_nonfinite(value), name_of(which));
  }
  if (!(recorded & bit(Statistic::h_nonfinite)) || layer.statistics.empty()) add(count_nonfinite(layer.state), "h");
  add(count_nonfinite(layer.residual), "resid_out");
  return places;
}

std::optional<double> NonFinite::measure(const Sample& sample, int layer) {
  const auto index = static_cast<std::size_t>(layer);
  return static_cast<double>(look(sample.layers[index], recorded_[index]).count);
}

double NonFinite::measure_model(const Sample& sample) { return static_cast<double>(count_nonfinite(sample.logits)); }

std::string NonFinite::say(const Sample& sample, int layer, double value, double) const {
  const auto index = static_cast<std::size_t>(layer);
  return layer < 0 ? fmt::format("{} of {} logits are NaN or infinite", value, sample.logits.size())
                   : fmt::format("NaN or infinite: {}", look(sample.layers[index], recorded_[index]).names);
}

}  // namespace lab
