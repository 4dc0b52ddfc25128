#include "tracer/trace/history.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/base/check.h"
#include "model/base/memory.h"

namespace lab {
namespace {

constexpr std::int64_t kFloatsOfValue = 3;  // low, high, mean

// Every list of caches is counted once. It shares its full tiles with the next one, unless an edit in between made them anew.
std::int64_t bytes_of_caches(const std::vector<Keyframe>& keyframes) {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < keyframes.size(); ++i) {
    const Keyframe* next = i + 1 < keyframes.size() ? &keyframes[i + 1] : nullptr;
    if (next && next->caches == keyframes[i].caches) continue;
    for (std::size_t c = 0; c < keyframes[i].rows.size(); ++c) {
      const RowTiles<float>& rows = (*keyframes[i].caches)[c];
      const bool full_tile = rows.count() >= RowTiles<float>::kRows;
      const bool shared = full_tile && next && next->rows[c] >= rows.count() && (*next->caches)[c].tiles()[0] == rows.tiles()[0];
      const std::int64_t tile = RowTiles<float>::kRows * rows.width() * static_cast<std::int64_t>(sizeof(float));
      bytes += !shared ? rows.bytes() : rows.count() % RowTiles<float>::kRows != 0 ? tile : 0;
    }
  }
  return bytes;
}

// Whether the caches of `next` begin with the rows of an earlier keyframe. No state was edited in between, so it is enough that
// they share the last full tile: rows were only added since.
bool goes_on(const Keyframe& next, const Keyframe& earlier) {
  for (std::size_t c = 0; c < next.rows.size(); ++c) {
    const auto full = static_cast<std::size_t>(earlier.rows[c] / RowTiles<float>::kRows);
    if (next.rows[c] < earlier.rows[c]) return false;
    if (full > 0 && (*next.caches)[c].tiles()[full - 1] != (*earlier.caches)[c].tiles()[full - 1]) return false;
  }
  return true;
}

std::int64_t bytes_of(std::int64_t floats) { return floats * static_cast<std::int64_t>(sizeof(float)); }

}  // namespace

StatisticValue joined(const StatisticValue& a, const StatisticValue& b, float share_of_b) {
  const auto pick = [](float x, float y, bool larger) {
    if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<float>::quiet_NaN();
    return larger ? std::max(x, y) : std::min(x, y);
  };
  return {pick(a.low, b.low, false), pick(a.high, b.high, true), a.mean + (b.mean - a.mean) * share_of_b};
}

void share_caches(std::vector<Keyframe>& keyframes, const Keyframe& next) {
  if (keyframes.empty() || next.edited || !goes_on(next, keyframes.back())) return;
  const auto before = keyframes.back().caches;
  for (auto earlier = keyframes.rbegin(); earlier != keyframes.rend() && earlier->caches == before; ++earlier) earlier->caches = next.caches;
}

Part new_part(const LayerBounds& bounds) {
  const std::size_t bytes = static_cast<std::size_t>(bounds.back()) * sizeof(float);
  return {.memory = std::shared_ptr<float[]>(static_cast<float*>(allocate_aligned(bytes)), [bytes](float* p) { free_aligned(p, bytes); })};
}

TraceLayout::TraceLayout(const StateSchema& schema, std::shared_ptr<const std::vector<LayerInfo>> layers)
    : layers_(std::move(layers)), tile_tokens_(kKeptTokens), replay_{0}, looked_at_{0}, states_{0} {
  LAB_CHECK(layers_->size(), ==, schema.layers().size());
  for (const LayerInfo& layer : *layers_) tile_tokens_ = std::min(tile_tokens_, layer.keyframe_every);
  LAB_CHECK(tile_tokens_, >=, 16);
  LAB_CHECK(tile_tokens_ % 16, ==, 0);
  for (const LayerInfo& layer : *layers_) {
    std::int64_t replay = 0, looked_at = 0;
    std::vector<std::int64_t>& places = places_.emplace_back();
    for (const Driver& driver : layer.drivers) {
      std::int64_t& size = driver.replay ? replay : looked_at;
      places.push_back(size);
      size += tile_tokens_ * driver.width;
    }
    replay_.push_back(replay_.back() + replay);
    looked_at_.push_back(looked_at_.back() + looked_at);
  }
  for (const LayerSchema& layer : schema.layers()) {
    LAB_CHECK(layer.offset, ==, states_.back());
    states_.push_back(layer.offset + layer.stored);
  }
}

std::int64_t TraceLayout::statistics_size(std::int64_t step) const {
  const std::int64_t rows = static_cast<std::int64_t>(layers_->size()) * tile_tokens_ / step;
  return rows * kStatistics * (step == 1 ? 1 : kFloatsOfValue);
}

StatisticValue TraceLayout::statistic(const Tile& tile, int layer, Statistic which, std::int64_t row) const {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  if (!tile.statistics) return {kNone, kNone, kNone};
  const std::int64_t rows = tile_tokens_ / tile.step;
  const std::int64_t at = (layer * rows + row / tile.step) * kStatistics + static_cast<std::int64_t>(which);
  if (tile.step == 1) {
    const float value = tile.statistics[at];
    return {value, value, value};
  }
  const float* value = &tile.statistics[at * kFloatsOfValue];
  return {value[0], value[1], value[2]};
}

StatisticValue TraceLayout::pooled(const Tile& tile, int layer, Statistic which, std::int64_t first, std::int64_t last) const {
  if (tile.step == tile_tokens_) return statistic(tile, layer, which, 0);
  if (tile.summary && first == 0 && last == tile_tokens_) {
    const float* value = &tile.summary[(layer * kStatistics + static_cast<std::int64_t>(which)) * kFloatsOfValue];
    return {value[0], value[1], value[2]};
  }
  StatisticValue value = statistic(tile, layer, which, first);
  float rows = 1;
  for (std::int64_t row = first + 1; row < last; ++row) value = joined(value, statistic(tile, layer, which, row), 1 / ++rows);
  return value;
}

std::shared_ptr<float[]> TraceLayout::resampled_statistics(const Tile& tile, std::int64_t step) const {
  auto values = std::make_shared_for_overwrite<float[]>(static_cast<std::size_t>(statistics_size(step)));
  float* next = values.get();
  for (int layer = 0; layer < static_cast<int>(layers_->size()); ++layer)
    for (std::int64_t first = 0; first < tile_tokens_; first += step)
      for (int which = 0; which < kStatistics; ++which) {
        StatisticValue value = statistic(tile, layer, static_cast<Statistic>(which), first);
        float rows = 1;
        for (std::int64_t row = first + tile.step; row < first + step; row += tile.step)
          value = joined(value, statistic(tile, layer, static_cast<Statistic>(which), row), 1 / ++rows);
        if (step == 1) {
          *next++ = value.mean;
        } else {
          *next++ = value.low;
          *next++ = value.high;
          *next++ = value.mean;
        }
      }
  return values;
}

Tile TraceLayout::new_tile() const {
  return {.replay = new_part(replay_),
          .looked_at = new_part(looked_at_),
          .statistics = std::make_shared_for_overwrite<float[]>(static_cast<std::size_t>(statistics_size(1)))};
}

Result<const float*> layer_of(const Part& part, const LayerBounds& bounds, int layer, const History& history,
                              std::vector<float>& buffer) {
  const std::int64_t first = bounds[static_cast<std::size_t>(layer)], last = bounds[static_cast<std::size_t>(layer) + 1];
  if (part.memory) return static_cast<const float*>(part.memory.get() + first);
  LAB_CHECK(part.disk != nullptr, ==, true);
  buffer.resize(static_cast<std::size_t>(last - first));
  LAB_TRY(history.spill->read((*part.disk)[static_cast<std::size_t>(layer)], buffer));
  return static_cast<const float*>(buffer.data());
}

TraceUse measure(const History& history, const TraceLayout& layout, std::int64_t count, std::int64_t budget) {
  TraceUse use{.budget = budget, .looked_at_from = history.looked_at_from, .exact_from = history.exact_from};
  const auto add = [&](const Part& part, const LayerBounds& bounds, std::int64_t& memory) {
    if (part.memory) memory += bytes_of(bounds.back());
    if (part.disk)
      for (const SpillPlace& place : *part.disk) use.spilled += place.bytes;
  };
  for (const Tile& tile : history.tiles) {
    add(tile.replay, layout.replay(), use.drivers);
    add(tile.looked_at, layout.looked_at(), use.drivers);
    if (tile.statistics) use.statistics += bytes_of(layout.statistics_size(tile.step));
    if (tile.summary) use.statistics += bytes_of(layout.statistics_size(layout.tile_tokens()));
  }
  for (const Keyframe& keyframe : history.keyframes) add(keyframe.arena, layout.states(), use.keyframes);
  use.caches = bytes_of_caches(history.keyframes);
  use.replayable_from = history.keyframes.empty() ? count + 1 : history.keyframes.front().position;
  return use;
}

}  // namespace lab
