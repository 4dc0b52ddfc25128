#include "tracer/analysis/pca.h"

#include <cmath>
#include <numbers>
#include <random>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <doctest/doctest.h>

using namespace lab;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

using Samples = std::vector<std::vector<float>>;

Samples normal_samples(std::int64_t n, std::int64_t d, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Samples samples(static_cast<std::size_t>(n), std::vector<float>(static_cast<std::size_t>(d)));
  for (auto& sample : samples)
    for (float& value : sample) value = normal(random);
  return samples;
}

// Samples within a plane of `rank` dimensions, of clearly different sizes, around a mean.
Samples low_rank_samples(std::int64_t n, std::int64_t d, std::int64_t rank, unsigned seed) {
  const Samples axes = normal_samples(rank, d, seed), weights = normal_samples(n, rank, seed + 1);
  Samples samples(static_cast<std::size_t>(n), std::vector<float>(static_cast<std::size_t>(d)));
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::size_t j = 0; j < samples[i].size(); ++j) {
      float value = 3;
      for (std::size_t k = 0; k < axes.size(); ++k) value += weights[i][k] * axes[k][j] / static_cast<float>(k + 1);
      samples[i][j] = value;
    }
  return samples;
}

// Principal components of the first n samples at once, in double precision.
struct Batch {
  Batch(const Samples& samples, std::size_t n) {
    MatrixXd X(n, samples[0].size());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < samples[0].size(); ++j) X(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = samples[i][j];
    X.rowwise() -= X.colwise().mean().eval();
    const Eigen::BDCSVD<MatrixXd> svd(X, Eigen::ComputeThinU | Eigen::ComputeThinV);
    shares = svd.singularValues().array().square() / X.squaredNorm();
    coordinates = svd.matrixU() * svd.singularValues().asDiagonal();
  }
  VectorXd shares;
  MatrixXd coordinates;  // [n][components]
};

MatrixXd matrix_of(const std::vector<std::vector<float>>& points) {
  MatrixXd all(points.size(), points[0].size());
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = 0; j < points[0].size(); ++j) all(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = points[i][j];
  return all;
}

// The drawn axes as rows, found by what the projection makes of unit vectors.
MatrixXd axes_of(const StreamingPca& pca, int axes, int d) {
  MatrixXd found(axes, d);
  const std::vector<float> origin = pca.project(std::vector<float>(static_cast<std::size_t>(d)));
  for (int j = 0; j < d; ++j) {
    std::vector<float> unit(static_cast<std::size_t>(d));
    unit[static_cast<std::size_t>(j)] = 1;
    const std::vector<float> moved = pca.project(unit);
    for (int i = 0; i < axes; ++i) found(i, j) = moved[static_cast<std::size_t>(i)] - origin[static_cast<std::size_t>(i)];
  }
  return found;
}

}  // namespace

TEST_CASE("pca: a line is one component, and its points lie on the first axis at their distances from the mean") {
  StreamingPca pca(5);
  for (int t = 0; t < 41; ++t) {
    const auto s = static_cast<float>(t);
    CHECK(pca.add(std::vector<float>{s, -2 * s, 2 * s, 7, 0}));
  }
  const auto view = pca.view();
  CHECK(pca.count() == 41);
  CHECK(view.explained.size() == 16);
  CHECK(view.explained[0] == doctest::Approx(1));
  CHECK(view.explained[1] == doctest::Approx(0));
  REQUIRE(view.points.size() == 41);
  const float direction = view.points[40][0] > 0 ? 1.0f : -1.0f;
  for (int t = 0; t < 41; ++t) {
    CHECK(direction * view.points[static_cast<std::size_t>(t)][0] == doctest::Approx(3.0 * (t - 20)).epsilon(1e-5));
    CHECK(std::abs(view.points[static_cast<std::size_t>(t)][1]) < 1e-4);
  }
}

TEST_CASE("pca: a circle has two equal components and stays a circle, an ellipse keeps its two radii") {
  for (const float radius : {1.0f, 0.5f}) {
    StreamingPca pca(6);
    const int n = 64;
    for (int t = 0; t < n; ++t) {
      const double angle = 2 * std::numbers::pi * t / n;
      pca.add(std::vector<float>{0, static_cast<float>(std::cos(angle)), 0, radius * static_cast<float>(std::sin(angle)), 1, 0});
    }
    const auto view = pca.view();
    CHECK(view.explained[0] == doctest::Approx(1 / (1 + radius * radius)));
    CHECK(view.explained[1] == doctest::Approx(radius * radius / (1 + radius * radius)));
    double farthest = 0, nearest = 9;
    for (const auto& point : view.points) {
      const double distance = std::hypot(point[0], point[1]);
      farthest = std::max(farthest, distance);
      nearest = std::min(nearest, distance);
    }
    CHECK(farthest == doctest::Approx(1));
    CHECK(nearest == doctest::Approx(radius));
  }
}

TEST_CASE("pca: every prefix agrees with a batch decomposition in double precision while the rank suffices") {
  const std::int64_t d = 300;
  const Samples samples = low_rank_samples(200, d, 12, 5);
  StreamingPca pca(d);
  for (std::size_t n = 1; n <= samples.size(); ++n) {
    pca.add(samples[n - 1]);
    if (n < 2) continue;
    const auto view = pca.view();
    const Batch batch(samples, n);
    // The samples are rounded to float, which adds a little beyond rank 12: shares come back as floats, 6e-8 of 1, and
    // the distances between points do not depend on how the drawn axes are turned.
    for (Eigen::Index k = 0; k < std::min<Eigen::Index>(12, batch.shares.size()); ++k)
      REQUIRE(std::abs(view.explained[static_cast<std::size_t>(k)] - batch.shares(k)) <= 1.2e-7 * batch.shares(k) + 1e-8);
    if (n < 5) continue;
    const MatrixXd drawn = matrix_of(view.points), expected = batch.coordinates.leftCols(3);
    const MatrixXd difference = drawn * drawn.transpose() - expected * expected.transpose();
    // Products of three floats of the points' size: two roundings each.
    REQUIRE(difference.cwiseAbs().maxCoeff() <= 8 * 6e-8 * expected.rowwise().squaredNorm().maxCoeff());
  }
}

TEST_CASE("pca: a mean that shifts in the middle is found as the first component") {
  const std::int64_t d = 40;
  Samples samples = normal_samples(160, d, 11);
  for (std::size_t i = 80; i < samples.size(); ++i)
    for (float& value : samples[i]) value += 2;
  StreamingPca pca(d, {.rank = 40});
  for (const auto& sample : samples) pca.add(sample);
  const auto view = pca.view();
  const Batch batch(samples, samples.size());
  for (Eigen::Index k = 0; k < 40; ++k) CHECK(view.explained[static_cast<std::size_t>(k)] == doctest::Approx(batch.shares(k)).epsilon(1e-6));
  const MatrixXd points = matrix_of(view.points);  // the drawn axes may be turned within what they span
  const VectorXd moved = points.bottomRows(80).colwise().mean() - points.topRows(80).colwise().mean();
  CHECK(moved.norm() == doctest::Approx(2 * std::sqrt(40.0)).epsilon(0.05));
  CHECK(view.lost < 1e-9f);
}

TEST_CASE("pca: equal samples have no variance: shares are not a number, points are at zero") {
  StreamingPca pca(7);
  const std::vector<float> sample = {0.1f, 0.2f, 0.3f, -7.7f, 1e-20f, 3e8f, 0};
  for (int i = 0; i < 21; ++i) {
    pca.add(sample);
    const auto view = pca.view();
    for (const float share : view.explained) CHECK(std::isnan(share));
    CHECK(view.lost == 0);
    for (const auto& point : view.points) CHECK(point == std::vector<float>{0, 0, 0});
  }
  // A first direction after that many duplicates is still found, also before its block is full.
  std::vector<float> other = sample;
  other[2] += 1;
  pca.add(other);
  const auto view = pca.view();
  CHECK(view.explained[0] == doctest::Approx(1));
  CHECK(view.points[21][0] == doctest::Approx(21.0 / 22));
  CHECK(view.points[3][0] == doctest::Approx(-1.0 / 22));
}

TEST_CASE("pca: fewer samples than rank and fewer dimensions than rank leave components at zero") {
  StreamingPca few(100);
  for (const auto& sample : normal_samples(3, 100, 2)) few.add(sample);
  const auto view = few.view();
  CHECK(view.explained[0] + view.explained[1] == doctest::Approx(1));
  CHECK(view.explained[2] == 0);
  CHECK(view.points[2][2] == 0);

  StreamingPca narrow(2);
  for (const auto& sample : normal_samples(30, 2, 3)) narrow.add(sample);
  CHECK(narrow.view().explained[0] + narrow.view().explained[1] == doctest::Approx(1));
  CHECK(narrow.view().explained[2] == 0);
  CHECK(narrow.view().points[29][2] == 0);

  StreamingPca one(3);
  one.add(std::vector<float>{1, 2, 3});
  CHECK(one.view().points == std::vector<std::vector<float>>{{0, 0, 0}});
}

TEST_CASE("pca: when two components change places the drawn axes do not flip") {
  const int d = 8;
  StreamingPca pca(d, {.axes = 2});
  std::mt19937 random(17);
  std::normal_distribution<float> normal;
  MatrixXd before;
  double smallest = 1;
  for (int t = 0; t < 400; ++t) {
    std::vector<float> sample(d);
    for (float& value : sample) value = 0.05f * normal(random);
    sample[1] += (t < 150 ? 2.0f : 0.5f) * normal(random);
    sample[5] += (t < 150 ? 1.0f : 4.0f) * normal(random);
    pca.add(sample);
    const MatrixXd now = axes_of(pca, 2, d);
    if (t > 20) smallest = std::min(smallest, (now * before.transpose()).diagonal().minCoeff());
    before = now;
  }
  CHECK(smallest > 0.9);
  const auto view = pca.view();
  CHECK(view.explained[0] > 0.7f);  // of the direction that was the second one
  CHECK(before.col(1).norm() > 0.99);
  CHECK(before.col(5).norm() > 0.99);
}

TEST_CASE("pca: the first axes point where their largest loading is positive") {
  for (const float sign : {1.0f, -1.0f}) {
    StreamingPca pca(4);
    for (int t = 0; t < 12; ++t) pca.add(std::vector<float>{0, sign * static_cast<float>(t), 0.25f * static_cast<float>(t % 3), 0});
    const MatrixXd axes = axes_of(pca, 3, 4);
    CHECK(axes(0, 1) > 0.9);
    CHECK(axes(1, 2) > 0.9);
  }
}

TEST_CASE("pca: a random walk of many dimensions shows the shares 6 / (pi k)^2") {
  const std::int64_t d = 2048;
  std::mt19937 random(23);
  std::normal_distribution<float> normal;
  std::vector<float> walker(static_cast<std::size_t>(d));
  StreamingPca pca(d);
  for (int t = 0; t < 1024; ++t) {
    for (float& value : walker) value += normal(random);
    pca.add(walker);
  }
  const auto view = pca.view();
  CHECK(random_walk_share(1) == doctest::Approx(0.6079).epsilon(1e-3));
  CHECK(std::abs(view.explained[0] - 0.608) < 0.02);
  CHECK(std::abs(view.explained[1] - random_walk_share(2)) < 0.02);
  CHECK(view.lost > 0);
  double kept = view.lost;
  for (const float share : view.explained) kept += share;
  CHECK(kept == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("pca: looking changes nothing, and equal samples in equal order give equal bits") {
  const Samples samples = normal_samples(61, 90, 31);
  StreamingPca watched(90), unwatched(90);
  for (const auto& sample : samples) {
    watched.add(sample);
    watched.view();
    watched.project(sample);
    unwatched.add(sample);
  }
  const auto a = watched.view(), b = unwatched.view();
  CHECK(a.points == b.points);
  CHECK(a.explained == b.explained);
  CHECK(a.lost == b.lost);
  CHECK(watched.project(samples[5]) == unwatched.project(samples[5]));
}

TEST_CASE("pca: a projected sample lies at its own point, full block or not") {
  const Samples samples = low_rank_samples(30, 50, 6, 41);
  StreamingPca pca(50);
  for (const auto& sample : samples) {
    pca.add(sample);
    const auto view = pca.view();
    const auto point = pca.project(sample);
    for (std::size_t axis = 0; axis < 3; ++axis) CHECK(std::abs(point[axis] - view.points.back()[axis]) < 1e-4);
  }
}

TEST_CASE("pca: a sample with NaN or infinity is refused and leaves no mark") {
  StreamingPca pca(3);
  pca.add(std::vector<float>{1, 2, 3});
  CHECK_FALSE(pca.add(std::vector<float>{1, NAN, 3}));
  CHECK_FALSE(pca.add(std::vector<float>{1, 2, -INFINITY}));
  CHECK(pca.count() == 1);
  CHECK(pca.view().points.size() == 1);
}

TEST_CASE("pca: on 10,000 tokens that wander in more directions than the rank, 16 keep the variance of the exact result within 1 %") {
  // Sums of a slow walk in 24 directions of falling sizes and of noise in all, in dimensions few enough for an exact decomposition:
  // what the sketch loses depends on the sizes of the directions and not on how many dimensions they lie in.
  const std::int64_t d = 96;
  const Samples axes = normal_samples(24, d, 51);
  std::mt19937 random(52);
  std::normal_distribution<float> normal;
  std::vector<float> at(24);
  StreamingPca pca(d);
  MatrixXd covariance = MatrixXd::Zero(d, d);
  VectorXd sum = VectorXd::Zero(d);
  for (int t = 0; t < 10'000; ++t) {
    std::vector<float> sample(static_cast<std::size_t>(d));
    for (std::size_t k = 0; k < axes.size(); ++k) {
      at[k] = 0.97f * at[k] + normal(random);
      for (std::size_t j = 0; j < sample.size(); ++j) sample[j] += at[k] * axes[k][j] / static_cast<float>(k + 1);
    }
    for (float& value : sample) value += 0.2f * normal(random);
    pca.add(sample);
    const VectorXd exact = Eigen::Map<const Eigen::VectorXf>(sample.data(), d).cast<double>();
    covariance += exact * exact.transpose();
    sum += exact;
  }
  covariance -= sum * sum.transpose() / 10'000;
  const VectorXd values = Eigen::SelfAdjointEigenSolver<MatrixXd>(covariance).eigenvalues().reverse();
  const auto view = pca.view();
  double kept = 0;
  for (const float share : view.explained) kept += static_cast<double>(share);
  const double best = values.head(16).sum() / values.sum();
  CHECK(view.lost > 0.001f);  // the rank is not enough for all of it
  CHECK(kept <= best + 1e-6);
  CHECK(kept >= 0.99 * best);
}
