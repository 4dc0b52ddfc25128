#pragma once
// How a state differs from itself 512 tokens ago: in length, in direction, and by the rule of document 2. Source: analysis.md 3.2.
#include <array>

#include "tracer/detect/meter.h"

namespace lab {

constexpr std::int64_t kDriftChunk = 512;
constexpr double kLeastNorm = 1e-12;  // of a state that something is compared with

/// Between the states a and b after two chunks. Undefined (NaN) where ||a|| < kLeastNorm, and its turn where ||b|| is too.
/// With r = exp(growth): seed_drift^2 = (r - 1)^2 + 2 r turn.
struct DriftStep {
  double growth = 0;      // ln(||b|| / ||a||)
  double turn = 0;        // 1 - cos(a, b), in [0, 2]
  double seed_drift = 0;  // ||b - a|| / ||a||
};
DriftStep drift_between(std::span<const float> a, std::span<const float> b);

/// Looks at every position that is a multiple of 512; what it measured there stands until the next.
class Drift final : public Meter {
 public:
  enum class Measure : std::uint8_t {
    growth,      // the smallest |growth| of the last three chunks, from recorded norms; 0 where they do not all go one way
    turn,        // of the last chunk
    seed_drift,  // of the last chunk
  };
  Drift(const Rule& rule, std::span<const LayerInfo> layers, Measure measure);
  Needs needs() const override { return {.states = measure_ != Measure::growth}; }
  std::unique_ptr<Detector> clone() const override { return std::make_unique<Drift>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;

 private:
  struct Layer {
    bool watched = true;
    double norm = kNothing, value = kNothing;
    std::array<double, 3> growth{kNothing, kNothing, kNothing};  // the last is the newest
    std::vector<float> state;                                    // [d] after the last chunk
  };
  void end_chunk(const LayerSample& sample, Layer& layer) const;

  Measure measure_;
  std::vector<Layer> layers_;
};

}  // namespace lab
