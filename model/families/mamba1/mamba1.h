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
#include <string>
#include <vector>

#include "model/families/batch.h"
#include "model/families/reading.h"
#include "model/families/stages.h"

namespace lab::mamba1 {

struct Config {
  std::int64_t hidden = 768, layers = 32, vocabulary = 50280;
  std::int64_t inner = 1536, state_size = 16, conv_kernel = 4, rank = 48;
  double epsilon = 1e-5;
  bool use_bias = false, use_conv_bias = true, tied = true;
};

/// Reads config.json; problems are appended.
Config read_config(const Json& json, std::vector<Error>& problems);
/// The tensors of one layer and their shapes.
void expect_layer(const Config& config, std::int64_t layer, std::vector<Expected>& expected);
/// conv_state [di, K] and ssm_state [di, N].
LayerSchema layer_schema(const Config& config);
LayerInfo layer_info(const Config& config);
void describe(const Config& config, ModelInfo& info);

/// One layer: norm and mixer.
template <class Real>
class Layer {
 public:
  Layer(const Config& config, const TensorTable& table, std::int64_t index);

  std::vector<Real> norm;  // [d]

  /// out [T, d] = W_out (y silu(z)) of normalised inputs a [T, d].
  void mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const;
  /// Moves the layer's state on by tokens whose x, dt and B were recorded.
  void replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const;
  /// A [di, N].
  std::vector<Real> rates() const;

 private:
  Scan<Real> scan_of(Rows<const Real> dt, Rows<const Real> u, Rows<const Real> B, Rows<const Real> C, Real* h, Rows<Real> y) const;

  Config c_;
  Matrix in_proj_, x_proj_, dt_proj_, out_proj_;
  std::vector<Real> in_bias_, dt_bias_, out_bias_;
  ConvWeights<Real> conv_;
  std::vector<Real> A_;  // in the tiles of h
  std::vector<Real> D_;
};

}  // namespace lab::mamba1
