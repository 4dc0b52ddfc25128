// How far other rules of discretisation lead from the exact state of the selected layer, token after token.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr double kSmallest = 1e-9, kLargest = 1e12;  // of the errors that are drawn
constexpr Ink kInks[kDiscretisations] = {Ink::dim, Ink::run_b, Ink::run_a, Ink::run_d};

bool is_reference(const DiscretisationCurve& curve) { return curve.rule == Discretisation::exact && !curve.is_clamped; }

LineLayer line_of(const DiscretisationCurve& curve, std::int64_t first, double& low, double& high) {
  LineLayer line{.ink = kInks[static_cast<std::size_t>(curve.rule)], .dashed = curve.is_clamped, .name = curve.is_clamped ? fmt::format("{}, clamped", name_of(curve.rule)) : curve.name};
  for (std::size_t t = 0; t < curve.error.size(); ++t) {
    const double error = curve.error[t];
    line.x.push_back(static_cast<double>(first) + static_cast<double>(t));
    // An infinite error lies at the upper edge; none at all is not on a logarithmic axis.
    const double shown = std::isnan(error) || error == 0 ? NAN : std::clamp(error, kSmallest, kLargest);
    line.y.push_back(static_cast<float>(shown));
    if (!std::isnan(shown)) low = std::min(low, shown), high = std::max(high, shown);
  }
  return line;
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions&) {
  if (!derived.discretisation) return not_there(snapshot, derived, "the rules of discretisation");
  const DiscretisationTable& table = *derived.discretisation;
  Plot plot{.title = "Discretisation", .subtitle = subtitle_of("discretisation", snapshot, derived)};
  double low = kLargest, high = kSmallest;
  for (const DiscretisationCurve& curve : table.curves)
    if (!is_reference(curve)) plot.layers.emplace_back(line_of(curve, table.first, low, high));
  plot.layers.emplace_back(RuleLayer{.vertical = false, .at = 1, .ink = Ink::faint, .dashed = true});
  for (const DiscretisationCurve& curve : table.curves)
    if (curve.first_overflow >= 0)
      plot.layers.emplace_back(RuleLayer{.at = static_cast<double>(table.first + curve.first_overflow), .ink = Ink::bad, .dashed = true, .label = fmt::format("{}: beyond single precision", name_of(curve.rule))});
  plot.x = {.label = "token", .low = static_cast<double>(table.first) - 0.5, .high = static_cast<double>(table.last) - 0.5, .whole_numbers = true};
  plot.y = {.label = "relative error", .low = std::min(low, 0.5) / 2, .high = std::max(high, 2.0) * 2, .scaling = Scaling::log};
  return Figure{.plots = {std::move(plot)}};
}

std::string subtitle(const Snapshot&, const Derived& derived) {
  if (!derived.discretisation) return "";
  const DiscretisationTable& table = *derived.discretisation;
  std::string text = fmt::format("layer {} · t = {} to {}", table.layer, table.first, table.last - 1);
  for (const DiscretisationCurve& curve : table.curves)
    if (curve.rule == Discretisation::euler && !curve.is_clamped && curve.growing > 0)
      text += fmt::format(" · Euler grows in {} of cells, by up to {:.3g} a token", percent_text(curve.growing), curve.largest_keep);
  return text;
}

std::string value(const FigureInput& input, int, double x, double) {
  if (!input.derived.discretisation) return "";
  const DiscretisationTable& table = *input.derived.discretisation;
  const auto t = static_cast<std::int64_t>(std::floor(x + 0.5)) - table.first;
  if (t < 0 || t >= table.last - table.first) return "";
  std::string text = fmt::format("after t = {}\t", table.first + t);
  for (const DiscretisationCurve& curve : table.curves)
    if (!is_reference(curve)) text += fmt::format("\n{}\t{}", curve.name, number_text(curve.error[static_cast<std::size_t>(t)], 4));
  return text;
}

std::string csv(const FigureInput& input) {
  std::string text = "layer,token,rule,clamped,error\n";
  if (!input.derived.discretisation) return text;
  const DiscretisationTable& table = *input.derived.discretisation;
  for (const DiscretisationCurve& curve : table.curves)
    for (std::size_t t = 0; t < curve.error.size(); ++t)
      text += fmt::format("{},{},{},{},{}\n", table.layer, table.first + static_cast<std::int64_t>(t), name_of(curve.rule), curve.is_clamped ? 1 : 0, curve.error[t]);
  return text;
}

bool applies(const Snapshot& snapshot) {
  const LayerInfo* layer = selected_layer(snapshot);
  return layer && std::ranges::find(layer->points, Point::dt, &PointShape::point) != layer->points.end();
}

}  // namespace

const FigureCode kDiscretisation = {{"discretisation", "Discretisation", {.discretisation = true}, 0.6, make, applies}, subtitle, value, csv,
    "The recorded time steps and writes of the layer stepped by other rules, in double precision: Euler, 1 + ΔA, the first-order Taylor rule; zero-order hold of both A "
    "and B; and the bilinear rule. The error is ‖h − exact‖ / ‖exact‖, where exact is the model's own rule, exp(ΔA) h + Δ x B. Above 1 nothing of the state is left. "
    "Dashed: with the time step clamped."};

}  // namespace lab
