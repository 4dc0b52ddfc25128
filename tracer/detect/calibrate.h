#pragma once
// Limits from runs in which nothing happens: so that a rule is wrong once in so many tokens. Source: analysis.md 3.3.
#include "tracer/detect/rules.h"

namespace lab {

/// Tokens of `values` at which something is found: beyond the limit, and not within `dead_tokens` of the one before. What lasts
/// longer counts again, so that a milder limit does not count more.
std::int64_t count_alarms(std::span<const float> values, double limit, Worse worse, std::int64_t dead_tokens);

/// 95 % interval of the mean of a Poisson count (Garwood 1936).
struct PoissonInterval {
  double low = 0, high = 0;
};
PoissonInterval poisson_interval(std::int64_t count);

/// The limit of one layer, and how sure it is.
struct CalibratedLimit {
  double limit = 0;
  std::int64_t tokens = 0, alarms = 0;        // of the runs; alarms with this limit, after dead time
  double every = 0;                           // tokens between false alarms that were asked for
  PoissonInterval in_so_many;                 // false alarms in `every` tokens: 95 % interval of their mean
};

/// What a rule measured in one layer, by run.
using MeasuredRuns = std::vector<std::vector<float>>;
/// The mildest limit with at most one alarm in `every` of these tokens. Where nothing was measured it is one that nothing is
/// beyond.
CalibratedLimit mildest_limit(const MeasuredRuns& runs, Worse worse, std::int64_t dead_tokens, double every);
/// The rule with a limit for each layer from what it measured in the model and in each layer, so that all together are wrong
/// once in `every` tokens, and the origin "calibrated on NAME, 1 in 5,000".
Rule with_limits(Rule rule, const std::vector<MeasuredRuns>& measured, double every, const std::string& name);

/// Watches runs without an event by one rule that has no limit, and keeps what it measured: 4 bytes a token and layer.
class Calibration {
 public:
  /// A rule that says which kind, windows and dead time; its limits and `self_calibrated` are put aside.
  Calibration(const Rule& rule, std::span<const LayerInfo> layers);

  void see(const Sample& sample);
  /// The next sample begins another run.
  void next_run();

  std::int64_t tokens() const { return tokens_; }
  /// The mildest limit of a layer (-1: of the model) with at most tokens() / every alarms. Where nothing was measured it is one
  /// that nothing is beyond. Fewer than 14 tokens() / every alarms leave it uncertain by more than 27 %, as the interval says.
  CalibratedLimit limit(int layer, double every) const;
  /// The rule with a limit for each layer, so that all layers together are wrong once in `every` tokens, and the origin
  /// "calibrated on NAME, 1 in 5,000".
  Rule calibrated(double every, const std::string& name) const;

 private:
  Rule rule_;
  std::vector<LayerInfo> layers_;
  std::unique_ptr<Detector> detector_;
  std::int64_t tokens_ = 0;
  std::vector<MeasuredRuns> values_;  // [1 + layers][runs][tokens of the run]
};

}  // namespace lab
