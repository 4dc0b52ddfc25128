#pragma once
// A layer's state over the tokens shown, as a matrix that grows with the run, and what its rows forget how fast.
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/core/cell_decay.h"
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

/// Of two values the one of larger magnitude, with its sign. What is not a number stays visible.
float larger_magnitude(float a, float b);
/// Rows by a value, largest first, NaN last.
std::vector<std::int32_t> rows_largest_first(const std::vector<float>& values);

/// Rows of a matrix in an order in which neighbours are alike: by the angle in the plane of the two leading principal axes of
/// the standardised rows (Friendly 2002), cut at the widest gap. At most 128 columns, evenly spread, are looked at; rows that do
/// not vary come last. `columns` have `rows` values each.
std::vector<std::int32_t> order_by_similarity(const RowView<float>& columns, std::int64_t rows);

/// For some cells of one layer and one beginning; keeps what it has made and adds what is new.
class SlabMaker {
 public:
  /// The cells through a channel and state index along an axis of the state (StatePlane::cells_along).
  struct Cells {
    std::int64_t layer = 0, axis = -1, channel = 0, state = 0;
  };
  SlabMaker(const Model& model, const Cells& cells, std::int64_t first, Context<float>& context);

  bool fits(const Cells& cells, std::int64_t first) const {
    return cells.layer == layer_ && cells.axis == axis_ && plane_.cells_along(cells.axis, cells.channel, cells.state) == cells_ && first == first_;
  }
  /// The slab of the tokens [first, last). Stopped by `cancelled` it keeps what it has and returns nothing.
  Result<std::shared_ptr<const StateSlab>> make(const Snapshot& snapshot, std::int64_t last, bool similarity,
                                                const std::function<bool()>& cancelled);

 private:
  /// What is summed of a row over all tokens.
  struct RowSums {
    double sum = 0, squares = 0;  // of finite values
    std::int64_t count = 0;
  };
  void restart(std::uint64_t revision);
  void pool_pairs();
  void take(const TraceView& trace, std::int64_t token);
  void count(std::span<const float> values, std::int64_t token);
  std::shared_ptr<const StateSlab> result(bool similarity);

  const std::int64_t layer_, axis_, first_;
  const StatePlane plane_;
  const CellRange cells_;
  const std::int64_t index_;  // of the state, where rows are channels
  LayerWalk walk_;
  CellDecay decay_;

  std::uint64_t revision_ = 0, version_ = 0;
  std::int64_t next_ = 0, stride_ = 1;  // tokens [first, next) are in the columns
  RowLog<float> columns_;
  std::vector<RowSums> sums_;
  std::int64_t nonfinite_ = 0, nonfinite_token_ = -1, nonfinite_row_ = -1;
};

}  // namespace lab
