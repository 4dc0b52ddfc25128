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

CellRange StatePlane::cells_along(std::int64_t axis, std::int64_t channel, std::int64_t state) const {
  state = std::clamp<std::int64_t>(state, 0, states() - 1);
  if (axis < 0 || axis >= static_cast<std::int64_t>(shape_.size())) return {state, states(), rows_};
  const auto at = static_cast<std::size_t>(axis);
  std::int64_t step = 1;
  for (std::size_t i = at + 1; i < shape_.size(); ++i) step *= shape_[i];
  const std::int64_t cell = channel * states() + state;
  return {cell - cell / step % shape_[at] * step, step, shape_[at]};
}

void StatePlane::read(const State& state, const CellRange& cells, std::span<float> column) const {
  const auto cell = [&](std::int64_t i) { return cells.start + i * cells.step; };
  if (grows_) {
    std::vector<float> all(static_cast<std::size_t>(elements()));
    read_all(state, all);
    for (std::int64_t i = 0; i < cells.count; ++i) column[static_cast<std::size_t>(i)] = all[static_cast<std::size_t>(cell(i))];
    return;
  }
  const bool is_one = tensors_.size() == 1;
  std::vector<std::span<const float>> stored;
  for (const int one : tensors_) stored.push_back(state.stored(layer_, one));
  for (std::int64_t i = 0; i < cells.count; ++i) {
    const auto which = static_cast<std::size_t>(is_one ? 0 : cell(i) % states());
    const std::int64_t flat = is_one ? cell(i) : cell(i) / states();
    column[static_cast<std::size_t>(i)] = stored[which][static_cast<std::size_t>(tensor(which).stored_index(flat))];
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
  read(state, {0, 1, elements()}, values);
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
