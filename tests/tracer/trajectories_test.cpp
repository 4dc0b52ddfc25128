// Two paths on common axes, and how alike their shapes are: against singular values of the matrices themselves.
#include "tracer/analysis/trajectories.h"

#include <cmath>
#include <random>

#include <Eigen/QR>
#include <Eigen/SVD>
#include <doctest/doctest.h>

using namespace lab;
using Eigen::Index;
using Eigen::MatrixXd;

namespace {

MatrixXd normal(Index rows, Index columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  MatrixXd matrix(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) matrix(i, j) = normal(random);
  return matrix;
}

// Single precision, as states are.
MatrixXd rounded(const MatrixXd& matrix) { return matrix.cast<float>().cast<double>(); }

std::vector<float> flat(const MatrixXd& matrix) {
  std::vector<float> values;
  for (Index i = 0; i < matrix.rows(); ++i)
    for (Index j = 0; j < matrix.cols(); ++j) values.push_back(static_cast<float>(matrix(i, j)));
  return values;
}

TrajectoryRows rows_of(const MatrixXd& a, const MatrixXd& b) { return {.points = a.rows(), .width_a = a.cols(), .width_b = b.cols(), .a = flat(a), .b = flat(b)}; }

MatrixXd centred(const MatrixXd& matrix) { return matrix.rowwise() - matrix.colwise().mean(); }

double procrustes_by_hand(const MatrixXd& a, const MatrixXd& b) {
  const MatrixXd x = centred(a) / centred(a).norm(), y = centred(b) / centred(b).norm();
  return std::sqrt(std::max(0.0, 2 - 2 * Eigen::BDCSVD<MatrixXd>(x.transpose() * y).singularValues().sum()));
}
double cka_by_hand(const MatrixXd& a, const MatrixXd& b) {
  const MatrixXd x = centred(a), y = centred(b);
  return (x.transpose() * y).squaredNorm() / ((x.transpose() * x).norm() * (y.transpose() * y).norm());
}

// A path that turns, with clearly different sizes along its axes.
MatrixXd path(Index points, Index width, unsigned seed) {
  MatrixXd weights = normal(points, 5, seed);
  for (Index k = 0; k < 5; ++k) weights.col(k) *= 5.0 / static_cast<double>(1 << k);
  return rounded(weights * normal(5, width, seed + 1) + 0.01 * normal(points, width, seed + 2) + MatrixXd::Constant(points, width, 3));
}

void check_coordinates(const std::vector<TrajectoryPair::Coordinates>& found, const MatrixXd& expected, Index first) {
  // Up to the sign of an axis; single precision of the result.
  for (Index k = 0; k < kTrajectoryAxes; ++k) {
    double same = 0, turned = 0, size = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const double value = static_cast<double>(found[i][static_cast<std::size_t>(k)]), wanted = expected(first + static_cast<Index>(i), k);
      same = std::max(same, std::fabs(value - wanted)), turned = std::max(turned, std::fabs(value + wanted)), size = std::max(size, std::fabs(wanted));
    }
    CHECK(std::min(same, turned) < 1e-5 * size);
  }
}

}  // namespace

TEST_CASE("trajectories: on the axes of both, of A and of B they are those of the singular vectors") {
  const MatrixXd a = path(30, 50, 1), b = path(30, 50, 11);
  MatrixXd both(60, 50);
  both << a, b;
  for (const TrajectoryBasis basis : {TrajectoryBasis::joint, TrajectoryBasis::a, TrajectoryBasis::b}) {
    const MatrixXd& from = basis == TrajectoryBasis::joint ? both : basis == TrajectoryBasis::a ? a : b;
    const Eigen::BDCSVD<MatrixXd> svd(centred(from), Eigen::ComputeThinV);
    const MatrixXd expected = (both.rowwise() - from.colwise().mean()) * svd.matrixV().leftCols(kTrajectoryAxes);
    const TrajectoryPair pair = compare_trajectories(rows_of(a, b), basis);
    check_coordinates(pair.a, expected, 0);
    check_coordinates(pair.b, expected, 30);
    for (std::size_t k = 0; k < 8; ++k) {
      const double share = std::pow(svd.singularValues()(static_cast<Index>(k)), 2) / centred(from).squaredNorm();
      CHECK(pair.explained[k] == doctest::Approx(share).epsilon(1e-5));
    }
    for (Index k = 0; k < kTrajectoryAxes; ++k) {
      CHECK(pair.kept_a[static_cast<std::size_t>(k)] == doctest::Approx((centred(a) * svd.matrixV().col(k)).squaredNorm() / centred(a).squaredNorm()).epsilon(1e-5));
      CHECK(pair.kept_b[static_cast<std::size_t>(k)] == doctest::Approx((centred(b) * svd.matrixV().col(k)).squaredNorm() / centred(b).squaredNorm()).epsilon(1e-5));
      std::size_t largest = 0;
      for (std::size_t i = 1; i < pair.a.size(); ++i)
        if (std::fabs(pair.a[i][static_cast<std::size_t>(k)]) > std::fabs(pair.a[largest][static_cast<std::size_t>(k)])) largest = i;
      CHECK(pair.a[largest][static_cast<std::size_t>(k)] > 0);
    }
  }
}

TEST_CASE("trajectories: Procrustes distance and CKA are those of the matrices, whichever is longer, also of different widths") {
  for (const auto& [points, width_a, width_b] : {std::tuple{12, 40, 40}, {60, 7, 7}, {20, 9, 31}}) {
    const MatrixXd a = rounded(normal(points, width_a, 3)), b = rounded(normal(points, width_b, 4));
    CHECK(procrustes_distance(rows_of(a, b)) == doctest::Approx(procrustes_by_hand(a, b)).epsilon(1e-9));
    CHECK(linear_cka(rows_of(a, b)) == doctest::Approx(cka_by_hand(a, b)).epsilon(1e-9));
  }
}

TEST_CASE("trajectories: a shape turned, moved and scaled is the same shape; another one is not") {
  const MatrixXd a = rounded(normal(25, 8, 5));
  const MatrixXd turn = Eigen::HouseholderQR<MatrixXd>(normal(8, 8, 6)).householderQ();
  const MatrixXd b = rounded((2.5 * a * turn).rowwise() + Eigen::RowVectorXd::Constant(8, 7));
  // The square root of what single precision leaves: sqrt(2 · 6e-8) and a little.
  CHECK(procrustes_distance(rows_of(a, b)) < 1e-3);
  CHECK(linear_cka(rows_of(a, b)) == doctest::Approx(1).epsilon(1e-5));
  CHECK(procrustes_distance(rows_of(a, rounded(normal(25, 8, 9)))) > 0.5);
  CHECK(linear_cka(rows_of(a, rounded(normal(25, 8, 9)))) < 0.9);
}

TEST_CASE("trajectories: rows that hold NaN are left out, and so is everything where too little is left") {
  MatrixXd a = path(12, 20, 1), b = path(12, 20, 11);
  MatrixXd kept_a(11, 20), kept_b(11, 20);
  kept_a << a.topRows(4), a.bottomRows(7);
  kept_b << b.topRows(4), b.bottomRows(7);
  b(4, 3) = NAN;
  const TrajectoryPair broken = compare_trajectories(rows_of(a, b), TrajectoryBasis::joint), whole = compare_trajectories(rows_of(kept_a, kept_b), TrajectoryBasis::joint);
  CHECK(std::isnan(broken.a[4][0]));
  CHECK(std::isnan(broken.b[4][0]));
  CHECK(broken.procrustes == doctest::Approx(whole.procrustes).epsilon(1e-12));
  CHECK(broken.a[5] == whole.a[4]);
  CHECK(std::isnan(compare_trajectories(rows_of(a.topRows(1), kept_b.topRows(1)), TrajectoryBasis::joint).cka));
  const MatrixXd still = MatrixXd::Constant(5, 20, 2);
  CHECK(std::isnan(procrustes_distance(rows_of(still, kept_b.topRows(5)))));
  const TrajectoryPair apart = compare_trajectories(rows_of(kept_a, path(11, 8, 3)), TrajectoryBasis::joint);
  CHECK(apart.explained.empty());
  CHECK(std::isfinite(apart.cka));
}
