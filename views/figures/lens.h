#pragma once
// A row of the logit lens in words.
#include <string>

#include "app/core/snapshot.h"

namespace lab {

/// Everything about one layer's row, as a tooltip shows it.
std::string lens_text(const Snapshot& snapshot, const LogitLens& lens, const LensRow& row);

}  // namespace lab
