#pragma once
// NaN and infinities, found by their bits. Source: analysis.md 3.9.
#include "tracer/detect/meter.h"

namespace lab {

/// How many values are NaN or infinite: by (bits & 0x7f800000) == 0x7f800000, which no compiler option removes.
std::int64_t count_nonfinite(std::span<const float> values);

/// NaN or infinities of a layer: in its state (h_nonfinite, or the state itself where that was not recorded), in a norm or
/// maximum that the layer records, in the residual stream where it is given; for the model, in the logits where they are.
class NonFinite final : public Meter {
 public:
  NonFinite(const Rule& rule, std::span<const LayerInfo> layers);
  std::unique_ptr<Detector> clone() const override { return std::make_unique<NonFinite>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  double measure_model(const Sample& sample) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;

 private:
  struct Places {
    std::int64_t count = 0;
    std::string names;
  };
  Places look(const LayerSample& layer, std::uint32_t recorded) const;
  std::vector<std::uint32_t> recorded_;  // statistics that are numbers, a bit each
};

}  // namespace lab
