#include "tracer/analysis/trajectories.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

#include "model/base/check.h"

namespace lab {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kComponents = 16;     // whose shares are told
constexpr double kNoise = 1e-12;      // below this share of the largest, an eigenvalue of a Gram matrix is rounding
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr Index kColumnsAtOnce = 1024;  // of rows turned to double precision at a time

/// Inner products of rows about a mean, summed over stretches of coordinates, so that nothing as long as a row is made twice.
/// `weights` say of which rows the mean is; they sum to 1.
MatrixXd gram_of(const std::vector<std::span<const float>>& rows, const VectorXd& weights) {
  const auto n = static_cast<Index>(rows.size()), width = n == 0 ? 0 : static_cast<Index>(rows[0].size());
  MatrixXd gram = MatrixXd::Zero(n, n), part(n, kColumnsAtOnce);
  for (Index first = 0; first < width; first += kColumnsAtOnce) {
    const Index size = std::min(kColumnsAtOnce, width - first);
    for (Index i = 0; i < n; ++i)
      part.row(i).head(size) = Eigen::Map<const Eigen::RowVectorXf>(rows[static_cast<std::size_t>(i)].data() + first, size).cast<double>();
    const Eigen::RowVectorXd mean = weights.transpose() * part.leftCols(size);
    part.leftCols(size).rowwise() -= mean;
    gram.selfadjointView<Eigen::Lower>().rankUpdate(part.leftCols(size));
  }
  return MatrixXd(gram.selfadjointView<Eigen::Lower>());
}

bool all_finite(std::span<const float> row) {
  return std::ranges::all_of(row, [](float value) { return std::isfinite(value); });
}

/// The points at which both paths are finite.
struct Paths {
  explicit Paths(const TrajectoryRows& rows) {
    LAB_CHECK(static_cast<std::int64_t>(rows.a.size()), ==, rows.points * rows.width_a);
    LAB_CHECK(static_cast<std::int64_t>(rows.b.size()), ==, rows.points * rows.width_b);
    for (std::int64_t i = 0; i < rows.points; ++i) {
      const std::span<const float> row_a(rows.a.data() + i * rows.width_a, static_cast<std::size_t>(rows.width_a));
      const std::span<const float> row_b(rows.b.data() + i * rows.width_b, static_cast<std::size_t>(rows.width_b));
      if (!all_finite(row_a) || !all_finite(row_b)) continue;
      a.push_back(row_a), b.push_back(row_b), places.push_back(static_cast<std::size_t>(i));
    }
  }
  Index count() const { return static_cast<Index>(places.size()); }

  std::vector<std::span<const float>> a, b;
  std::vector<std::size_t> places;
};

/// Each path about its own mean.
struct Grams {
  explicit Grams(const Paths& paths) {
    const VectorXd even = VectorXd::Constant(paths.count(), 1.0 / static_cast<double>(std::max<Index>(1, paths.count())));
    a = gram_of(paths.a, even);
    b = gram_of(paths.b, even);
  }
  bool vary() const { return a.rows() > 1 && a.trace() > 0 && b.trace() > 0; }
  MatrixXd a, b;
};

/// Rows in as few coordinates as they span, with the inner products of a Gram matrix: [points, rank].
MatrixXd factor_of(const MatrixXd& gram) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(gram);
  const Index n = gram.rows();
  Index rank = 0;
  while (rank < n && solver.eigenvalues()(n - 1 - rank) > kNoise * solver.eigenvalues()(n - 1)) ++rank;
  return solver.eigenvectors().rightCols(rank) * solver.eigenvalues().tail(rank).cwiseSqrt().asDiagonal();
}

// Turned into few coordinates each, A^T B keeps its singular values.
double procrustes_of(const Grams& grams) {
  if (!grams.vary()) return kNaN;
  const MatrixXd product = factor_of(grams.a).transpose() * factor_of(grams.b);
  const double nuclear = Eigen::BDCSVD<MatrixXd>(product).singularValues().sum() / std::sqrt(grams.a.trace() * grams.b.trace());
  return std::sqrt(std::max(0.0, 2 - 2 * nuclear));
}

double cka_of(const Grams& grams) {
  if (!grams.vary()) return kNaN;
  return grams.a.cwiseProduct(grams.b).sum() / (grams.a.norm() * grams.b.norm());
}

/// Both paths, A's rows first, on the principal axes of some of the rows.
struct Drawing {
  MatrixXd at;              // [2 points, kTrajectoryAxes]
  std::vector<float> explained;
};

Drawing draw(const Paths& paths, TrajectoryBasis basis) {
  const Index n = paths.count();
  const Index first = basis == TrajectoryBasis::b ? n : 0, count = basis == TrajectoryBasis::joint ? 2 * n : n;
  std::vector<std::span<const float>> rows = paths.a;
  rows.insert(rows.end(), paths.b.begin(), paths.b.end());
  VectorXd weights = VectorXd::Zero(2 * n);
  weights.segment(first, count).setConstant(1.0 / static_cast<double>(count));
  const MatrixXd gram = gram_of(rows, weights);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(gram.block(first, first, count, count));
  Drawing drawing{.at = MatrixXd::Zero(2 * n, kTrajectoryAxes)};
  const VectorXd values = solver.eigenvalues().reverse().cwiseMax(0);
  const double total = values.sum();
  for (Index k = 0; k < std::min(kComponents, count); ++k) drawing.explained.push_back(static_cast<float>(total > 0 ? values(k) / total : kNaN));
  for (Index k = 0; k < std::min<Index>(kTrajectoryAxes, count); ++k) {
    if (values(k) <= kNoise * values(0)) break;
    // Axis k is the rows of the basis combined by its eigenvector, over the root of its eigenvalue.
    VectorXd on_axis = gram.middleCols(first, count) * solver.eigenvectors().col(count - 1 - k) / std::sqrt(values(k));
    Index largest = 0;
    on_axis.head(n).cwiseAbs().maxCoeff(&largest);
    if (on_axis(largest) < 0) on_axis = -on_axis;
    drawing.at.col(k) = on_axis;
  }
  return drawing;
}

/// How much of a path's variance about its own mean lies on each axis.
TrajectoryPair::Coordinates kept(const MatrixXd& at, double variance) {
  TrajectoryPair::Coordinates shares{};
  for (Index k = 0; k < kTrajectoryAxes; ++k) {
    const VectorXd about = at.col(k).array() - at.col(k).mean();
    shares[static_cast<std::size_t>(k)] = static_cast<float>(variance > 0 ? about.squaredNorm() / variance : kNaN);
  }
  return shares;
}

}  // namespace

const char* name_of(TrajectoryBasis basis) {
  constexpr const char* kNames[] = {"joint", "a", "b"};
  return kNames[static_cast<std::size_t>(basis)];
}

TrajectoryPair compare_trajectories(const TrajectoryRows& rows, TrajectoryBasis basis) {
  TrajectoryPair pair{.basis = basis};
  const Paths paths(rows);
  const Grams grams(paths);
  pair.procrustes = procrustes_of(grams);
  pair.cka = cka_of(grams);
  constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
  pair.a.assign(static_cast<std::size_t>(rows.points), {kUnknown, kUnknown, kUnknown});
  pair.b = pair.a;
  const Index n = paths.count();
  if (n < 2 || rows.width_a != rows.width_b) return pair;
  const Drawing drawing = draw(paths, basis);
  pair.explained = drawing.explained;
  pair.kept_a = kept(drawing.at.topRows(n), grams.a.trace());
  pair.kept_b = kept(drawing.at.bottomRows(n), grams.b.trace());
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < kTrajectoryAxes; ++k) {
      const std::size_t place = paths.places[static_cast<std::size_t>(i)], axis = static_cast<std::size_t>(k);
      pair.a[place][axis] = static_cast<float>(drawing.at(i, k));
      pair.b[place][axis] = static_cast<float>(drawing.at(n + i, k));
    }
  return pair;
}

double procrustes_distance(const TrajectoryRows& rows) { return procrustes_of(Grams(Paths(rows))); }
double linear_cka(const TrajectoryRows& rows) { return cka_of(Grams(Paths(rows))); }

}  // namespace lab
