// The paths of two runs through the state space of a layer, on common principal axes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/compare.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr std::size_t kPointsNeeded = 2;

const TrajectoryPair* paths_of(const Derived& derived) {
  return derived.comparison && derived.comparison->trajectories && derived.comparison->trajectories->columns.size() >= kPointsNeeded
             ? derived.comparison->trajectories.get()
             : nullptr;
}

PointF place_of(const TrajectoryPair::Coordinates& at) { return {static_cast<double>(at[0]), static_cast<double>(at[1])}; }
bool is_known(const TrajectoryPair::Coordinates& at) { return std::isfinite(at[0]) && std::isfinite(at[1]); }

/// "PC1, 28 % (A 30 %, B 12 %)".
std::string axis_name(const TrajectoryPair& paths, std::size_t axis) {
  const std::string share = axis < paths.explained.size() ? percent_text(static_cast<double>(paths.explained[axis])) : "no variance";
  return fmt::format("PC{}, {} (A {}, B {})", axis + 1, share, percent_text(static_cast<double>(paths.kept_a[axis])), percent_text(static_cast<double>(paths.kept_b[axis])));
}

Axis axis_of(const TrajectoryPair& paths, std::size_t axis, const FigureOptions& options) {
  double low = 0, high = 0;  // the mean of the basis is always in the picture
  for (const auto* points : {&paths.a, &paths.b})
    for (const TrajectoryPair::Coordinates& at : *points)
      if (is_known(at)) low = std::min(low, static_cast<double>(at[axis])), high = std::max(high, static_cast<double>(at[axis]));
  const double room = 0.08 * std::max(1e-12, high - low);
  return {.label = axis_name(paths, axis), .low = low - room, .high = high + room, .visible = !options.on_screen};
}

void add_dots(const std::vector<TrajectoryPair::Coordinates>& points, Ink ink, bool joined, Plot& plot) {
  PathLayer path{.ink = ink, .joined = joined, .dot = 1.5};
  for (const TrajectoryPair::Coordinates& at : points) path.at.push_back(place_of(at));
  plot.layers.emplace_back(std::move(path));
}

/// The last column at or before one that has a point, as a place in the list; -1: none.
std::int64_t place_before(const TrajectoryPair& paths, std::int64_t column) {
  return std::ranges::upper_bound(paths.columns, column) - paths.columns.begin() - 1;
}

/// Where B leaves A: the place of the last point that both share; -1: none. Bit-equal throughout, it is the last.
std::int64_t last_shared(const ComparedRuns& compared) {
  const TrajectoryPair& paths = *compared.trajectories;
  const std::optional<std::int64_t> differs = first_state_difference(compared, paths.layer);
  if (!differs) return -1;
  return *differs < 0 ? static_cast<std::int64_t>(paths.columns.size()) - 1 : place_before(paths, *differs - 1);
}

/// A whole, B from where it leaves A.
void add_paths(const ComparedRuns& compared, Plot& plot) {
  const TrajectoryPair& paths = *compared.trajectories;
  add_dots(paths.a, Ink::run_a, true, plot);
  const std::vector<TrajectoryPair::Coordinates> own(paths.b.begin() + std::max<std::int64_t>(0, last_shared(compared)), paths.b.end());
  if (own.size() < 2) return;
  LineLayer dashes{.ink = Ink::run_b, .width = 0.9, .dashed = true};
  for (const TrajectoryPair::Coordinates& at : own) dashes.x.push_back(static_cast<double>(at[0])), dashes.y.push_back(at[1]);
  plot.layers.emplace_back(std::move(dashes));
  add_dots(own, Ink::run_b, false, plot);
}

void add_mark(const TrajectoryPair::Coordinates& at, std::string label, Ink ink, double radius, Plot& plot) {
  if (is_known(at)) plot.layers.emplace_back(MarkLayer{.at = place_of(at), .label = std::move(label), .ink = ink, .radius = radius});
}

/// The ends of both, where they part, and both at the cursor.
void add_marks(const Snapshot& snapshot, const ComparedRuns& compared, const FigureOptions& options, Plot& plot) {
  const TrajectoryPair& paths = *compared.trajectories;
  const auto& columns = compared.alignment->columns;
  const auto token = [&](std::size_t i, bool is_b) { const TokenPair& pair = columns[static_cast<std::size_t>(paths.columns[i])]; return is_b ? pair.b : pair.a; };
  const std::size_t last = paths.columns.size() - 1;
  const std::int64_t cursor = compared.alignment->column_of_a(snapshot.selection.cursor_a);
  const std::int64_t at = options.cursors && cursor >= 0 ? place_before(paths, cursor) : -1;
  if (at >= 0) {
    const auto i = static_cast<std::size_t>(at);
    add_mark(paths.a[i], fmt::format("A {}", token(i, false)), Ink::run_a, 4.5, plot);
    add_mark(paths.b[i], fmt::format("B {}", token(i, true)), Ink::run_b, 4.5, plot);
  }
  const std::int64_t shared = last_shared(compared);
  if (shared == static_cast<std::int64_t>(last)) return add_mark(paths.a[last], fmt::format("A and B {}, bit-equal", token(last, false)), Ink::run_a, 0, plot);
  if (shared >= 0) add_mark(paths.a[static_cast<std::size_t>(shared)], fmt::format("last equal, t = {}", token(static_cast<std::size_t>(shared), false)), Ink::cursor, 3, plot);
  add_mark(paths.a[last], fmt::format("A {}", token(last, false)), Ink::run_a, 0, plot);
  add_mark(paths.b[last], fmt::format("B {}", token(last, true)), Ink::run_b, 0, plot);
}

Result<Figure> make(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options) {
  if (!paths_of(derived)) return not_compared(snapshot, derived, "two paths");
  const ComparedRuns& compared = *derived.comparison;
  const TrajectoryPair& paths = *compared.trajectories;
  if (paths.explained.empty())
    return Error{.code = Code::mismatch, .field = "two paths", .expected = "states of one size", .found = "two sizes", .message = "The two states have no space in common.",
                 .next = "Procrustes distance and CKA are there all the same."};
  Plot plot{.title = "A and B on principal axes", .subtitle = subtitle_of("compare-pca", snapshot, derived), .x = axis_of(paths, 0, options),
            .y = axis_of(paths, 1, options), .equal_units = true};
  add_paths(compared, plot);
  add_marks(snapshot, compared, options, plot);
  return Figure{.plots = {std::move(plot)}};
}

std::string basis_text(TrajectoryBasis basis) { return basis == TrajectoryBasis::joint ? "joint basis" : basis == TrajectoryBasis::a ? "basis of A" : "basis of B"; }

std::string subtitle(const Snapshot& snapshot, const Derived& derived) {
  const TrajectoryPair* paths = paths_of(derived);
  if (!paths) return fmt::format("layer {}", snapshot.selection.layer);
  std::string text = fmt::format("layer {} · {}", paths->layer, basis_text(paths->basis));
  if (std::isfinite(paths->procrustes)) text += fmt::format(" · Procrustes {}, CKA {}", number_text(paths->procrustes, 3), number_text(paths->cka, 3));
  if (!paths->approximation.empty()) text += " · " + paths->approximation;
  return text;
}

std::string value(const FigureInput& input, int, double x, double y) {
  const TrajectoryPair* paths = paths_of(input.derived);
  if (!paths) return "";
  double best = INFINITY, size = 0;
  std::size_t nearest = 0;
  bool is_b = false;
  for (const bool of_b : {false, true}) {
    const auto& points = of_b ? paths->b : paths->a;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (!is_known(points[i])) continue;
      const PointF at = place_of(points[i]);
      size = std::max(size, std::hypot(at.x, at.y));
      if (const double distance = std::hypot(at.x - x, at.y - y); distance < best) best = distance, nearest = i, is_b = of_b;
    }
  }
  if (!(best <= 0.05 * size)) return "";
  const auto& at = (is_b ? paths->b : paths->a)[nearest];
  std::string text = fmt::format("{}\t{}\n{}", is_b ? "B" : "A", is_b ? input.derived.comparison->b.name : input.derived.comparison->a.name,
                                 column_text(*input.derived.comparison, paths->columns[nearest]));
  for (std::size_t axis = 0; axis < at.size(); ++axis) text += fmt::format("\nPC{}\t{}", axis + 1, exact_text(at[axis]));
  return text;
}

std::string csv(const FigureInput& input) {
  std::string text = "layer,basis,side,column,token,component,value\n";
  const TrajectoryPair* paths = paths_of(input.derived);
  if (!paths) return text;
  const auto& columns = input.derived.comparison->alignment->columns;
  for (const bool is_b : {false, true})
    for (std::size_t i = 0; i < paths->columns.size(); ++i)
      for (std::size_t axis = 0; axis < kTrajectoryAxes; ++axis) {
        const TokenPair pair = columns[static_cast<std::size_t>(paths->columns[i])];
        text += fmt::format("{},{},{},{},{},{},{}\n", paths->layer, name_of(paths->basis), is_b ? "b" : "a", paths->columns[i], is_b ? pair.b : pair.a, axis + 1,
                            csv_text((is_b ? paths->b : paths->a)[i][axis]));
      }
  return text;
}

}  // namespace

const FigureCode kComparePca = {
    {"compare-pca", "Paths compared", {.comparison = ComparisonQuery{.trajectories = true}}, 0.8, make, has_two_runs}, subtitle, value, csv,
    "The state of a layer after each token in two runs, on the principal axes of both together, of A or of B. Behind each axis stand its share of the variance of what "
    "the axes were made from, and of each path about its own mean. At most 256 points of each are used, evenly spread; axes, Procrustes distance and CKA are exact for "
    "those. Procrustes: 0 for paths of one shape, √2 at most. CKA: 1 for paths of one shape, 0 for unrelated ones."};

}  // namespace lab
