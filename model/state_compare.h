#pragma once
// Two states of one shape, tensor by tensor.
#include <cstdint>
#include <string>
#include <vector>

#include "model/state_api.h"

namespace lab {

/// How a tensor of state a differs from that of state b. Sums are over the elements that are finite in both; NaN where a number
/// means nothing.
struct StateTensorDifference {
  int layer = 0;
  std::string tensor;
  std::vector<std::int64_t> shape;    // in a
  std::vector<std::int64_t> shape_b;  // another one only where a growing tensor has another number of rows; those of both are compared
  double rel_l2 = 0;   // |a - b| / |b|: 0 where nothing differs, infinite where b is zero
  double max_abs = 0;
  double cosine = 1;
  std::int64_t differing = 0;  // elements of other bits
  std::int64_t nonfinite = 0;  // elements that are not finite in a or b
  bool equal = true;           // bit for bit, in shape too
};

struct StateDifference {
  bool equal = true;  // every tensor and the position
  std::int64_t position_a = 0, position_b = 0;
  std::vector<StateTensorDifference> tensors;  // by layer, then in the order of a
};

/// Compares two states. Refuses states that do not fit each other, naming what one has and the other lacks: another model_type,
/// layer, tensor or shape.
Result<StateDifference> compare_states(const BasicModelState<double>& a, const BasicModelState<double>& b);

}  // namespace lab
