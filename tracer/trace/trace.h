#pragma once
// The recorded history of one run: what drove each layer's recurrence at every token, statistics, and a keyframe now and
// then. States are not stored: any past one is replayed, bit for bit, when somebody looks.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/base/result.h"
#include "model/layer_info.h"
#include "model/probe.h"
#include "model/state.h"

namespace lab {

/// Moves one layer of a state on by tokens whose drivers are given: Model::replay, bound to a model and a context.
using Replayer = std::function<void(int layer, std::span<const Rows<const float>> drivers, State& state)>;

struct TraceOptions {
  std::int64_t budget_bytes = std::int64_t{1} << 30;  // of everything a trace keeps in memory
  std::string spill_folder;                           // where tiles go instead of being dropped; "": nowhere
};

/// Where the memory of a trace goes, in bytes, and what has been thinned or dropped so far.
struct TraceUse {
  std::int64_t drivers = 0, keyframes = 0, statistics = 0, spilled = 0, budget = 0;
  std::int64_t caches = 0;           // rows of growing tensors that keyframes and the state share: they cannot be thinned
  std::int64_t looked_at_from = 0;   // gates and residual streams are kept from this token on
  std::int64_t exact_from = 0;       // statistics are kept token by token from here on; before, by blocks of sixteen or more
  std::int64_t replayable_from = 0;  // the earliest token whose state can be replayed from its drivers
  std::int64_t total() const { return drivers + keyframes + statistics + caches; }
};

/// Minimum, maximum and mean of a statistic over the tokens that a stored number stands for.
struct StatisticValue {
  float low = 0, high = 0, mean = 0;
};

/// What readers see of a trace: immutable, cheap to copy by pointer.
///
/// Positions count tokens: the state at position p is the one that the token p finds, after p tokens and all edits made
/// there. Token t moves the state from position t to t + 1.
class TraceView {
 public:
  virtual ~TraceView() = default;

  std::int64_t count() const { return count_; }        // tokens recorded: [0, count)
  std::uint64_t revision() const { return revision_; }  // changes when the past was rewritten; equal: only tokens were added
  const std::shared_ptr<const StateSchema>& schema() const { return schema_; }
  const std::vector<LayerInfo>& layers() const { return *layers_; }
  const TraceUse& use() const { return use_; }

  /// A driver of a layer at a token (index into LayerInfo::drivers), or nothing when it was dropped. Spilled tiles are read
  /// back, so this may touch the disk.
  virtual std::optional<std::vector<float>> driver(int layer, int driver, std::int64_t token) const = 0;
  /// Columns [first_column, first_column + out.width) of a driver at the out.count tokens from `first` on. False when some of
  /// them were dropped.
  virtual bool columns(int layer, int driver, std::int64_t first_column, std::int64_t first, Rows<float> out) const;
  /// A statistic of a layer at a token of [0, count); before `exact_from` of its block of tokens, NaN when even that was dropped.
  virtual StatisticValue statistic(int layer, Statistic which, std::int64_t token) const = 0;
  /// The same over the tokens [first, last), one at least: minimum, maximum, and mean up to rounding. A NaN wins. Quick where they
  /// are many: whole tiles were summed up when they were full.
  virtual StatisticValue pooled(int layer, Statistic which, std::int64_t first, std::int64_t last) const;

  /// The state of one layer at a position, replayed into `state` (other layers untouched, `state.position` set). Refuses
  /// with Code::out_of_range what is no longer there, naming the earliest position that is.
  virtual Status restore(std::int64_t position, int layer, State& state, const Replayer& replay) const = 0;
  /// All layers.
  Status restore(std::int64_t position, State& state, const Replayer& replay) const;
  /// Calls visit(token) with `state` as each token of [first, last) left this layer, before any edit made after it; the
  /// next token starts from the edited state. `visit` returns false to stop.
  virtual Status walk(std::int64_t first, std::int64_t last, int layer, State& state, const Replayer& replay,
                      const std::function<bool(std::int64_t token)>& visit) const = 0;

 protected:
  std::int64_t count_ = 0;
  std::uint64_t revision_ = 0;
  std::shared_ptr<const StateSchema> schema_;
  std::shared_ptr<const std::vector<LayerInfo>> layers_;
  TraceUse use_;
};

/// What the state after some tokens follows from: what is recorded of them, or nothing but itself.
enum class Keeping : std::uint8_t { drivers, state };

/// The writing side, used by one thread. A call of Model::advance is recorded like this:
///
///   lane.probe = &trace.probe();  // at most tokens_until_keyframe() tokens
///   model.advance(...);
///   trace.commit(lane.length(), state);
class Trace {
 public:
  Trace(std::shared_ptr<const StateSchema> schema, std::vector<LayerInfo> layers, const TraceOptions& options, const State& start);
  ~Trace();
  Trace(Trace&&) noexcept;
  Trace& operator=(Trace&&) noexcept;

  /// Receives drivers and statistics of the tokens that follow; asked for anew before each call of the model.
  Probe& probe();
  /// How many tokens may be advanced before a keyframe is due: 1 to 128.
  std::int64_t tokens_until_keyframe() const;
  /// Makes the last `tokens` visible. `after` becomes a keyframe when one is due. Frees what the budget does not allow:
  /// first gates and residuals of old tokens (to disk when there is a spill folder), then every second old keyframe, then
  /// statistics to blocks of sixteen, then old drivers and keyframes (to disk, or the earliest are dropped), at last
  /// old statistics to one block a tile, and those too.
  ///
  /// TraceUse::total() stays within max(budget, minimum), where with K = the smallest keyframe_every
  ///   minimum = (ceil(128 / K) + 1) tiles of K tokens + the newest keyframe + one for each edit after that one;
  /// a tile takes 4 K (widths of all drivers + (1 + 3 / K) kStatistics layers) bytes, a keyframe as much as the state; the rows of growing
  /// tensors come on top, once.
  ///
  /// Refuses with Code::environment when the disk does: the tokens are recorded nevertheless, and from then on old
  /// history is dropped instead of spilled.
  ///
  /// With Keeping::state `after` becomes a keyframe even where none is due: something has changed the state within the step that
  /// no driver shows. Then `tokens` is 1. Such a keyframe is never thinned, as if an edit had made it.
  Status commit(std::int64_t tokens, const State& after, Keeping keeping = Keeping::drivers);
  /// Throws away what an advance that was cancelled has recorded.
  void discard();
  /// The state at the present position was edited: it becomes a keyframe.
  void edited(const State& state);
  /// Forgets the tokens from `position` on, and the edits made after it (those at it too unless `keep_edits_there`).
  /// The caller goes on from the state that it restored there before. When the history did not reach so far back, or the
  /// disk does not give it back, nothing can be restored until the next commit (due after one token) or edit: its state
  /// is the new beginning.
  void truncate(std::int64_t position, bool keep_edits_there = false);

  /// A trace that goes on by itself from a position, with the edits made there. All full tiles, keyframes and the spill file are
  /// shared, so it costs some pointers, and a tile once it goes on. As after `truncate`, whoever goes on restores the state there before.
  Trace fork(std::int64_t position) const;

  /// The most memory that this trace may keep from now on, in bytes.
  void set_budget(std::int64_t bytes);
  /// Calls visit(block, bytes) for every block of memory that the history keeps alive: equal blocks are shared with a fork.
  void visit_memory(const std::function<void(const void* block, std::int64_t bytes)>& visit) const;

  std::int64_t count() const;
  std::shared_ptr<const TraceView> view() const;

 private:
  struct Parts;
  explicit Trace(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lab
