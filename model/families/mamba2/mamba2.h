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

#include "model/families/block.h"
#include "model/families/stages.h"

namespace lab::mamba2 {

/// Sizes of one mixer.
struct Config {
  std::int64_t hidden = 4096;
  std::int64_t heads = 128, head_dim = 64, groups = 8, state_size = 128, conv_kernel = 4;
  double epsilon = 1e-5;     // of the gated norm
  double low = 0, high = 0;  // time_step_limit
  bool use_bias = false, use_conv_bias = true;

  std::int64_t inner() const { return heads * head_dim; }
  std::int64_t channels() const { return inner() + 2 * groups * state_size; }  // of xBC
};

/// Reads config.json; problems are appended.
std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems);

// Other families have such mixers among their layers.
/// "time_step_limit": [low, high], where high may be infinite.
void read_limits(ConfigReader& read, Config& config);
/// The tensors of a mixer whose names begin with `mixer`.
void expect_mixer(const Config& config, const std::string& mixer, std::vector<Expected>& expected);
/// conv_state [di + 2 G N, K] and ssm_state [H, P, N].
LayerSchema layer_schema(const Config& config);
LayerInfo layer_info(const Config& config);
void describe(const Config& config, ModelInfo& info);

template <class Real>
class Mixer final : public lab::Mixer<Real> {
 public:
  Mixer(const Config& config, const TensorTable& table, const std::string& mixer);

  /// out [T, d] = W_out norm(y silu(z)) of normalised inputs a [T, d].
  void mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const override;
  /// By tokens whose xBC and dt were recorded.
  void replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const override;
  /// A [H].
  std::vector<Real> rates() const override { return A_; }
  /// Writes dt x B, read by C, with D x beside them. The channels are those of one group.
  RecurrenceSource recurrence_source(ChannelRange channels, RecurrenceWants wants) const override;
  Recurrence recurrence(int layer, ChannelRange channels, RecurrenceWants wants, std::span<const Rows<const Real>> columns,
                        std::int64_t lead, const BasicState<Real>& start, Context<Real>& context) const override;

 private:
  Scan<Real> scan_of(Rows<const Real> dt, Rows<const Real> x, Rows<const Real> B, Rows<const Real> C, Real* h, Rows<Real> y) const;

  Config c_;
  Matrix in_proj_, out_proj_;
  std::vector<Real> in_bias_, dt_bias_, out_bias_, gated_norm_;
  ConvWeights<Real> conv_;
  std::vector<Real> A_, D_;  // [H]
};

}  // namespace lab::mamba2
