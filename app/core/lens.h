#pragma once
// The logit lens: what the head would say of the residual stream as it leaves each layer.
#include <functional>
#include <memory>

#include "app/core/snapshot.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// Looks through the lens at the cursor's token: final norm and head over each layer's recorded residual stream. Probabilities
/// are over the tokens that may be sampled. Null when `cancelled` (may be empty) says so; refused where the residual streams were dropped.
Result<std::shared_ptr<const LogitLens>> look_through_lens(const Model& model, const Snapshot& snapshot,
                                                           const std::vector<bool>& sampleable, Context<float>& context,
                                                           const std::function<bool()>& cancelled);

}  // namespace lab
