#pragma once
// What watches a run: detectors see every token once, in order, and say what they find. Each is a pure function of its own
// state and the next sample, so that replay, undo and a run that is continued find the same things at the same tokens.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/stage.h"

namespace lab {

/// One layer after one token.
struct LayerSample {
  std::span<const float> statistics;  // [kStatistics], as recorded; NaN where the layer has no such thing
  std::span<const float> state;       // the recurrent state, flat in logical order; empty where it grows, or nobody needs it
  std::span<const float> residual;    // [d] what left the layer; empty unless somebody needs it
  std::span<const float> steps;       // [di] or [H] the time steps (Point::dt); empty where there are none, or nobody needs them
};

/// One token and what it did.
struct Sample {
  std::int64_t token = 0;
  std::int32_t id = -1;           // -1: a vector was read
  std::span<const LayerSample> layers;
  std::span<const float> embedding;  // [d] what entered the first layer; empty unless somebody needs residuals
  std::span<const float> logits;  // [V] after the token; empty unless somebody needs them
};

/// What samples must hold beside statistics.
struct Needs {
  bool states = false, residuals = false, logits = false, steps = false;
};

/// Something found at a token.
struct Finding {
  std::int64_t token = 0;
  int layer = -1;                 // -1: of the whole model
  double value = 0, limit = 0;    // in the unit of the rule
  std::string text;               // a sentence: what it says, with numbers
};

class Detector {
 public:
  virtual ~Detector() = default;
  virtual Needs needs() const { return {}; }
  /// Looks at the next token and appends what it finds. Tokens come one after the other from 0 (or where a run began) on.
  virtual void see(const Sample& sample, std::vector<Finding>& found) = 0;
  /// What was measured last for a layer (-1: for the model), in the unit of the limit; NaN while there is nothing to say.
  virtual float measured(int layer) const = 0;
  /// The same detector in the same state.
  virtual std::unique_ptr<Detector> clone() const = 0;
};

}  // namespace lab
