#pragma once
// What a token of the past attended to, from what the trace keeps of it.
#include "app/core/snapshot.h"
#include "model/base/result.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// The attention of the selected layer, which is one of attention, as the token at cursor A computed it: the mixer runs
/// again over the cache that the token found, fed with the query and key that were recorded, so that the bits are
/// the same. `scratch` is a state of the model; its contents change.
Result<AttentionFrame> look_at_attention(const Model& model, const Snapshot& snapshot, State& scratch, Context<float>& context);

}  // namespace lab
