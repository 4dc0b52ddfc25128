#pragma once
// Causal softmax attention with grouped key and value heads, shared by the families that have such layers. Sources: Vaswani et
// al. (2017), Ainslie et al., "GQA" (2023), Su et al., "RoFormer" (2021), and the Hugging Face class LlamaAttention.
//
//   symbol    meaning                                      shape
//   d         model width                                  hidden
//   Hq, Hkv   query heads; key and value heads             heads, kv_heads
//   hd        width of a head                              head_dim
//   q, k, v   queries, keys, values                        [Hq, hd], [Hkv, hd], [Hkv, hd]
//   n         rotated channels of a head                   rotated
//   cache     k after rotation and v of all tokens         [rows, Hkv, hd]
#include <string>
#include <vector>

#include "model/families/block.h"

namespace lab::attention {

struct Config {
  std::int64_t hidden = 0, heads = 0, kv_heads = 0, head_dim = 0;
  double scale = 0;                // of q.k
  bool use_bias = false;
  std::int64_t rotated = 0;        // 0: no rotation
  double theta = 10000;            // its base
  std::vector<double> divisors;    // of the n / 2 frequencies, empty: 1
  bool rows_interleaved = false;   // GGUF: within a head of q and k, row 2 i is i and row 2 i + 1 is i + hd / 2

  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
};

/// num_attention_heads, num_key_value_heads, head_dim, attention_bias; scale is 1 / sqrt(hd).
Config read_config(ConfigReader& read, std::int64_t hidden);
/// rope_theta, rope_scaling and rope_parameters of a configuration, or the divisors in `rope_freqs.weight`.
void read_rotation(ConfigReader& read, Config& config);

/// The tensors of a mixer whose names begin with `prefix`, as in "model.layers.0.self_attn.".
void expect_mixer(const Config& config, const std::string& prefix, std::vector<Expected>& expected);
/// kv.k and kv.v, a row [Hkv, hd] a token.
LayerSchema layer_schema(const Config& config);
LayerInfo layer_info(const Config& config);

template <class Real>
class Mixer final : public lab::Mixer<Real> {
 public:
  Mixer(const Config& config, const TensorTable& table, const std::string& prefix);

  /// out [T, d] = W_o attention(q, k, v) of normalised inputs a [T, d].
  void mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const override;
  /// By tokens whose rotated keys and values were recorded.
  void replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const override;

 private:
  Rows<Real> project(const Matrix& w, const std::vector<Real>& bias, bool interleaved, Rows<const Real> a, Slot slot,
                     Batch<Real>& batch) const;
  Rows<Real> rotate(Rows<const Real> x, Slot slot, Batch<Real>& batch) const;
  void make_angles(Batch<Real>& batch) const;
  void attend_lane(int layer, std::size_t lane, Rows<const Real> q, Batch<Real>& batch, Rows<Real> context) const;
  void attend_watched_lane(int layer, std::size_t lane, Rows<const Real> q, Rows<const Real> k, Rows<const Real> v, Batch<Real>& batch,
                           Rows<Real> context) const;
  void measure(std::size_t lane, Rows<const Real> q, Rows<const Real> k, Rows<const Real> v, Rows<const Real> context,
               const BasicState<Real>& state, int layer, Batch<Real>& batch) const;

  Config c_;
  Matrix q_proj_, k_proj_, v_proj_, o_proj_;
  std::vector<Real> q_bias_, k_bias_, v_bias_, o_bias_;
  std::vector<Real> frequencies_;  // [n / 2]
};

}  // namespace lab::attention
