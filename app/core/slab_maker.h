#pragma once
// A layer's state over the tokens shown, as a matrix that grows with the run, and what its rows forget how fast.
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/core/layer_walk.h"
#include "app/core/snapshot.h"
#include "app/core/state_plane.h"

namespace lab {

/// The tokens that time axes show of a snapshot, [first, last).
struct ShownRange {
  std::int64_t first = 0, last = 0;
};
ShownRange shown_range(const Snapshot& snapshot);

/// The smallest power of two that brings a count of tokens down to `most`.
std::int64_t stride_for(std::int64_t tokens, std::int64_t most);

/// For one layer, one state index and one beginning; keeps what it has made and adds what is new.
class SlabMaker {
 public:
  SlabMaker(const Model& model, std::int64_t layer, std::int64_t state, std::int64_t first, Context<float>& context);

  bool fits(std::int64_t layer, std::int64_t state, std::int64_t first) const {
    return layer == layer_ && state == index_ && first == first_;
  }
  /// The slab of the tokens [first, last). Stopped by `cancelled` it keeps what it has and returns nothing.
  Result<std::shared_ptr<const StateSlab>> make(const Snapshot& snapshot, std::int64_t last,
                                                const std::function<bool()>& cancelled);

 private:
  void restart(std::uint64_t revision);
  void pool_pairs();
  void take(const TraceView& trace, std::int64_t token);
  std::shared_ptr<const StateSlab> result();

  const std::int64_t layer_, index_, first_;
  const StatePlane plane_;
  const int dt_driver_;  // -1: every token is a step of 1
  LayerWalk walk_;
  std::vector<float> rates_;  // |A| of each row; 0 where nothing fades
  std::int64_t dt_rows_ = 1;  // rows that share a time step

  std::uint64_t revision_ = 0, version_ = 0;
  std::int64_t next_ = 0, stride_ = 1;  // tokens [first, next) are in the columns
  RowLog<float> columns_;
  std::vector<double> dt_sums_;
};

}  // namespace lab
