#pragma once
// A layer's recorded recurrence under other rules of discretisation.
#include <functional>
#include <memory>

#include "app/core/snapshot.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// Of the tokens [first, last) those since the last edit of the layer. `bounds` may be null. Refuses a layer whose state is no
/// selective scan and tokens whose drivers were dropped; null where `cancelled` says so.
Result<std::shared_ptr<const DiscretisationTable>> compare_discretisations(const Model& model, const Snapshot& snapshot, int layer, std::int64_t first,
                                                                           std::int64_t last, const StepBounds* bounds, State& scratch,
                                                                           Context<float>& context, const std::function<bool()>& cancelled);

}  // namespace lab
