#pragma once
// What a mixer made of one past token, computed anew from what was recorded.
#include "app/core/snapshot.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// Runs the mixer of the selected layer over the cursor's token once more: from the state that the token found, with what was
/// recorded of it in the place of what the mixer would make of its input. `context.trials` are those the token was read with;
/// `scratch` is overwritten. Refuses with Code::out_of_range where the history does not reach so far back.
Result<MixerFrame> look_at_mixer(const Model& model, const Snapshot& snapshot, State& scratch, Context<float>& context);

}  // namespace lab
