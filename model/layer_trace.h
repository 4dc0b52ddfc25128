#pragma once
// A layer, or a whole model, run over a short sequence with every state kept: for study outside a run.
#include <cstdint>
#include <span>
#include <vector>

#include "model/base/result.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// Values of a shape, flat, last axis fastest.
struct TracedValues {
  std::vector<std::int64_t> shape;
  std::vector<float> values;

  /// The part at the first two indices, as a token and a lane.
  std::span<const float> at(std::int64_t i, std::int64_t j) const;
};

/// L tokens in B lanes. Index 0 of the states is before the first token, index t + 1 after token t.
struct LayerTrace {
  TracedValues outputs;      // [L, B, d] of the mixer
  TracedValues conv_states;  // [L+1, B, C, K]
  TracedValues ssm_states;   // [L+1, B, di, N] or [L+1, B, H, P, N]
};

struct ModelTrace {
  TracedValues embeddings;            // [L, B, d]
  std::vector<LayerTrace> layers;
  std::vector<TracedValues> norm1;      // [L, B, d] a layer: what its mixer was fed
  std::vector<TracedValues> resid_out;  // [L, B, d] a layer: the residual stream as it left
  TracedValues final_norm;            // [L, B, d]
  TracedValues logits;                // [L, B, V]
};

/// Runs one layer's mixer alone over inputs, [L, d] flat for each lane, without norm and residual. `start` has a state for
/// each lane, which stays as it is, or is empty: neutral states. Refuses lanes of different lengths, by field.
Result<LayerTrace> trace_layer(const Model& model, int layer, std::span<const std::vector<float>> inputs,
                               std::span<const State> start, Context<float>& context);

/// Runs the true model, with norms and residual stream, over tokens for each lane.
Result<ModelTrace> trace_model(const Model& model, std::span<const std::vector<std::int32_t>> tokens, std::span<const State> start,
                               Context<float>& context);
/// The same over vectors in place of embeddings, [L, d] flat for each lane.
Result<ModelTrace> trace_model(const Model& model, std::span<const std::vector<float>> vectors, std::span<const State> start,
                               Context<float>& context);

}  // namespace lab
