#pragma once
// RWKV-4. Source: Peng et al., "RWKV: reinventing RNNs for the transformer era" (2023), and the Hugging Face class
// RwkvForCausalLM without its rescaling of late blocks, which only half precision needs.
//
//   symbol     meaning                                                   shape
//   d, da      model width, width of time mixing                         hidden, attention_hidden
//   I          width of channel mixing                                   inner
//   r, k, v    receptance, keys, values                                  [da]
//   w, u       decay, -exp(time_decay) < 0, and bonus of the own token   [da]
//   aa, bb     sums of values and of weights, times e^-pp                [da]
//   pp         the exponent they are relative to                         [da]
//   wkv        weighted mean of the values                               [da]
//   shift      the normalised input of the token before                  [d]
#include <memory>
#include <string>
#include <vector>

#include "model/families/block.h"

namespace lab::rwkv4 {

struct Config {
  std::int64_t hidden = 4096, attention_hidden = 4096, inner = 16384;
  double epsilon = 1e-5;
};

/// Reads config.json; problems are appended.
std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems);

/// A matrix after the shift: W (x mix + x_before (1 - mix)).
template <class Real>
struct ShiftedProjection {
  ShiftedProjection(const TensorTable& table, const std::string& part, const std::string& name);
  std::vector<Real> mix;  // [d]
  Matrix w;
};

template <class Real>
class TimeMixing final : public Mixer<Real> {
 public:
  TimeMixing(const Config& config, const TensorTable& table, const std::string& attention);
  void mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const override;
  /// By tokens whose keys, values and normalised inputs (of both parts of the block) were recorded.
  void replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const override;
  /// w [da]: a token multiplies what is remembered by e^w.
  std::vector<Real> rates() const override { return w_; }
  /// aa and bb as states 0 and 1: writes e^k (v, 1), kept divided by e^pp. What is read is the weighted mean, whose denominator
  /// is part of C; the own token comes beside the state, with its bonus. pp is a maximum and no sum.
  RecurrenceSource recurrence_source(ChannelRange channels, RecurrenceWants wants) const override;
  Recurrence recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const Real>> columns,
                        std::int64_t lead, const BasicState<Real>& start, Context<Real>& context) const override;

 private:
  Config c_;
  ShiftedProjection<Real> receptance_, key_, value_;
  Matrix output_;
  std::vector<Real> w_, u_;
};

template <class Real>
class ChannelMixing final : public FeedForward<Real> {
 public:
  ChannelMixing(const Config& config, const TensorTable& table, const std::string& feed_forward);
  void apply(int layer, Rows<const Real> x, Batch<Real>& batch, Rows<Real> out) const override;

 private:
  Config c_;
  ShiftedProjection<Real> receptance_, key_;
  Matrix value_;
};

}  // namespace lab::rwkv4
