#include "tracer/trace/view.h"

#include <algorithm>

#include "model/base/check.h"

namespace lab {
namespace {

// The keyframe that replay to a position begins at, or the end when nothing is left of that time.
std::vector<Keyframe>::const_iterator keyframe_before(const std::vector<Keyframe>& keyframes, std::int64_t position) {
  const auto after = std::upper_bound(keyframes.begin(), keyframes.end(), position,
                                      [](std::int64_t p, const Keyframe& keyframe) { return p < keyframe.position; });
  return after == keyframes.begin() ? keyframes.end() : after - 1;
}

// Moves one layer of a state through a history. Keeps the tile it read last.
class Playback {
 public:
  Playback(const TraceLayout& layout, const History& history, int layer, State& state, const Replayer& replay)
      : layout_(layout), history_(history), layer_(layer), state_(state), replay_(replay),
        drivers_(layout.layers()[static_cast<std::size_t>(layer)].drivers) {}

  Status load(const Keyframe& keyframe) {
    std::vector<float> buffer;
    LAB_ASSIGN(const float* values, layer_of(keyframe.arena, layout_.states(), layer_, history_, buffer));
    const std::span<float> stored = state_.stored_layer(layer_);
    std::copy_n(values, stored.size(), stored.begin());
    for (const TensorSchema& tensor : state_.schema().layers()[static_cast<std::size_t>(layer_)].tensors) {
      if (!tensor.grows()) continue;
      const auto c = static_cast<std::size_t>(tensor.cache);
      state_.caches()[c] = (*keyframe.caches)[c];
      state_.caches()[c].truncate(keyframe.rows[c]);
    }
    state_.position = keyframe.state_position;
    return {};
  }

  // By the tokens [first, last).
  Status play(std::int64_t first, std::int64_t last) {
    const std::int64_t tile_tokens = layout_.tile_tokens();
    std::vector<Rows<const float>> rows(drivers_.size());
    while (first < last) {
      LAB_TRY(enter(first / tile_tokens));
      const std::int64_t n = std::min(last, (tile_ + 1) * tile_tokens) - first;
      for (std::size_t i = 0; i < drivers_.size(); ++i)
        if (drivers_[i].replay)
          rows[i] = Rows<const float>(layout_.driver(part_, layer_, static_cast<int>(i)), tile_tokens, drivers_[i].width)
                        .rows(first % tile_tokens, n);
      replay_(layer_, rows, state_);
      state_.position += n;
      first += n;
    }
    return {};
  }

 private:
  Status enter(std::int64_t tile) {
    if (tile == tile_) return {};
    LAB_ASSIGN(part_, layer_of(history_.tiles[static_cast<std::size_t>(tile)].replay, layout_.replay(), layer_, history_, buffer_));
    tile_ = tile;
    return {};
  }

  const TraceLayout& layout_;
  const History& history_;
  const int layer_;
  State& state_;
  const Replayer& replay_;
  const std::vector<Driver>& drivers_;
  std::int64_t tile_ = -1;
  const float* part_ = nullptr;
  std::vector<float> buffer_;
};

}  // namespace

Status TraceView::restore(std::int64_t position, State& state, const Replayer& replay) const {
  for (int layer = 0; layer < static_cast<int>(layers_->size()); ++layer) LAB_TRY(restore(position, layer, state, replay));
  return {};
}

bool TraceView::columns(int layer, int driver, std::int64_t first_column, std::int64_t first, Rows<float> out) const {
  for (std::int64_t t = 0; t < out.count; ++t) {
    const auto row = this->driver(layer, driver, first + t);
    if (!row) return false;
    std::copy_n(row->begin() + first_column, out.width, out.row(t));
  }
  return true;
}

StatisticValue TraceView::pooled(int layer, Statistic which, std::int64_t first, std::int64_t last) const {
  StatisticValue value = statistic(layer, which, first);
  float tokens = 1;
  for (std::int64_t t = first + 1; t < last; ++t) value = joined(value, statistic(layer, which, t), 1 / ++tokens);
  return value;
}

RecordedView::RecordedView(std::int64_t count, std::uint64_t revision, std::shared_ptr<const StateSchema> schema,
                           std::shared_ptr<const TraceLayout> layout, std::shared_ptr<const History> history, const TraceUse& use)
    : layout_(std::move(layout)), history_(std::move(history)) {
  count_ = count;
  revision_ = revision;
  schema_ = std::move(schema);
  layers_ = layout_->shared_layers();
  use_ = use;
}

std::optional<std::vector<float>> RecordedView::driver(int layer, int driver, std::int64_t token) const {
  if (token < 0 || token >= count_) return std::nullopt;
  const Driver& info = layout_->layers()[static_cast<std::size_t>(layer)].drivers[static_cast<std::size_t>(driver)];
  const Tile& tile = history_->tiles[static_cast<std::size_t>(token / layout_->tile_tokens())];
  const Part& part = info.replay ? tile.replay : tile.looked_at;
  if (!part || token < (info.replay ? history_->replay_from : history_->looked_at_from)) return std::nullopt;
  std::vector<float> buffer;
  const auto values = layer_of(part, info.replay ? layout_->replay() : layout_->looked_at(), layer, *history_, buffer);
  if (!values) return std::nullopt;
  const float* row = layout_->driver(*values, layer, driver) + token % layout_->tile_tokens() * info.width;
  return std::vector<float>(row, row + info.width);
}

bool RecordedView::columns(int layer, int driver, std::int64_t first_column, std::int64_t first, Rows<float> out) const {
  const Driver& info = layout_->layers()[static_cast<std::size_t>(layer)].drivers[static_cast<std::size_t>(driver)];
  if (first < (info.replay ? history_->replay_from : history_->looked_at_from) || first + out.count > count_) return false;
  const std::int64_t tile_tokens = layout_->tile_tokens();
  std::vector<float> buffer;
  for (std::int64_t done = 0; done < out.count;) {
    const std::int64_t token = first + done, from = token % tile_tokens, n = std::min(tile_tokens - from, out.count - done);
    const Tile& tile = history_->tiles[static_cast<std::size_t>(token / tile_tokens)];
    const Part& part = info.replay ? tile.replay : tile.looked_at;
    if (!part) return false;
    const auto values = layer_of(part, info.replay ? layout_->replay() : layout_->looked_at(), layer, *history_, buffer);
    if (!values) return false;
    const float* rows = layout_->driver(*values, layer, driver) + from * info.width + first_column;
    for (std::int64_t t = 0; t < n; ++t) std::copy_n(rows + t * info.width, out.width, out.row(done + t));
    done += n;
  }
  return true;
}

StatisticValue RecordedView::statistic(int layer, Statistic which, std::int64_t token) const {
  LAB_CHECK(token, >=, 0);
  LAB_CHECK(token, <, count_);
  return layout_->statistic(history_->tiles[static_cast<std::size_t>(token / layout_->tile_tokens())], layer, which,
                            token % layout_->tile_tokens());
}

StatisticValue RecordedView::pooled(int layer, Statistic which, std::int64_t first, std::int64_t last) const {
  LAB_CHECK(first, >=, 0);
  LAB_CHECK(first, <, last);
  LAB_CHECK(last, <=, count_);
  const std::int64_t tile_tokens = layout_->tile_tokens();
  StatisticValue value;
  for (std::int64_t token = first; token < last;) {
    const std::int64_t from = token % tile_tokens, n = std::min(tile_tokens - from, last - token);
    const StatisticValue part = layout_->pooled(history_->tiles[static_cast<std::size_t>(token / tile_tokens)], layer, which, from, from + n);
    token += n;
    value = token - n == first ? part : joined(value, part, static_cast<float>(n) / static_cast<float>(token - first));
  }
  return value;
}

Status RecordedView::restore(std::int64_t position, int layer, State& state, const Replayer& replay) const {
  return walk(position, position, layer, state, replay, {});
}

Status RecordedView::walk(std::int64_t first, std::int64_t last, int layer, State& state, const Replayer& replay,
                          const std::function<bool(std::int64_t token)>& visit) const {
  LAB_CHECK(state.schema().stored(), ==, schema_->stored());
  const auto& keyframes = history_->keyframes;
  const auto keyframe = keyframe_before(keyframes, first);
  if (keyframe == keyframes.end() || first < 0 || last < first || last > count_)
    return Error{.code = Code::out_of_range, .field = "position",
                 .expected = std::to_string(use_.replayable_from) + " to " + std::to_string(count_),
                 .found = std::to_string(first) + (last == first ? "" : " to " + std::to_string(last)),
                 .message = "the history does not reach there"};
  Playback playback(*layout_, *history_, layer, state, replay);
  LAB_TRY(playback.load(*keyframe));
  LAB_TRY(playback.play(keyframe->position, first));
  auto next = keyframe + 1;
  for (std::int64_t token = first; token < last; ++token) {
    for (; next != keyframes.end() && next->position <= token; ++next)
      if (next->edited) LAB_TRY(playback.load(*next));
    LAB_TRY(playback.play(token, token + 1));
    if (next != keyframes.end() && next->position == token + 1 && next->unrecorded) LAB_TRY(playback.load(*next));
    if (!visit(token)) break;
  }
  return {};
}

}  // namespace lab
