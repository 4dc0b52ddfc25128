// What is given up when a history outgrows its budget, and in which order.
#include <algorithm>

#include "tracer/trace/history.h"

namespace lab {
namespace {

constexpr std::int64_t kStatisticsBlock = 16;  // tokens of a row of thinned statistics

// Each member frees one thing, the oldest that it finds, and says whether there was one.
class Fitter {
 public:
  Fitter(History& history, const TraceLayout& layout, std::int64_t count, Spilling& spilling)
      : history_(history), layout_(layout), spilling_(spilling),
        old_tiles_(static_cast<std::size_t>(std::max<std::int64_t>(count - kKeptTokens, 0) / layout.tile_tokens())) {}

  bool step() {
    return release_looked_at() || thin_keyframes() || thin_statistics(kStatisticsBlock) || spill_drivers() || drop_beginning() ||
           thin_statistics(layout_.tile_tokens()) || drop_statistics();
  }
  Status take_outcome() { return std::move(outcome_); }

 private:
  std::int64_t end_of(std::size_t tile) const { return (static_cast<std::int64_t>(tile) + 1) * layout_.tile_tokens(); }

  bool release_looked_at() {
    for (std::size_t i = 0; i < old_tiles_; ++i) {
      if (!history_.tiles[i].looked_at.memory) continue;
      if (!move_to_disk(history_.tiles[i].looked_at, layout_.looked_at())) {
        for (std::size_t j = 0; j <= i; ++j) history_.tiles[j].looked_at = {};
        history_.looked_at_from = end_of(i);
      }
      return true;
    }
    return false;
  }

  // Those at odd multiples of the tile go; a state that was edited, or went unrecorded, cannot be found again by replay and stays.
  bool thin_keyframes() {
    const std::int64_t tile = layout_.tile_tokens(), end = static_cast<std::int64_t>(old_tiles_) * tile;
    for (std::size_t i = 1; i < history_.keyframes.size(); ++i) {
      const Keyframe& keyframe = history_.keyframes[i];
      if (keyframe.position >= end) break;
      if (keyframe.edited || keyframe.unrecorded || !keyframe.arena.memory || keyframe.position % (2 * tile) != tile) continue;
      history_.keyframes.erase(history_.keyframes.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
    return false;
  }

  bool thin_statistics(std::int64_t step) {
    for (std::size_t i = 0; i < old_tiles_; ++i) {
      Tile& tile = history_.tiles[i];
      if (!tile.statistics || tile.step >= step) continue;
      tile.statistics = layout_.resampled_statistics(tile, step);
      tile.step = step;
      if (step == layout_.tile_tokens()) tile.summary.reset();
      history_.exact_from = std::max(history_.exact_from, end_of(i));
      return true;
    }
    return false;
  }

  bool drop_statistics() {
    for (std::size_t i = 0; i < old_tiles_; ++i) {
      if (!history_.tiles[i].statistics) continue;
      history_.tiles[i].statistics.reset();
      history_.tiles[i].summary.reset();
      return true;
    }
    return false;
  }

  bool spill_drivers() {
    for (std::size_t i = 0; i < old_tiles_; ++i)
      if (history_.tiles[i].replay.memory) return move_to_disk(history_.tiles[i].replay, layout_.replay());
    for (std::size_t i = 0; i < newest_unedited(); ++i)
      if (history_.keyframes[i].arena.memory) return move_to_disk(history_.keyframes[i].arena, layout_.states());
    return false;
  }

  // The history then begins at its next unedited keyframe, and drivers before it drive nothing any more.
  bool drop_beginning() {
    const std::size_t newest = newest_unedited();
    if (newest == 0 || !old_replay_in_memory(newest)) return false;
    std::size_t next = 1;
    while (history_.keyframes[next].edited) ++next;
    history_.keyframes.erase(history_.keyframes.begin(), history_.keyframes.begin() + static_cast<std::ptrdiff_t>(next));
    for (std::size_t i = 0; i < old_tiles_ && end_of(i) <= history_.keyframes.front().position; ++i) history_.tiles[i].replay = {};
    return true;
  }

  bool old_replay_in_memory(std::size_t newest) const {
    const auto& keyframes = history_.keyframes;
    return std::any_of(history_.tiles.begin(), history_.tiles.begin() + static_cast<std::ptrdiff_t>(old_tiles_),
                       [](const Tile& tile) { return tile.replay.memory != nullptr; }) ||
           std::any_of(keyframes.begin(), keyframes.begin() + static_cast<std::ptrdiff_t>(newest),
                       [](const Keyframe& keyframe) { return keyframe.arena.memory != nullptr; });
  }

  std::size_t newest_unedited() const {
    std::size_t newest = 0;
    for (std::size_t i = 0; i < history_.keyframes.size(); ++i)
      if (!history_.keyframes[i].edited) newest = i;
    return newest;
  }

  bool move_to_disk(Part& part, const LayerBounds& bounds) {
    if (spilling_.folder.empty()) return false;
    Result<std::vector<SpillPlace>> places = write(part, bounds);
    if (!places) {
      outcome_ = std::move(places.error());
      spilling_.folder.clear();
      return false;
    }
    part = {.disk = std::make_shared<const std::vector<SpillPlace>>(places.take())};
    return true;
  }

  Result<std::vector<SpillPlace>> write(const Part& part, const LayerBounds& bounds) {
    if (!spilling_.file) {
      LAB_ASSIGN(spilling_.file, SpillFile::create(spilling_.folder));
      history_.spill = spilling_.file;
    }
    std::vector<SpillPlace> places;
    for (std::size_t layer = 0; layer + 1 < bounds.size(); ++layer) {
      const std::span<const float> values(part.memory.get() + bounds[layer], static_cast<std::size_t>(bounds[layer + 1] - bounds[layer]));
      LAB_ASSIGN(const SpillPlace place, spilling_.file->write(values));
      places.push_back(place);
    }
    return places;
  }

  History& history_;
  const TraceLayout& layout_;
  Spilling& spilling_;
  const std::size_t old_tiles_;  // tiles before those that are kept
  Status outcome_;
};

}  // namespace

Status fit(History& history, const TraceLayout& layout, std::int64_t count, std::int64_t budget, Spilling& spilling) {
  Fitter fitter(history, layout, count, spilling);
  while (measure(history, layout, count, budget).total() > budget && fitter.step()) {}
  return fitter.take_outcome();
}

}  // namespace lab
