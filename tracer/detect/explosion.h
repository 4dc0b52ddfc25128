#pragma once
// A state that grows without end, and one that is larger than ever. Source: analysis.md 3.7. Both look at f = h_norm, the
// Frobenius norm of the whole state of a layer, not at heads one by one.
#include "tracer/detect/meter.h"

namespace lab {

/// Median of the slopes between all pairs of values, which stand at 0, step, 2 step ... (Theil 1950, Sen 1968). NaN of fewer than two.
double theil_sen(std::span<const double> values, double step);

/// What the writes of a layer allow while its inputs stay as seen: f_t = decay f_(t-1) + write has the fixed point
/// write / (1 - decay). From the largest write so far and the mean decay, so it is a ceiling only where all decays are alike.
class Ceiling {
 public:
  void see(const LayerSample& layer);
  /// NaN before anything was written; infinite where the mean decay is 1 or more.
  double value() const;
  double write() const { return write_; }
  double decay() const { return decay_; }
  /// ln 2 / -ln decay, in tokens; infinite where nothing is forgotten.
  double half_life() const;

 private:
  double write_ = std::numeric_limits<double>::quiet_NaN(), decay_ = std::numeric_limits<double>::quiet_NaN();
};

/// Growth of f in % a token: exp(slope) - 1 with the Theil-Sen slope of ln f over the last 256 tokens, of which means of four
/// are kept, or over the newest 64 where that is less: a step that is over is not growth. It is 0 while growth levels off, as
/// towards a ceiling: when the slope of the newer half is below 3/4 of that of the older half, or not positive. It is 0 too
/// where the largest of the run is older than 64 tokens: states come back to sizes that they had. Live when the window is
/// full; measured every fourth token.
class Explosion final : public Meter {
 public:
  static constexpr std::size_t kMeanOf = 4, kKept = 64, kNewest = 16;
  static constexpr double kLevelsOff = 0.75;
  Explosion(const Rule& rule, std::span<const LayerInfo> layers);
  std::unique_ptr<Detector> clone() const override { return std::make_unique<Explosion>(*this); }
  /// Slope of ln f a token, whether it levels off or not; NaN while the window is not full.
  double slope(int layer) const { return layers_[static_cast<std::size_t>(layer)].slope; }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;

 private:
  struct Layer {
    bool watched = true;
    double sum = 0;               // of ln f since the last mean
    std::size_t summed = 0;
    std::vector<double> means;    // up to kKept, the oldest first
    double slope = kNothing, growth = kNothing;
    double largest = -std::numeric_limits<double>::infinity();  // of the means that are older than the newest 64 tokens
    Ceiling ceiling;
  };
  std::vector<Layer> layers_;
};

/// f over the largest f of the first 1,024 tokens, live after them. The text tells a spike from an explosion: a spike made more
/// than half of the way (in ln f) in one token, and goes as fast as the state forgets.
class NormCeiling final : public Meter {
 public:
  static constexpr std::int64_t kReference = 1024;
  NormCeiling(const Rule& rule, std::span<const LayerInfo> layers);
  std::unique_ptr<Detector> clone() const override { return std::make_unique<NormCeiling>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;

 private:
  struct Layer {
    bool watched = true;
    std::int64_t seen = 0;
    double largest = 0, norm = kNothing, before = kNothing;
    std::vector<double> logs;  // ln f of the last 256 tokens, the oldest first, for the doubling time
    Ceiling ceiling;
  };
  std::vector<Layer> layers_;
};

}  // namespace lab
