#pragma once
// What a limit of a rule would find in the tokens shown.
#include <cmath>

#include "views/figures/figure.h"

namespace lab {

constexpr int kAllLayers = -2;

struct LimitShares {
  int rule = -1, layer = 0;    // what is looked at
  double limit = 0;
  double own = NAN, all = NAN;  // share of the numbers beyond it: of the layer, of all layers; NaN where there are none
};
/// For a limit, or for the one that holds (NaN).
LimitShares limit_shares(const Snapshot& snapshot, const AlertLog& log, const FigureOptions& options, double limit = NAN);

}  // namespace lab
