#pragma once
// Curves of statistics over the tokens, one small plot each, sharing the time axis.
#include <vector>

#include "views/figures/parts.h"

namespace lab {

struct CurveSpec {
  Statistic which;
  const char* name;     // "‖h‖₂"
  const char* meaning;  // "norm of the state"
  const char* column;   // of the CSV
};
/// Those that the layer has.
std::vector<CurveSpec> curve_specs(CurveSet set, const LayerInfo& layer);
std::vector<CurveSpec> curve_specs(CurveSet set, const Snapshot& snapshot);  // of the selected layer

/// A statistic of a layer over the tokens shown; at most 4096 points, each then standing for a block with its extremes.
LineLayer curve_of(const Snapshot& snapshot, int layer, Statistic which);

Result<Figure> make_curves(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options,
                           CurveSet set);
std::string curve_value(const FigureInput& input, CurveSet set, int plot, double x);
std::string curve_csv(const FigureInput& input, CurveSet set);

}  // namespace lab
