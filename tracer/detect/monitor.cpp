#include "tracer/detect/monitor.h"

#include <limits>

#include "model/base/check.h"

namespace lab {

Monitor::Monitor(std::vector<Rule> rules, std::span<const LayerInfo> layers, std::span<const std::vector<float>> rates)
    : rules_(std::move(rules)), counts_(rules_.size()) {
  for (const Rule& rule : rules_) {
    LAB_CHECK(static_cast<bool>(check_rule(rule, std::ssize(layers))), ==, true);
    detectors_.push_back(rule.on ? find_rule_kind(rule.kind)->make(rule, {layers, rates}) : nullptr);
    quiet_until_.emplace_back(layers.size() + 1, std::numeric_limits<std::int64_t>::min());
  }
}

Monitor::Monitor(const Monitor& other) : rules_(other.rules_), quiet_until_(other.quiet_until_), counts_(other.counts_) {
  for (const auto& detector : other.detectors_) detectors_.push_back(detector ? detector->clone() : nullptr);
}

Monitor& Monitor::operator=(const Monitor& other) { return *this = Monitor(other); }

Needs Monitor::needs() const {
  Needs all;
  for (const auto& detector : detectors_) {
    if (!detector) continue;
    const Needs one = detector->needs();
    all = {all.states || one.states, all.residuals || one.residuals, all.logits || one.logits, all.steps || one.steps};
  }
  return all;
}

std::vector<Alert> Monitor::see(const Sample& sample) {
  std::vector<Alert> alerts;
  std::vector<Finding> found;
  for (std::size_t i = 0; i < detectors_.size(); ++i) {
    if (!detectors_[i]) continue;
    found.clear();
    detectors_[i]->see(sample, found);
    for (Finding& finding : found) {
      std::int64_t& quiet_until = quiet_until_[i].at(static_cast<std::size_t>(finding.layer + 1));
      if (finding.token < quiet_until) continue;
      quiet_until = finding.token + rules_[i].dead_tokens;
      ++counts_[i];
      alerts.push_back({std::move(finding), static_cast<int>(i)});
    }
  }
  return alerts;
}

float Monitor::measured(int rule, int layer) const {
  const auto& detector = detectors_[static_cast<std::size_t>(rule)];
  return detector ? detector->measured(layer) : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace lab
