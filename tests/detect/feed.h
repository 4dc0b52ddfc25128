#pragma once
// Samples made by hand: every test says what a layer did at a token, and gives it to a rule.
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tracer/detect/monitor.h"

namespace lab::test {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

/// What one layer did at a token; statistics are those of a quiet layer of norm 1.
struct Made {
  std::array<float, kStatistics> statistics{};
  std::vector<float> state, residual;

  Made() {
    statistics.fill(1);
    set(Statistic::h_nonfinite, 0);
    set(Statistic::gate_shut, 0);
    set(Statistic::decay_mean, 0.9f);
  }
  Made& set(Statistic which, double value) {
    statistics[static_cast<std::size_t>(which)] = static_cast<float>(value);
    return *this;
  }
};
inline Made of_norm(double norm) { return Made().set(Statistic::h_norm, norm); }
inline Made of_state(std::vector<float> state) {
  Made made;
  double sum = 0;
  for (const float x : state) sum += static_cast<double>(x) * x;
  made.set(Statistic::h_norm, std::sqrt(sum));
  made.state = std::move(state);
  return made;
}

inline std::vector<LayerInfo> quiet_layers(std::size_t count) { return std::vector<LayerInfo>(count, LayerInfo{.kind = "mamba2"}); }

inline Rule rule_of(const std::string& kind) {
  REQUIRE(find_rule_kind(kind) != nullptr);
  Rule rule = default_rule(*find_rule_kind(kind));
  rule.on = true;
  return rule;
}
inline Rule rule_of(const std::string& kind, double limit) {
  Rule rule = rule_of(kind);
  rule.limit = limit;
  rule.self_calibrated = false;
  return rule;
}

/// A monitor and the token that comes next.
struct Watched {
  Watched(std::vector<Rule> rules, std::size_t layer_count = 1, std::int64_t first = 0)
      : layers(quiet_layers(layer_count)), monitor(std::move(rules), layers), token(first) {}
  explicit Watched(const Rule& rule) : Watched(std::vector<Rule>{rule}) {}

  void see(const std::vector<Made>& made, std::span<const float> logits = {}) {
    std::vector<LayerSample> samples;
    for (const Made& one : made) samples.push_back({one.statistics, one.state, one.residual});
    for (Alert& alert : monitor.see({.token = token, .id = 0, .layers = samples, .logits = logits})) alerts.push_back(std::move(alert));
    ++token;
  }
  void see(const Made& made) { see(std::vector<Made>{made}); }

  std::vector<LayerInfo> layers;
  Monitor monitor;
  std::int64_t token;
  std::vector<Alert> alerts;
};

}  // namespace lab::test
