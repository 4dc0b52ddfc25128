// How wide the gates stand: time step, decay, output gate.
#include <fmt/format.h>

#include "views/figures/curves.h"

namespace lab {
namespace {

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  return make_curves(snapshot, derived, options, CurveSet::gates);
}

std::string subtitle(const Snapshot& snapshot, const Derived&) {
  return fmt::format("layer {} · means over channels", snapshot.selection.layer);
}

std::string value(const FigureInput& input, int plot, double x, double) {
  return curve_value(input, CurveSet::gates, plot, x);
}
std::string csv(const FigureInput& input) { return curve_csv(input, CurveSet::gates); }

}  // namespace

const FigureCode kGates = {{"gates", "Gates", {}, 0.7, make}, subtitle, value, csv};

}  // namespace lab
