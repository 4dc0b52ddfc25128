#pragma once
// Which layers the list shows, and in which order.
#include <string>
#include <vector>

#include "views/panels/pane.h"

namespace lab {

struct ShownLayers {
  std::vector<int> layers;
  std::string problem;  // of the filter, which then leaves all
};

/// The layers that pass every part of a filter, parts separated by commas: numbers ("8-15", "L3"), comparisons of what the list shows
/// at the cursor ("norm > 20", "change <= 0.5"), "alert" for those with one up to the cursor, and words of their kind ("attention").
/// By index, or largest first; NaN is larger than any number.
ShownLayers shown_layers(const Snapshot& snapshot, const AlertLog* alerts, const std::string& filter, LayerSort sort);

}  // namespace lab
