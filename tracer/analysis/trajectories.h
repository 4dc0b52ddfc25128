#pragma once
// Two paths through the state space of a layer: on common axes, and how alike their shapes are whatever the axes.
// Sources: Kornblith et al. 2019 (linear CKA), Williams et al. 2021 (shape distances); orthogonal Procrustes as in Schönemann 1966.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lab {

/// Whose principal components the axes are.
enum class TrajectoryBasis : std::uint8_t { joint, a, b };
/// "joint", "a", "b".
const char* name_of(TrajectoryBasis basis);

constexpr int kTrajectoryAxes = 3;
/// The most points of each path: all matrices are [points, points], whatever the state's size.
constexpr std::int64_t kMostTrajectoryPoints = 256;

struct TrajectoryPair {
  using Coordinates = std::array<float, kTrajectoryAxes>;
  std::int64_t layer = 0;
  TrajectoryBasis basis = TrajectoryBasis::joint;
  std::vector<std::int64_t> columns;           // of the alignment, one a point; the same of both paths
  std::vector<Coordinates> a, b;               // NaN where either state was not finite; axes that do not exist are 0
  Coordinates kept_a{}, kept_b{};              // share of the variance of each path about its own mean that lies on each axis
  std::vector<float> explained;                // share of the variance that the basis was made from, by component; at most 16
  double procrustes = 0;                       // see procrustes_distance; NaN where a path has no variance
  double cka = 0;                              // see linear_cka; NaN likewise
  std::string approximation;                   // "one token in 64, 98304 numbers sketched to 4096"; "" when nothing was left out
};

/// Both paths, row after row. Rows are d numbers wide, the same d for both or not: shape measures need no common space, but a
/// basis does.
struct TrajectoryRows {
  std::int64_t points = 0, width_a = 0, width_b = 0;
  std::vector<float> a, b;  // [points, width]
};

/// Principal components of the rows of one or of both together (about the mean of those), exact in double precision by the Gram
/// matrix; both are drawn on them. The sign of an axis makes the largest coordinate of A on it positive. Rows that hold NaN or
/// infinities are left out of everything. With fewer than two rows, or where widths differ, nothing is drawn.
/// Fills everything but layer, columns and approximation.
TrajectoryPair compare_trajectories(const TrajectoryRows& rows, TrajectoryBasis basis);

/// After centring both and scaling them to Frobenius norm 1, the smallest ||A - B Q|| over orthogonal Q: sqrt(2 - 2 ||A^T B||_*), from
/// 0 (the same shape up to rotation, reflection and scale) to sqrt 2. [points, width] each, flat; NaN where one has no variance.
double procrustes_distance(const TrajectoryRows& rows);
/// ||A^T B||_F^2 / (||A^T A||_F ||B^T B||_F) of the centred rows: 1 for the same shape up to rotation and scale, 0 for unrelated ones.
double linear_cka(const TrajectoryRows& rows);

}  // namespace lab
