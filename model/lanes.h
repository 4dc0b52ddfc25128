#pragma once
// States that step together: environments, agents or texts, each with its own tokens, length and position, in one call.
//
// Every lane has the bits that it would have alone: lanes share the weights and nothing else. A reset selects the lanes that have
// finished and makes them fresh; the others keep every bit, and whatever is read next goes on from each lane's own state.
#include <cstdint>
#include <span>
#include <vector>

#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// What one lane reads in a call: ids, or vectors [T, hidden] in place of embeddings (observations, say), or nothing.
struct LaneInput {
  std::span<const std::int32_t> tokens;
  Rows<const float> vectors;  // used when tokens is empty
  Probe* probe = nullptr;     // may be null; sees this lane alone
};

class Lanes {
 public:
  /// `count` fresh lanes of a model, which must outlive them.
  Lanes(const Model& model, int count);

  int count() const { return static_cast<int>(states_.size()); }
  /// A lane's state as it is now. It may be changed between two calls; its position is the lane's own.
  const State& state(int lane) const { return states_[static_cast<std::size_t>(lane)]; }
  State& state(int lane) { return states_[static_cast<std::size_t>(lane)]; }
  /// Tokens that a lane has read since it was fresh.
  std::int64_t position(int lane) const { return state(lane).position; }
  /// The logits [vocabulary] after a lane's last token; empty where it has read none since it was fresh.
  std::span<const float> logits(int lane) const;

  /// Reads every lane's input, as many tokens each as it has, in one call: a prompt, a step, or nothing. Refuses another number of
  /// inputs, ids that the model does not have and vectors of another width by lane, and then nothing has moved. Refused as
  /// cancelled where the context was told to stop; nothing has moved then either.
  Status advance(std::span<const LaneInput> inputs, Context<float>& context);
  /// One token for every lane; a negative one leaves its lane where it is.
  Status step(std::span<const std::int32_t> tokens, Context<float>& context);

  /// Makes the chosen lanes fresh: neutral values, whatever they held, and position 0. Refuses a mask of another length.
  Status reset(const std::vector<bool>& chosen);
  /// Lets the chosen lanes forget all but a `factor` of their past: see lab::soften. Their positions stay. Refuses a mask of another
  /// length and factors outside [0, 1].
  Status soft_reset(const std::vector<bool>& chosen, float factor);

 private:
  Status check(std::span<const LaneInput> inputs) const;
  Status check(const std::vector<bool>& chosen) const;
  std::span<float> row(int lane) { return {logits_.data() + lane * vocabulary_, static_cast<std::size_t>(vocabulary_)}; }

  const Model& model_;
  std::int64_t vocabulary_ = 0;
  std::vector<State> states_;
  std::vector<float> logits_;      // [lanes, vocabulary]
  std::vector<bool> has_logits_;
  std::vector<Lane<float>> call_;  // of the call at work, kept so that a step allocates nothing
  std::vector<LaneInput> single_;  // of `step`
};

/// Moves a state towards its neutral one: every value becomes neutral + factor (value - neutral), and of an attention cache the
/// newest share of its rows stays. What holds an exponent (RWKV's att.pp) stays, since what it belongs to is scaled. At 1 nothing
/// changes, at 0 everything is neutral, whatever it was. The position stays.
void soften(State& state, float factor);

}  // namespace lab
