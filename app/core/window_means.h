#pragma once
// The mean states of two windows of tokens, channel by channel: which of them turned when a text changed.
#include <functional>
#include <memory>

#include "app/core/snapshot.h"
#include "model/model.h"

namespace lab {

/// Replays the layer over both windows; in double precision. Refuses windows that were dropped from the history and windows of more
/// than 2,048 tokens together. Null when it was cancelled.
Result<std::shared_ptr<const WindowMeans>> compare_windows(const Model& model, const Snapshot& snapshot, const TokenWindows& windows,
                                                           Context<float>& context, const std::function<bool()>& cancelled);

}  // namespace lab
