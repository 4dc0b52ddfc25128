#pragma once
// The trace points of a model with their shapes, and the choice of some of them by name.
#include <cstdint>
#include <string>
#include <vector>

#include "model/model.h"

namespace lab::cli {

/// One tensor that `trace` can write. `shape` is that of one token; kCachedRows in it is known when the run is.
struct TracePoint {
  PointId id;
  std::vector<std::int64_t> shape;
  bool before_first = false;  // "L3.mix.h0": the state before the first token, without a token axis

  std::string name() const;
  bool grows() const;
  bool holds_indices() const { return id.point == Point::moe_index; }
};

/// Every point of a model in the order of computation, each layer's h0 last.
std::vector<TracePoint> points_of(const ModelInfo& info);

/// The points whose names match one of the globs, separated by commas. h0 is chosen only by a glob that ends in it.
/// Refuses a glob that matches nothing.
Result<std::vector<TracePoint>> choose_points(const std::vector<TracePoint>& all, const std::string& globs);

/// Norms, logits and every state.
std::vector<TracePoint> default_points(const std::vector<TracePoint>& all);

}  // namespace lab::cli
