#pragma once
// What a model is stacked from: pre-norm blocks of a mixer and, in most families, a feed-forward, around a residual stream.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/families/batch.h"
#include "model/families/reading.h"

namespace lab {

/// RMSNorm with weight [d] or, with a bias [d], LayerNorm.
template <class Real>
struct Norm {
  std::vector<Real> weight, bias;
  Real epsilon = 0;

  explicit operator bool() const { return !weight.empty(); }
  void apply(Math<Real>& math, Rows<const Real> x, Rows<Real> y) const {
    if (bias.empty()) math.rms_norm(x, weight, epsilon, 1, y);
    else math.layer_norm(x, weight, bias, epsilon, y);
  }
};

/// `name.weight` and, where the table has it, `name.bias`.
template <class Real>
Norm<Real> read_norm(const TensorTable& table, const std::string& name, double epsilon) {
  return {vector_of<Real>(table, name + ".weight"), vector_of<Real>(table, name + ".bias"), static_cast<Real>(epsilon)};
}

/// The part of a block that looks at other tokens, by way of the state.
template <class Real>
class Mixer {
 public:
  virtual ~Mixer() = default;
  /// out [T, d] of normalised inputs a [T, d]; moves the lanes' states of this layer on and writes their statistics.
  virtual void mix(int layer, Rows<const Real> a, Batch<Real>& batch, Rows<Real> out) const = 0;
  /// Moves the layer's state on by tokens whose drivers were recorded (LayerInfo::drivers, those with `replay`).
  virtual void replay(int layer, std::span<const Rows<const Real>> drivers, BasicState<Real>& state, Context<Real>& context) const = 0;
  /// How fast the state decays by itself, see Model::rates; empty where it does not.
  virtual std::vector<Real> rates() const { return {}; }
  /// See Model.
  virtual RecurrenceSource recurrence_source(ChannelRange, RecurrenceWants) const { return {}; }
  virtual Recurrence recurrence(int, ChannelRange, RecurrenceWants, std::span<const Rows<const Real>>, std::int64_t,
                                const BasicState<Real>&, Context<Real>&) const {
    return {};
  }
};

template <class Real>
class FeedForward {
 public:
  virtual ~FeedForward() = default;
  /// out [T, d] of normalised inputs x [T, d].
  virtual void apply(int layer, Rows<const Real> x, Batch<Real>& batch, Rows<Real> out) const = 0;
};

template <class Real>
struct Block {
  Norm<Real> norm1;
  std::unique_ptr<const Mixer<Real>> mixer;
  Norm<Real> norm2;                           // with a feed-forward only
  std::unique_ptr<const FeedForward<Real>> feed_forward;  // may be null
};

/// What surrounds the blocks, and by which names files call it.
struct Stream {
  std::int64_t hidden = 0, layers = 0, vocabulary = 0;
  double epsilon = 1e-5;  // of the final norm
  bool tied = false;      // the head is the embedding
  double embedding_multiplier = 1, residual_multiplier = 1, logits_scaling = 1;  // the last one divides
  std::string embedding = "backbone.embeddings", final_norm = "backbone.norm_f", head = "lm_head";
  std::string layer_prefix = "backbone.layers.";
  std::string first_norm;         // a norm that replaces the embedding, "" in most families
  double first_norm_epsilon = 0;
  bool layer_norms = false;       // the norms around the blocks have a bias

  std::string prefix(std::int64_t layer) const { return layer_prefix + std::to_string(layer) + "."; }
};

/// One model as its family reads it from a configuration; the only thing that a family hands to the rest of the program.
class Architecture {
 public:
  virtual ~Architecture() = default;
  Stream stream;

  /// The tensors of one layer and their shapes, as far as the table leaves a choice of names.
  virtual void expect_layer(std::int64_t layer, const TensorTable& table, std::vector<Expected>& expected) const = 0;
  virtual LayerSchema layer_schema(std::int64_t layer) const = 0;
  /// Kind, drivers and points of a layer; what every layer has around its mixer is added by the caller.
  virtual LayerInfo layer_info(std::int64_t layer) const = 0;
  /// Family and sizes.
  virtual void describe(ModelInfo& info) const = 0;
  virtual void make(const TensorTable& table, std::int64_t layer, Block<float>& block) const = 0;
  virtual void make(const TensorTable& table, std::int64_t layer, Block<double>& block) const = 0;
};

}  // namespace lab
