#pragma once
// Mamba-1. Source: Gu and Dao, "Mamba: linear-time sequence modeling with selective state spaces" (2023), and the Hugging
// Face class MambaForCausalLM.
//
//   symbol  meaning                                        shape
//   d       model width                                    hidden
//   di      inner width (channels)                         inner
//   N       states of a channel                            state_size
//   K       convolution kernel                             conv_kernel
//   R       rank of the time step                          rank
//   x, z    input branch and gate                          [di]
//   u       x after convolution and silu                   [di]
//   dt      time step, softplus(W_dt delta + bias)         [di]
//   A       rate, -exp(A_log)                              [di, N]
//   B, C    write and read vectors                         [N]
//   D       skip                                           [di]
//   h       state                                          [di, N]
#include <memory>
#include <vector>

#include "model/families/block.h"
#include "model/families/stages.h"

namespace lab::mamba1 {

struct Config {
  std::int64_t hidden = 768, layers = 32, vocabulary = 50280;
  std::int64_t inner = 1536, state_size = 16, conv_kernel = 4, rank = 48;
  double epsilon = 1e-5;
  bool use_bias = false, use_conv_bias = true, tied = true;
  double mixer_epsilon = 0;  // Falcon-Mamba: time step, B and C are divided by their own RMS; 0: they are not
};

/// Reads config.json of `mamba` or `falcon_mamba`; problems are appended.
std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems);
std::unique_ptr<Architecture> read_falcon(const Json& json, std::vector<Error>& problems);

/// conv_state [di, K] and ssm_state [di, N].
LayerSchema layer_schema(const Config& config);

template <class Real>
class Mixer final : public lab::Mixer<Real> {
 public:
  Mixer(const Config& config, const TensorTable& table, const std::string& prefix);

  /// out [T, d] = W_out (y silu(z)) of normalised inputs a [T, d].
  void mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const override;
  /// By tokens whose x, dt and B were recorded.
  void replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const override;
  /// A [di, N].
  std::vector<Real> rates() const override;
  /// Writes dt u B, read by C, with D u beside them.
  RecurrenceSource recurrence_source(ChannelRange channels, RecurrenceWants wants) const override;
  Recurrence recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const Real>> columns,
                        std::int64_t lead, const BasicState<Real>& start, Context<Real>& context) const override;

 private:
  Scan<Real> scan_of(Rows<const Real> dt, Rows<const Real> u, Rows<const Real> B, Rows<const Real> C, Real* h, Rows<Real> y) const;

  Config c_;
  Matrix in_proj_, x_proj_, dt_proj_, out_proj_;
  std::vector<Real> in_bias_, dt_bias_, out_bias_;
  std::vector<Real> ones_;  // weights of the norms that Falcon-Mamba has without any
  ConvWeights<Real> conv_;
  std::vector<Real> A_;  // in the tiles of h
  std::vector<Real> D_;
};

}  // namespace lab::mamba1
