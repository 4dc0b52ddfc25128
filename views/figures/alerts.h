#pragma once
// What the pictures of alerts share.
#include <vector>

#include "app/core/snapshot.h"

namespace lab {

/// The layers in the order of their rows; -1, the model as a whole, comes first where something was found in it.
std::vector<int> alert_rows(const AlertLog& log, int layers);

}  // namespace lab
