#pragma once
// The recurrence of a layer as its trace recorded it: stretches of tokens between edits, and their terms.
#include <functional>
#include <string>
#include <vector>

#include "app/core/snapshot.h"
#include "model/base/result.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// Consecutive tokens [first, last) that led to a state without an edit of the layer between them.
struct Leg {
  std::int64_t first = 0, last = 0;
  bool is_edited = false;        // at `first`; otherwise the run or what is left of its history begins there
  std::string label;             // of the edits there
  double kept = 1;               // of the state before them, which is
  std::int64_t restored = -1;    // the one at this position, or the one that token first - 1 left
};

/// The legs that led to the state of a layer at a position, the latest first, as far as the history reaches. Of the edits only the
/// first `edits` count.
std::vector<Leg> legs_of(const Snapshot& snapshot, std::int64_t layer, std::int64_t position, std::size_t edits);
/// How many edits had been made when the token of a number was read.
std::size_t edits_before(const Snapshot& snapshot, std::int64_t token);

/// The first of the tokens [first, last) from which on neither an edit nor an intervention has changed the layer's state otherwise
/// than was recorded.
std::int64_t unedited_from(const Snapshot& snapshot, std::int64_t layer, std::int64_t first, std::int64_t last);

/// Reads one layer's recurrence. The state is a scratch state of the model.
class RecurrenceReader {
 public:
  RecurrenceReader(const Model& model, const Snapshot& snapshot, int layer, State& state, Context<float>& context);

  /// Whether the layer's state is a sum of decayed writes at all.
  bool has_recurrence() const;
  /// The channels that share a head, one range after the other.
  const std::vector<ChannelRange>& ranges() const { return ranges_; }
  /// Puts the state at a position into the scratch state; or the state that the token before left, before any edit.
  Status restore(std::int64_t position);
  Status restore_left(std::int64_t position);
  /// Moves the scratch state, which the token finds, on by what was recorded of it.
  Status move_on(std::int64_t token);
  /// Whether an intervention did something to the state within the token's step that was not recorded; and the state that the
  /// token left for all that, before any edit.
  bool is_unrecorded(std::int64_t token) const;
  Status restore_ruled(std::int64_t token);
  const State& state() const { return state_; }

  /// What the scratch state holds of some channels: a recurrence of no tokens.
  Recurrence held(ChannelRange channels) const;
  /// Tokens [first, last) of a leg that begins at `leg_first`, whose state is in the scratch state.
  Result<Recurrence> tokens(ChannelRange channels, RecurrenceWants wants, std::int64_t first, std::int64_t last, std::int64_t leg_first) const;
  /// Calls visit(range index, recurrence, first token) for blocks of the tokens [first, last), the latest first, until it is false.
  using Visit = std::function<bool(std::size_t range, const Recurrence& stretch, std::int64_t first)>;
  Status backwards(const std::vector<ChannelRange>& ranges, RecurrenceWants wants, std::int64_t first, std::int64_t last,
                   std::int64_t leg_first, const Visit& visit) const;

 private:
  Replayer replayer() const;

  const Model& model_;
  const Snapshot& snapshot_;
  const int layer_;
  State& state_;
  Context<float>& context_;
  std::vector<ChannelRange> ranges_;
};

}  // namespace lab
