#pragma once
// Rules on one recorded statistic: bands and user rules, means over a few tokens, jumps against the running median; and
// channels of a state that are dead.
#include "tracer/detect/meter.h"

namespace lab {

/// A statistic, or its mean over the last `mean_of` tokens (live when there are so many; NaN starts anew).
class Track final : public Meter {
 public:
  struct Options {
    Statistic statistic = Statistic::h_norm;
    std::int64_t mean_of = 1;
    bool recurrent_only = false;  // leaves out layers whose state grows with every token
  };
  Track(const Rule& rule, std::span<const LayerInfo> layers, const Options& options);
  std::unique_ptr<Detector> clone() const override { return std::make_unique<Track>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;

 private:
  Options options_;
  std::vector<bool> watched_;
  std::vector<std::vector<double>> last_;  // [layer][up to mean_of], the oldest first
};

/// ||h_t||_2 over the median of the 24 norms before it.
class NormJump final : public Meter {
 public:
  static constexpr std::size_t kBefore = 24;
  NormJump(const Rule& rule, std::span<const LayerInfo> layers);
  std::unique_ptr<Detector> clone() const override { return std::make_unique<NormJump>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;

 private:
  std::vector<bool> watched_;
  std::vector<std::vector<double>> last_;  // [layer][up to 24], the oldest first
};

/// Share of the elements of a state, in [0, 1], that stayed below 1e-6 of its largest for a whole block of 64 tokens. The
/// number of the last whole block stands until the next is over.
class DeadChannels final : public Meter {
 public:
  static constexpr std::int64_t kBlock = 64;
  static constexpr float kDead = 1e-6f;
  DeadChannels(const Rule& rule, std::span<const LayerInfo> layers) : Meter(rule, layers), blocks_(layers.size()) {}
  Needs needs() const override { return {.states = true}; }
  std::unique_ptr<Detector> clone() const override { return std::make_unique<DeadChannels>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;

 private:
  struct Block {
    std::vector<float> largest;  // [d] max |h| since the block began
    std::int64_t tokens = 0;
  };
  std::vector<Block> blocks_;
};

}  // namespace lab
