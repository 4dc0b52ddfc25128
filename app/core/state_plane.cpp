#include "app/core/state_plane.h"

#include <algorithm>

#include "model/base/check.h"

namespace lab {

StatePlane::StatePlane(const StateSchema& schema, std::int64_t layer)
    : layer_(static_cast<int>(layer)), layer_schema_(&schema.layers()[static_cast<std::size_t>(layer)]) {
  const auto& tensors = layer_schema_->tensors;
  const int h = layer_schema_->find(Point::h);
  if (h >= 0) {
    tensors_ = {h};
    shape_ = tensors[static_cast<std::size_t>(h)].shape;
  } else {
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (tensors[i].role == Role::kv || tensors[i].point == Point::att_state) tensors_.push_back(static_cast<int>(i));
    LAB_CHECK(tensors_.empty(), ==, false);
    grows_ = tensor(0).grows();
    const auto count = static_cast<std::int64_t>(tensors_.size());
    shape_ = grows_ ? std::vector<std::int64_t>{count * tensor(0).shape[0], tensor(0).shape[1], 1}
                    : std::vector<std::int64_t>{tensor(0).elements(), count};
  }
  rows_ = 1;
  for (std::size_t i = 0; i + 1 < shape_.size(); ++i) rows_ *= shape_[i];
}

void StatePlane::read(const State& state, std::int64_t index, std::span<float> column) const {
  if (grows_) {
    read_all(state, column);
  } else if (tensors_.size() > 1) {
    state.get(layer_, tensors_[static_cast<std::size_t>(index)], column);
  } else {
    const std::span<const float> stored = state.stored(layer_, tensors_[0]);
    for (std::int64_t row = 0; row < rows_; ++row)
      column[static_cast<std::size_t>(row)] = stored[static_cast<std::size_t>(tensor(0).stored_index(row * states() + index))];
  }
}

void StatePlane::read_all(const State& state, std::span<float> values) const {
  if (grows_) {
    auto next = values.begin();
    for (const int tensor : tensors_) {
      const RowTiles<float>& cache = state.cache(layer_, tensor);
      next = cache.count() > 0 ? std::copy_n(cache.row(cache.count() - 1), cache.width(), next) : std::fill_n(next, cache.width(), 0.0f);
    }
    return;
  }
  if (tensors_.size() == 1) return state.get(layer_, tensors_[0], values);
  std::vector<float> column(static_cast<std::size_t>(rows_));
  for (std::int64_t i = 0; i < states(); ++i) {
    read(state, i, column);
    for (std::int64_t row = 0; row < rows_; ++row) values[static_cast<std::size_t>(row * states() + i)] = column[static_cast<std::size_t>(row)];
  }
}

std::vector<float> StatePlane::frame(const State& state, std::vector<std::int64_t>& shape) const {
  if (grows_) return cache_frame(state, shape);
  shape = shape_;
  std::vector<float> values(static_cast<std::size_t>(elements()));
  read_all(state, values);
  return values;
}

std::vector<float> StatePlane::cache_frame(const State& state, std::vector<std::int64_t>& shape) const {
  const std::int64_t tokens = state.cache(layer_, tensors_[0]).count();
  shape = {shape_[0], shape_[1], tokens};
  std::vector<float> values(static_cast<std::size_t>(rows_ * tokens));
  std::int64_t first = 0;
  for (const int tensor : tensors_) {
    const RowTiles<float>& cache = state.cache(layer_, tensor);
    for (std::int64_t t = 0; t < tokens; ++t)
      for (std::int64_t c = 0; c < cache.width(); ++c) values[static_cast<std::size_t>((first + c) * tokens + t)] = cache.row(t)[c];
    first += cache.width();
  }
  return values;
}

}  // namespace lab
