#include "tracer/analysis/discretisation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "model/base/check.h"

namespace lab {

const char* name_of(Discretisation rule) {
  static constexpr const char* kNames[kDiscretisations] = {"exact", "Euler", "zero-order hold", "bilinear"};
  return kNames[static_cast<std::size_t>(rule)];
}

DiscreteStep discrete_step(Discretisation rule, double z) {
  switch (rule) {
    case Discretisation::exact: return {std::exp(z), 1};
    case Discretisation::euler: return {1 + z, 1};
    case Discretisation::zero_order_hold: return {std::exp(z), z == 0 ? 1 : std::expm1(z) / z};
    case Discretisation::bilinear: return {(1 + z / 2) / (1 - z / 2), 1 / (1 - z / 2)};
  }
  return {};
}

DiscretisationBench::DiscretisationBench(std::int64_t tokens, const StepBounds* bounds)
    : tokens_(tokens), bounds_(bounds ? *bounds : StepBounds()), exact_(static_cast<std::size_t>(tokens)) {
  for (const bool is_clamped : {false, true}) {
    if (is_clamped && !bounds) break;
    for (int i = 0; i < kDiscretisations; ++i) {
      const auto rule = static_cast<Discretisation>(i);
      std::string name = name_of(rule);
      if (is_clamped) name += fmt::format(", Δ in [{}, {}]", bounds_.low, bounds_.high);
      rules_.push_back({{.rule = rule, .is_clamped = is_clamped, .name = std::move(name)}, std::vector<double>(exact_.size())});
    }
  }
}

void DiscretisationBench::add(const Recurrence& channels) {
  LAB_CHECK(channels.tokens, ==, tokens_);
  LAB_CHECK(channels.shifts.empty() && channels.exponents.empty(), ==, true);
  for (std::int64_t c = 0; c < channels.channels; ++c) add_channel(channels, c);
}

void DiscretisationBench::add_channel(const Recurrence& r, std::int64_t channel) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  const auto states = static_cast<std::size_t>(r.states), c = static_cast<std::size_t>(channel);
  std::vector<double> start(states), rates(states);
  for (std::size_t n = 0; n < states; ++n) start[n] = static_cast<double>(r.h[c * states + n]), rates[n] = static_cast<double>(r.A[c * states + n]);
  std::vector<std::vector<double>> h(rules_.size(), start);
  for (std::int64_t t = 0; t < tokens_; ++t) {
    const auto at = static_cast<std::size_t>(t * r.channels + channel);
    const double step = static_cast<double>(r.steps[at]), x = static_cast<double>(r.x[at]);
    const double clamped = std::clamp(step, bounds_.low, std::max(bounds_.low, bounds_.high));
    const float* B = r.B.data() + (r.shared ? t : t * r.channels + channel) * r.states;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      Rule& rule = rules_[i];
      const double by = rule.curve.is_clamped ? clamped : step;
      const double written = rule.curve.is_clamped && step > 0 ? x / step * clamped : x;  // x is Delta times what is written
      for (std::size_t n = 0; n < states; ++n) {
        const DiscreteStep next = discrete_step(rule.curve.rule, by * rates[n]);
        double& cell = h[i][n];
        cell = next.keep * cell + next.write * written * static_cast<double>(B[n]);
        if (!(std::fabs(cell) <= kLargest) && (rule.curve.first_overflow < 0 || t < rule.curve.first_overflow)) rule.curve.first_overflow = t;
        const double difference = cell - h[0][n];
        rule.squares[static_cast<std::size_t>(t)] += difference * difference;
        if (i == 0) exact_[static_cast<std::size_t>(t)] += cell * cell;
        rule.curve.largest_keep = std::max(rule.curve.largest_keep, std::fabs(next.keep));
        rule.growing += std::fabs(next.keep) > 1 ? 1 : 0;
      }
      rule.steps += r.states;
    }
  }
}

std::vector<DiscretisationCurve> DiscretisationBench::finish() const {
  std::vector<DiscretisationCurve> curves;
  for (const Rule& rule : rules_) {
    DiscretisationCurve curve = rule.curve;
    for (std::size_t t = 0; t < exact_.size(); ++t) curve.error.push_back(std::sqrt(rule.squares[t] / exact_[t]));
    curve.growing = rule.steps > 0 ? static_cast<double>(rule.growing) / static_cast<double>(rule.steps) : 0;
    curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace lab
