#pragma once
// Who wrote a state: a layer's state taken apart into what every token of the trace wrote, through the edits on the way.
#include <functional>
#include <memory>
#include <vector>

#include "app/core/snapshot.h"
#include "model/base/result.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// Takes the selected part apart as it is at cursor A (a read-out: as the token there read it). Null when `cancelled` (may be
/// empty) says so. Refused where the layer's state is no sum of writes, and where the history was dropped. `scratch` is a
/// state of the model; its contents change.
Result<std::shared_ptr<const Content>> take_apart(const Model& model, const Snapshot& snapshot, StatePart part, State& scratch,
                                                  Context<float>& context, const std::function<bool()>& cancelled);

/// What a layer's state at a position still holds of the write of one token: [rows, states] of the layer's plane, as its state keeps
/// it, without what edits have forgotten of it since. Subtracted from the state it leaves the one of the same run with that write
/// blocked in this layer. Refused where the layer has no recurrence, and where what the token wrote was dropped.
Result<std::vector<double>> remains_of(const Model& model, const Snapshot& snapshot, int layer, std::int64_t token, std::int64_t position,
                                       State& scratch, Context<float>& context);

/// The same of all layers that have a recurrence (or of one), as a state that holds it in its recurrent tensors and nothing else.
Result<State> remains_in_state(const Model& model, const Snapshot& snapshot, std::int64_t layer, std::int64_t token, std::int64_t position,
                               Context<float>& context);

/// The exact reach of every cell of a layer at cursor A, backwards through the history, to shares of a half, a tenth and kHorizon.
/// Null when cancelled.
Result<std::shared_ptr<const LayerReach>> reach_of(const Model& model, const Snapshot& snapshot, int layer, State& scratch,
                                                   Context<float>& context, const std::function<bool()>& cancelled);

/// The half-life of every channel of every layer at cursor A, backwards through at most the last kMostLookedBack tokens. Null when
/// cancelled.
constexpr std::int64_t kMostLookedBack = 4096;
Result<std::shared_ptr<const HalfLifeMap>> map_half_lives(const Model& model, const Snapshot& snapshot, State& scratch, Context<float>& context,
                                                          const std::function<bool()>& cancelled);

/// The hidden attention of one channel (of a head, where they share it) over tokens [first, last), at most kMostMapped, or with
/// channel -1 the mean of the magnitudes over all of them. Begins at the last edit of the layer in between. Null when cancelled.
constexpr std::int64_t kMostMapped = 1024;
Result<std::shared_ptr<const HiddenAttentionMap>> map_attention(const Model& model, const Snapshot& snapshot, int layer, std::int64_t channel,
                                                               std::int64_t first, std::int64_t last, State& scratch, Context<float>& context,
                                                               const std::function<bool()>& cancelled);

}  // namespace lab
