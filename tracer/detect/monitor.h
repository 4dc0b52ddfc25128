#pragma once
// All rules of a run, and what they found.
#include "tracer/detect/rules.h"

namespace lab {

struct Alert {
  Finding finding;
  int rule = 0;  // index into Monitor::rules()
};

/// Watches a run by rules that check_rule accepts. A value: a copy goes on exactly as the original would.
class Monitor {
 public:
  Monitor() = default;
  /// `rates`: of each layer, for the rules that compare with them; none where nobody knows.
  Monitor(std::vector<Rule> rules, std::span<const LayerInfo> layers, std::span<const std::vector<float>> rates = {});
  Monitor(const Monitor& other);
  Monitor& operator=(const Monitor& other);
  Monitor(Monitor&&) noexcept = default;
  Monitor& operator=(Monitor&&) noexcept = default;

  const std::vector<Rule>& rules() const { return rules_; }
  /// What the rules that are on need together.
  Needs needs() const;
  /// Looks at the next token. Alerts come by rule, then as the detector found them; a rule is quiet for its dead time after
  /// an alert of the same layer.
  std::vector<Alert> see(const Sample& sample);
  /// What a rule measured last in a layer (-1: in the model), in the unit of its limit; NaN while it has nothing to say or is off.
  float measured(int rule, int layer) const;
  /// How many alerts a rule has given so far.
  std::int64_t count(int rule) const { return counts_[static_cast<std::size_t>(rule)]; }

 private:
  std::vector<Rule> rules_;
  std::vector<std::unique_ptr<Detector>> detectors_;    // one a rule; none where it is off
  std::vector<std::vector<std::int64_t>> quiet_until_;  // [rule][1 + layers]
  std::vector<std::int64_t> counts_;
};

}  // namespace lab
