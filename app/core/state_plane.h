#pragma once
// The recurrent state of one layer as people look at it: channels down, state indexes across. What that is, a family's schema
// says: h of a selective scan, the three vectors of RWKV side by side, the newest row of an attention cache (keys, then values).
#include <cstdint>
#include <span>
#include <vector>

#include "model/state.h"

namespace lab {

/// Cells of a plane that lie evenly, counted flat, the last axis fastest.
struct CellRange {
  std::int64_t start = 0, step = 1, count = 0;
  friend bool operator==(const CellRange&, const CellRange&) = default;
};

class StatePlane {
 public:
  StatePlane(const StateSchema& schema, std::int64_t layer);

  const std::vector<std::int64_t>& shape() const { return shape_; }  // the last axis counts the states
  std::int64_t states() const { return shape_.back(); }
  std::int64_t rows() const { return rows_; }
  bool is_cache() const { return grows_; }
  std::int64_t elements() const { return rows_ * states(); }

  /// The cells through one of them along an axis of the shape; axis -1, or one that is not there: those of all channels.
  CellRange cells_along(std::int64_t axis, std::int64_t channel, std::int64_t state) const;
  /// The values of some cells, [cells.count].
  void read(const State& state, const CellRange& cells, std::span<float> column) const;
  /// All of it, [rows, states].
  void read_all(const State& state, std::span<float> values) const;
  /// The state to be seen at a position: the plane or, of an attention layer, its whole cache [2 Hkv, hd, tokens]. `shape` is set.
  std::vector<float> frame(const State& state, std::vector<std::int64_t>& shape) const;

 private:
  std::vector<float> cache_frame(const State& state, std::vector<std::int64_t>& shape) const;
  const TensorSchema& tensor(std::size_t i) const { return layer_schema_->tensors[static_cast<std::size_t>(tensors_[i])]; }

  int layer_ = 0;
  const LayerSchema* layer_schema_ = nullptr;
  std::vector<int> tensors_;  // one of many states, or several of one each
  bool grows_ = false;
  std::vector<std::int64_t> shape_;
  std::int64_t rows_ = 0;
};

}  // namespace lab
