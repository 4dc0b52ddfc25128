#pragma once
// What a trace keeps, as plain values: tiles of drivers and statistics, keyframes, and where each of them lies.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/layer_info.h"
#include "model/state.h"
#include "tracer/trace/spill.h"
#include "tracer/trace/trace.h"

namespace lab {

/// Minimum, maximum and mean of two groups of tokens together, of which `b` has that share. A NaN is worth knowing: it wins.
StatisticValue joined(const StatisticValue& a, const StatisticValue& b, float share_of_b);

/// Where the layers lie in a block of floats: layer i is [bounds[i], bounds[i + 1]).
using LayerBounds = std::vector<std::int64_t>;

/// The floats of all layers, in memory, in the spill file, or nowhere any more.
struct Part {
  std::shared_ptr<float[]> memory;
  std::shared_ptr<const std::vector<SpillPlace>> disk;  // one place a layer
  explicit operator bool() const { return memory || disk; }
};
/// A part in memory whose values are whatever was there.
Part new_part(const LayerBounds& bounds);

/// The recorded values of `tile_tokens` consecutive tokens. Of a full tile nothing changes but where it lies; of the
/// last one, only rows that no view counts are written.
struct Tile {
  Part replay;                          // drivers that replay needs
  Part looked_at;                       // the others
  std::shared_ptr<float[]> statistics;  // see TraceLayout::statistic; null: dropped
  std::int64_t step = 1;                // tokens that one row of statistics stands for
  std::shared_ptr<float[]> summary;     // of a full tile: its statistics with step tile_tokens; null: not full, the same as `statistics`, or dropped
};

/// The whole state at a position.
struct Keyframe {
  std::int64_t position = 0;        // in tokens of the trace
  std::int64_t state_position = 0;  // State::position there
  bool edited = false;              // made by an edit; a keyframe of the unedited state may lie at the same position
  bool unrecorded = false;          // of the unedited state, which does not follow from the drivers of the token before
  Part arena;
  // The tensors that grow, of which `rows` were there. Keyframes that went on from each other read the lists of the latest one:
  // a list of tiles for each of them would take memory that grows with the square of the tokens.
  std::shared_ptr<const std::vector<RowTiles<float>>> caches;
  std::vector<std::int64_t> rows;
};
/// Lets earlier keyframes read their rows in the caches of `next`, where its state went on from theirs.
void share_caches(std::vector<Keyframe>& keyframes, const Keyframe& next);

/// Immutable once a view holds it.
struct History {
  std::vector<Tile> tiles;          // tile i: tokens [i, i + 1) * tile_tokens
  std::vector<Keyframe> keyframes;  // by position, edited after unedited; the first is never an edited one
  std::shared_ptr<const SpillFile> spill;
  std::int64_t looked_at_from = 0, exact_from = 0;  // as in TraceUse
  std::int64_t replay_from = 0;     // drivers for replay before this token were lost with the disk
};

/// Sizes and places within tiles; the same for the whole life of a trace.
class TraceLayout {
 public:
  TraceLayout(const StateSchema& schema, std::shared_ptr<const std::vector<LayerInfo>> layers);

  const std::vector<LayerInfo>& layers() const { return *layers_; }
  const std::shared_ptr<const std::vector<LayerInfo>>& shared_layers() const { return layers_; }
  std::int64_t tile_tokens() const { return tile_tokens_; }
  const LayerBounds& replay() const { return replay_; }        // of Tile::replay
  const LayerBounds& looked_at() const { return looked_at_; }  // of Tile::looked_at
  const LayerBounds& states() const { return states_; }        // of Keyframe::arena

  /// The rows of a driver, [tile_tokens, width], within its layer's part of a tile.
  const float* driver(const float* layer_part, int layer, int driver) const {
    return layer_part + places_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(driver)];
  }
  float* driver(float* layer_part, int layer, int driver) const {
    return const_cast<float*>(this->driver(static_cast<const float*>(layer_part), layer, driver));
  }

  /// Floats of a tile's statistics. With step 1 they are [layers][tile_tokens][kStatistics]; with a larger one,
  /// [layers][tile_tokens / step][kStatistics] of StatisticValue.
  std::int64_t statistics_size(std::int64_t step) const;
  StatisticValue statistic(const Tile& tile, int layer, Statistic which, std::int64_t row) const;
  /// Minimum, maximum and mean over the rows [first, last) of a tile, of which there is one at least. A NaN wins.
  StatisticValue pooled(const Tile& tile, int layer, Statistic which, std::int64_t first, std::int64_t last) const;
  /// Statistics of another step, each row joined of smaller ones or (smaller step) repeated by its mean.
  std::shared_ptr<float[]> resampled_statistics(const Tile& tile, std::int64_t step) const;

  /// An empty tile to be written.
  Tile new_tile() const;

 private:
  std::shared_ptr<const std::vector<LayerInfo>> layers_;
  std::int64_t tile_tokens_ = 0;
  LayerBounds replay_, looked_at_, states_;
  std::vector<std::vector<std::int64_t>> places_;  // of each layer's drivers
};

/// One layer's values of a part: where they lie in memory, or read from the spill file into `buffer`.
Result<const float*> layer_of(const Part& part, const LayerBounds& bounds, int layer, const History& history,
                              std::vector<float>& buffer);

/// Bytes in memory and on disk, and what has been thinned.
TraceUse measure(const History& history, const TraceLayout& layout, std::int64_t count, std::int64_t budget);

/// Disk space for old history: made when first needed, given up for good when the disk refuses.
struct Spilling {
  std::string folder;  // "": none, or given up
  std::shared_ptr<SpillFile> file;
};

/// Frees memory until the budget holds or only the minimum is left, in the order that Trace::commit describes. An error
/// tells that spilling was given up; the history fits nevertheless.
Status fit(History& history, const TraceLayout& layout, std::int64_t count, std::int64_t budget, Spilling& spilling);

/// Tokens at the end of a trace whose tiles are never thinned.
constexpr std::int64_t kKeptTokens = 128;

}  // namespace lab
