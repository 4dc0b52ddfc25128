#pragma once
// Curves over the tokens, one small plot each, sharing the time axis: statistics of a layer, drivers of a channel, what was expected.
#include <functional>
#include <string>
#include <vector>

#include "views/figures/parts.h"

namespace lab {

/// A curve and what it is at a token.
struct Curve {
  std::string name, meaning, column;  // "‖h‖₂", "norm of the state", "h_norm" of the CSV
  std::int64_t first = 0, last = 0, stride = 1;  // tokens it is known at: first, first + stride, ... below last
  std::function<StatisticValue(std::int64_t token)> at;
  bool is_rank = false;  // 1 at the top, on a logarithmic scale
  std::function<StatisticValue(std::int64_t first, std::int64_t last)> pooled = {};  // of tokens [first, last), where that is quicker
};
/// Those that the selected layer has. They refer to the snapshot and what was derived, which must outlive them.
std::vector<Curve> curves_of(CurveSet set, const Snapshot& snapshot, const Derived& derived);

/// A curve over the tokens shown; at most 4096 points, each then standing for a block with its extremes.
LineLayer line_of(const Curve& curve, const Snapshot& snapshot);
/// What it is at a token: of one that is known at every few tokens only, at the last such token up to it. NaN where nothing is known.
StatisticValue value_of(const Curve& curve, std::int64_t token);

Result<Figure> make_curves(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options,
                           CurveSet set);
std::string curve_value(const FigureInput& input, CurveSet set, int plot, double x);
std::string curve_csv(const FigureInput& input, CurveSet set);
/// "norms", "gates", "drivers", "channel", "expected": the kind of figure that shows a set.
const char* kind_of(CurveSet set);

}  // namespace lab
