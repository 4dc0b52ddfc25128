#pragma once
// The feed-forward of Llama and Granite: a gated unit, or a few of many such experts beside one that is always asked. Sources:
// Shazeer, "GLU variants" (2020), and the Hugging Face classes LlamaMLP and GraniteMoeHybridMoE.
//
//   symbol   meaning                                  shape
//   d, I     model width, width of the unit           hidden, inner
//   E, k     experts, and how many a token asks       experts, chosen
#include <string>
#include <vector>

#include "model/families/block.h"

namespace lab::feed_forward {

struct Config {
  std::int64_t hidden = 0, inner = 0;
  std::int64_t experts = 0, chosen = 0, expert_inner = 0;
  bool use_bias = false;
};

/// Where the tensors of a unit are. Files store gate and up apart, or one above the other in one matrix.
struct Names {
  std::string gate, up;  // without ".weight"
  std::string both;      // used where the table has it; "": never
  std::string down;
};

void expect_unit(const Config& config, const Names& names, const TensorTable& table, std::vector<Expected>& expected);
/// Router and experts, whose names begin with `prefix`, as in "model.layers.0.block_sparse_moe.".
void expect_experts(const Config& config, const std::string& prefix, const TensorTable& table, std::vector<Expected>& expected);
/// The points of a feed-forward.
std::vector<PointShape> points(const Config& config);

/// out = W_down (silu(gate) up).
template <class Real>
class Unit {
 public:
  Unit() = default;
  Unit(const Config& config, const TensorTable& table, const Names& names);
  /// One of the experts [E, 2 I, d] and [E, d, I] stacked in one tensor, or with gate and up apart.
  Unit(const Config& config, const TensorTable& table, const Names& names, std::int64_t expert);

  std::int64_t inner() const { return gate_.rows; }
  void project(Rows<const Real> x, Math<Real>& math, Rows<Real> gate, Rows<Real> up) const;
  void combine(Rows<const Real> act, Math<Real>& math, Rows<Real> out) const;

 private:
  Matrix gate_, up_, down_;
  std::vector<Real> gate_bias_, up_bias_, down_bias_;
};

/// The unit that every token passes and, where there are experts, those the router chooses for it.
template <class Real>
class Network final : public FeedForward<Real> {
 public:
  Network(const Config& config, const TensorTable& table, const Names& names, const std::string& experts_prefix);
  void apply(int layer, Rows<const Real> x, Batch<Real>& batch, Rows<Real> out) const override;

 private:
  void ask_experts(int layer, Rows<const Real> x, Batch<Real>& batch, Rows<Real> out) const;

  Config c_;
  Unit<Real> shared_;
  Matrix router_;
  std::vector<Unit<Real>> experts_;
};

}  // namespace lab::feed_forward
