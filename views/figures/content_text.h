#pragma once
// Parts of a state, and what tokens are in them, in words.
#include <string>

#include "app/core/snapshot.h"
#include "model/base/result.h"

namespace lab {

/// Why a layer of caches, which is the selected one, has no such figure.
Error no_recurrence(const Snapshot& snapshot);
/// "h[822, 3]", "channel 822", "head 3", "layer 12".
std::string part_text(const Snapshot& snapshot, const Content& content);
/// "+0.0433".
std::string signed_text(double value, int digits);
/// "21.7 %" of the whole.
std::string share_text(const Contribution& one, const Content& content);

}  // namespace lab
