#include <array>

#include "model/base/check.h"
#include "views/figures/parts.h"

namespace lab {
namespace {

constexpr std::array kCodes = {&kStateHeatmap, &kStateAt,   &kAttention,     &kNorms,       &kGates, &kDrivers, &kChannel, &kExpected, &kPca2d, &kPca3d,
                               &kScree,        &kNextToken, &kLogitLens, &kWeightHeatmap, &kWeightError, &kWeightHistogram,
                               &kAlerts,       &kAlertEvidence, &kAlertLimits, &kContent, &kHalfLife, &kHiddenAttention,
                               &kCompareHeatmap, &kCompareNorms, &kComparePca, &kCompareMultiples, &kDiscretisation, &kHalfLifeMap};

/// The code of a kind that must exist: names come from figure_kinds or were looked up by find_figure.
const FigureCode& code_of(const std::string& name) {
  for (const FigureCode* code : kCodes)
    if (name == code->kind.name) return *code;
  LAB_CHECK(name, ==, "a kind of figure");
  return *kCodes[0];
}

}  // namespace

std::span<const FigureKind> figure_kinds() {
  static const auto kinds = [] {
    std::array<FigureKind, kCodes.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kCodes[i]->kind;
    return all;
  }();
  return kinds;
}

const FigureKind* find_figure(const std::string& name) {
  for (const FigureKind& kind : figure_kinds())
    if (name == kind.name) return &kind;
  return nullptr;
}

Query needs_of(const FigureKind& kind, const FigureOptions& options) {
  Query needs = kind.needs;
  if (needs.slab) needs.rows_axis = options.rows_axis, needs.similarity = options.order == RowOrder::similarity;
  if (needs.content != StatePart::none) needs.content = options.part;
  if (needs.expected) needs.watched = options.watched;
  if (needs.comparison) {
    ComparisonQuery query = options.comparison;
    query.slab = needs.comparison->slab, query.trajectories = needs.comparison->trajectories;
    query.whole = !options.on_screen;
    needs.comparison = query;
  }
  if (needs.multiples) needs.multiples = MultiplesQuery{options.comparison.a, options.runs, options.comparison.by, options.comparison.offset};
  if (needs.discretisation) needs.step_bounds = options.step_bounds;
  return needs;
}

int colouring_of(const FigureOptions& options) { return options.z_score ? static_cast<int>(Scaling::sign) + 1 : static_cast<int>(options.scaling); }

void set_colouring(FigureOptions& options, int colouring) {
  options.z_score = colouring > static_cast<int>(Scaling::sign);
  options.scaling = options.z_score ? Scaling::linear : static_cast<Scaling>(colouring);
  options.locked = false;
}

std::string explanation_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived) {
  const std::string shown = subtitle_of(kind, snapshot, derived);
  return std::string(code_of(kind).explanation) + (shown.empty() ? "" : " Shown: " + shown + ".");
}

std::string subtitle_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived) {
  return snapshot.model ? code_of(kind).subtitle(snapshot, derived) : "";
}

std::string value_at(const std::string& kind, const Snapshot& snapshot, const Derived& derived,
                     const FigureOptions& options, int plot, double x, double y) {
  return code_of(kind).value({snapshot, derived, options}, plot, x, y);
}

std::string csv_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived,
                   const FigureOptions& options) {
  return code_of(kind).csv({snapshot, derived, options});
}

}  // namespace lab
