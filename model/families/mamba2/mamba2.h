#pragma once
// Mamba-2. Source: Dao and Gu, "Transformers are SSMs" (2024), and the Hugging Face class Mamba2ForCausalLM.
//
//   symbol  meaning                                        shape
//   d       model width                                    hidden
//   H, P    heads and channels of a head                   heads, head_dim
//   di      H P                                            inner
//   N       states of a channel                            state_size
//   G       groups that share B and C                      groups
//   K       convolution kernel                             conv_kernel
//   z       gate                                           [di]
//   xBC     x, B and C before the convolution              [di + 2 G N]
//   dt      time step, clamp(softplus(dt_raw + bias))      [H]
//   A       rate, -exp(A_log)                              [H]
//   B, C    write and read vectors                         [G, N]
//   D       skip                                           [H]
//   h       state                                          [H, P, N]
#include <memory>
#include <string>
#include <vector>

#include "model/families/batch.h"
#include "model/families/reading.h"
#include "model/families/stages.h"

namespace lab::mamba2 {

struct Config {
  std::int64_t hidden = 4096, layers = 64, vocabulary = 32768;
  std::int64_t heads = 128, head_dim = 64, groups = 8, state_size = 128, conv_kernel = 4;
  double epsilon = 1e-5;
  double low = 0, high = 0;  // time_step_limit
  bool use_bias = false, use_conv_bias = true, tied = false;

  std::int64_t inner() const { return heads * head_dim; }
  std::int64_t channels() const { return inner() + 2 * groups * state_size; }  // of xBC
};

/// Reads config.json; problems are appended.
Config read_config(const Json& json, std::vector<Error>& problems);
/// The tensors of one layer and their shapes.
void expect_layer(const Config& config, std::int64_t layer, std::vector<Expected>& expected);
/// conv_state [di + 2 G N, K] and ssm_state [H, P, N].
LayerSchema layer_schema(const Config& config);
LayerInfo layer_info(const Config& config);
void describe(const Config& config, ModelInfo& info);

/// One layer: norm and mixer.
template <class Real>
class Layer {
 public:
  Layer(const Config& config, const TensorTable& table, std::int64_t index);

  std::vector<Real> norm;  // [d]

  /// out [T, d] = W_out norm(y silu(z)) of normalised inputs a [T, d].
  void mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const;
  /// Moves the layer's state on by tokens whose xBC and dt were recorded.
  void replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const;
  /// A [H].
  std::vector<Real> rates() const;

 private:
  Scan<Real> scan_of(Rows<const Real> dt, Rows<const Real> x, Rows<const Real> B, Rows<const Real> C, Real* h, Rows<Real> y) const;

  Config c_;
  Matrix in_proj_, out_proj_;
  std::vector<Real> in_bias_, dt_bias_, out_bias_, gated_norm_;
  ConvWeights<Real> conv_;
  std::vector<Real> A_, D_;  // [H]
};

}  // namespace lab::mamba2
