// How large the state is, how much it changes, how much is written, and the residual stream beside it.
#include <fmt/format.h>

#include <cmath>

#include "views/figures/curves.h"

namespace lab {
namespace {

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  return make_curves(snapshot, derived, options, CurveSet::norms);
}

std::string subtitle(const Snapshot& snapshot, const Derived&) {
  std::int64_t broken = 0;
  const auto layer = static_cast<int>(snapshot.selection.layer);
  const TokenRange range = shown_tokens(snapshot);
  const std::int64_t last = snapshot.trace ? std::min(range.last, snapshot.trace->count()) : 0;
  const bool are_finite = range.first < last && std::isfinite(snapshot.trace->pooled(layer, Statistic::h_norm, range.first, last).high);
  if (!are_finite)  // only then each is looked at
    for (std::int64_t t = range.first; t < last; ++t)
      broken += !std::isfinite(snapshot.trace->statistic(layer, Statistic::h_norm, t).mean);
  return fmt::format("layer {} · Frobenius norms{}", layer, nan_note(broken));
}

std::string value(const FigureInput& input, int plot, double x, double) {
  return curve_value(input, CurveSet::norms, plot, x);
}
std::string csv(const FigureInput& input) { return curve_csv(input, CurveSet::norms); }

}  // namespace

const FigureCode kNorms = {{"norms", "Norms", {}, 0.7, make}, subtitle, value, csv,
    "Frobenius norms of the state of a layer, of its change by each token, of what each token writes, and the norm of the residual stream that leaves the "
    "layer; or the norm of the state of every layer. Computed inside the step. Of more than 4,096 tokens a point is a block's mean, with the block's extremes "
    "behind it; where the history was thinned, a value stands for a block of tokens."};

}  // namespace lab
