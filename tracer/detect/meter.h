#pragma once
// What most detectors share: they measure one number a layer and token, and something is found where it passes a limit.
#include <limits>
#include <optional>
#include <vector>

#include "tracer/detect/rules.h"

namespace lab {

/// Median of the values, which are reordered; the mean of the two in the middle where their number is even. NaN of none.
double median_of(std::span<double> values);

/// How far a number is from the earlier ones of the same run, in robust deviations: (x - median) / (1.4826 MAD) over the
/// last 2,048 of them that are older than 32 to 64 tokens. NaN before there are 64, or where they are all the same.
class SelfScale {
 public:
  double see(double value);

 private:
  static constexpr std::size_t kKept = 2048, kLag = 32, kLeast = 64;
  void refresh();

  std::vector<double> kept_, waiting_;
  std::size_t next_ = 0;
  double median_ = 0, deviation_ = 0;
};

/// Measures, compares with the limit of the rule and reports the first token of an event. An event ends when the number is
/// back within the limit; a new one within the dead time is reported at its end, if it lasts so long.
class Meter : public Detector {
 public:
  void see(const Sample& sample, std::vector<Finding>& found) final;
  float measured(int layer) const final;

 protected:
  static constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

  Meter(const Rule& rule, std::span<const LayerInfo> layers);
  const Rule& rule() const { return rule_; }
  int layers() const { return static_cast<int>(slots_.size()) - 1; }

  /// The number of a layer after a token, kNothing where there is nothing to say; called once a token. No number: nothing new,
  /// the last one stands.
  virtual std::optional<double> measure(const Sample& sample, int layer) = 0;
  /// The number of the model as a whole.
  virtual double measure_model(const Sample&) { return kNothing; }
  /// The sentence of a finding at this sample; layer -1 is the model.
  virtual std::string say(const Sample& sample, int layer, double value, double limit) const = 0;
  /// Something was found in a layer.
  virtual void alarmed(int layer) { (void)layer; }
  /// Lets an event that goes on be found again after the dead time.
  void rearm(int layer) { slots_[static_cast<std::size_t>(layer + 1)].armed = true; }

 private:
  struct Slot {
    double value = kNothing;
    std::int64_t beyond = 0;  // tokens in a row
    std::int64_t quiet_until = std::numeric_limits<std::int64_t>::min();
    bool armed = true;
    SelfScale scale;
  };
  double limit_of(int layer) const;

  Rule rule_;
  Worse worse_;
  std::vector<Slot> slots_;  // of the model, then of the layers
};

/// A statistic of a layer, NaN where it has no such thing.
inline double value_of(const LayerSample& layer, Statistic which) {
  const auto index = static_cast<std::size_t>(which);
  return index < layer.statistics.size() ? static_cast<double>(layer.statistics[index]) : std::numeric_limits<double>::quiet_NaN();
}
/// Whether each layer has a recurrent state of fixed size, whose norm and direction can be compared between tokens.
std::vector<bool> recurrent_layers(std::span<const LayerInfo> layers);

}  // namespace lab
