#include "tracer/analysis/pca.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>

#include "model/base/check.h"

namespace lab {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index kColumns = 512;  // dimensions worked on at a time, so that their rows stay in the cache

// Below this share of the largest, an eigenvalue of the Gram matrix is rounding; its axis would not be one.
constexpr double kNoise = 1e-12;

}  // namespace

// The sketch after n samples is mean + V' diag(S): rank orthonormal rows V, their singular values S. Rows beyond what the
// samples span are zero.
struct StreamingPca::Parts {
  Parts(std::int64_t dimensions, const PcaOptions& options_)
      : d(dimensions), rank(options_.rank), axes(options_.axes), options(options_), mean(VectorXd::Zero(d)),
        V(MatrixXd::Zero(rank, d)), S(VectorXd::Zero(rank)), turn(MatrixXd::Identity(axes, axes)) {}

  // What folding in the pending samples makes of the sketch, without touching anything as long as the space. The matrix A
  // of the fold has the rows diag(S) V, the pending samples less their mean, and the shift of the mean; its singular
  // values and right vectors are the new sketch's. Everything is said in terms of those rows, by their Gram matrix.
  struct Fold {
    VectorXd pending_mean, mean;       // [d]
    double shift_scale = 0;            // of A's last row: scale (old mean - pending mean)
    VectorXd S;                        // [rank]
    MatrixXd basis;                    // [rank, rows of A]: new V = basis A
    MatrixXd turn;                     // [axes, axes]: drawn axes = turn (first rows of new V)
    MatrixXd moved;                    // [rank, rank] and
    VectorXd offset;                   // [rank]: old coordinates c become moved c + offset
    MatrixXd points;                   // [rank, pending samples]: coordinates of the pending samples
    double total = 0, lost = 0;
    Index drawn = 0;                   // axes that the samples span
  };

  Index pending_count() const { return static_cast<Index>(pending.size()) / d; }
  Index rows() const { return rank + pending_count() + 1; }

  Fold fold() const;
  void apply(const Fold& fold);
  const Fold* pending_fold();

  void rows_of(const Fold& fold, Index first, Index n, MatrixXd& block) const;
  MatrixXd gram(const Fold& fold) const;
  void turn_axes(Fold& fold) const;
  double sign_of_largest(const Fold& fold, const VectorXd& weights) const;
  View seen(const Fold* fold) const;

  const Index d, rank, axes;
  const PcaOptions options;
  std::int64_t n = 0;
  VectorXd mean;
  MatrixXd V;
  VectorXd S;
  MatrixXd turn;
  Index drawn = 0;
  double total = 0, lost = 0;
  std::vector<double> points;   // [n][rank]
  std::vector<float> pending;   // [samples][d]
  std::optional<Fold> preview;  // of the pending samples, made when somebody looks
};

// Columns [first, first + n) of A.
void StreamingPca::Parts::rows_of(const Fold& fold, Index first, Index count, MatrixXd& block) const {
  const Index m = pending_count();
  block.resize(rank + m + 1, count);
  block.topRows(rank).noalias() = S.asDiagonal() * V.middleCols(first, count);
  const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> samples(pending.data(), m, d);
  block.middleRows(rank, m) = samples.middleCols(first, count).cast<double>();
  block.middleRows(rank, m).rowwise() -= fold.pending_mean.segment(first, count).transpose();
  block.row(rank + m) = fold.shift_scale * (mean - fold.pending_mean).segment(first, count).transpose();
}

MatrixXd StreamingPca::Parts::gram(const Fold& fold) const {
  MatrixXd sum = MatrixXd::Zero(rows(), rows()), block;
  for (Index first = 0; first < d; first += kColumns) {
    rows_of(fold, first, std::min(kColumns, d - first), block);
    sum.selfadjointView<Eigen::Lower>().rankUpdate(block);
  }
  sum.triangularView<Eigen::StrictlyUpper>() = sum.transpose();
  return sum;
}

StreamingPca::Parts::Fold StreamingPca::Parts::fold() const {
  const Index m = pending_count();
  const double old_count = static_cast<double>(n), count = old_count + static_cast<double>(m);
  Fold fold;
  fold.pending_mean = VectorXd::Zero(d);
  for (Index i = 0; i < m; ++i) fold.pending_mean += Eigen::Map<const Eigen::VectorXf>(pending.data() + i * d, d).cast<double>();
  fold.pending_mean /= static_cast<double>(m);
  fold.mean = mean + (static_cast<double>(m) / count) * (fold.pending_mean - mean);
  fold.shift_scale = std::sqrt(old_count * static_cast<double>(m) / count);

  const MatrixXd G = gram(fold);
  fold.total = total + G.diagonal().tail(m + 1).sum();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(G);
  fold.S = VectorXd::Zero(rank);
  fold.basis = MatrixXd::Zero(rank, rows());
  fold.lost = lost;
  const double largest = solver.eigenvalues()(rows() - 1);
  for (Index i = 0; i < rows(); ++i) {
    const double value = solver.eigenvalues()(rows() - 1 - i);
    if (i < rank && value > kNoise * largest) {
      fold.S(i) = std::sqrt(value);
      fold.basis.row(i) = solver.eigenvectors().col(rows() - 1 - i).transpose() / fold.S(i);
      if (i < axes) fold.drawn = i + 1;
    } else {
      fold.lost += std::max(value, 0.0);
    }
  }

  // Inner products of the new axes with the old ones, with the pending samples and with the shift of the mean.
  const MatrixXd onto = fold.basis * G;
  const VectorXd inverse = S.unaryExpr([](double s) { return s > 0 ? 1 / s : 0.0; });
  const VectorXd along = fold.shift_scale > 0 ? VectorXd(onto.col(rank + m) / fold.shift_scale) : VectorXd::Zero(rank);
  fold.moved = onto.leftCols(rank) * inverse.asDiagonal();
  fold.offset = (static_cast<double>(m) / count) * along;
  fold.points = onto.middleCols(rank, m).colwise() - (old_count / count) * along;
  turn_axes(fold);
  return fold;
}

// The drawn axes span the first principal axes, turned to where the drawn axes were (orthogonal Procrustes). An axis that
// nothing was drawn along before gets the direction in which its largest loading is positive.
void StreamingPca::Parts::turn_axes(Fold& fold) const {
  const MatrixXd overlap = fold.moved.topLeftCorner(axes, axes) * turn.transpose();  // new principal axes by old drawn ones
  fold.turn = MatrixXd::Identity(axes, axes);
  const Index now = fold.drawn, before = std::min(drawn, now);
  MatrixXd U = MatrixXd::Identity(now, now);
  if (before > 0) {
    const Eigen::JacobiSVD<MatrixXd> svd(overlap.topLeftCorner(now, before), Eigen::ComputeFullU | Eigen::ComputeFullV);
    U = svd.matrixU();
    fold.turn.topLeftCorner(before, now).noalias() = svd.matrixV() * U.leftCols(before).transpose();
  }
  for (Index axis = before; axis < now; ++axis) {
    fold.turn.row(axis).head(now) = U.col(axis).transpose();
    const VectorXd weights = fold.basis.topRows(now).transpose() * fold.turn.row(axis).head(now).transpose();
    fold.turn.row(axis) *= sign_of_largest(fold, weights);
  }
}

// The sign of the entry of largest magnitude of weights' A.
double StreamingPca::Parts::sign_of_largest(const Fold& fold, const VectorXd& weights) const {
  MatrixXd block;
  double largest = 0;
  for (Index first = 0; first < d; first += kColumns) {
    rows_of(fold, first, std::min(kColumns, d - first), block);
    const VectorXd loadings = block.transpose() * weights;
    Index at = 0;
    if (loadings.cwiseAbs().maxCoeff(&at) > std::abs(largest)) largest = loadings(at);
  }
  return largest < 0 ? -1 : 1;
}

void StreamingPca::Parts::apply(const Fold& fold) {
  MatrixXd block;
  for (Index first = 0; first < d; first += kColumns) {
    const Index count = std::min(kColumns, d - first);
    rows_of(fold, first, count, block);
    V.middleCols(first, count).noalias() = fold.basis * block;
  }
  VectorXd moved(rank);
  for (std::size_t i = 0; i < points.size(); i += static_cast<std::size_t>(rank)) {
    Eigen::Map<VectorXd> point(points.data() + i, rank);
    moved.noalias() = fold.moved * point;
    point = moved + fold.offset;
  }
  points.insert(points.end(), fold.points.data(), fold.points.data() + fold.points.size());
  n += pending_count();
  mean = fold.mean;
  S = fold.S;
  turn = fold.turn;
  drawn = fold.drawn;
  total = fold.total;
  lost = fold.lost;
  pending.clear();
}

const StreamingPca::Parts::Fold* StreamingPca::Parts::pending_fold() {
  if (pending.empty()) return nullptr;
  if (!preview) preview = fold();
  return &*preview;
}

StreamingPca::View StreamingPca::Parts::seen(const Fold* fold) const {
  const double all = fold ? fold->total : total;
  const MatrixXd& turned = fold ? fold->turn : turn;
  const VectorXd& sizes = fold ? fold->S : S;
  View view;
  view.points.reserve(static_cast<std::size_t>(n + pending_count()));
  const auto add = [&](const VectorXd& point) {
    const Eigen::VectorXf drawn_point = (turned * point.head(axes)).cast<float>();
    view.points.emplace_back(drawn_point.begin(), drawn_point.end());
  };
  for (std::int64_t i = 0; i < n; ++i) {
    const Eigen::Map<const VectorXd> point(points.data() + i * rank, rank);
    add(fold ? VectorXd(fold->moved * point + fold->offset) : VectorXd(point));
  }
  if (fold)
    for (Index i = 0; i < fold->points.cols(); ++i) add(fold->points.col(i));
  for (Index i = 0; i < rank; ++i)
    view.explained.push_back(all > 0 ? static_cast<float>(sizes(i) * sizes(i) / all) : std::numeric_limits<float>::quiet_NaN());
  view.lost = all > 0 ? static_cast<float>((fold ? fold->lost : lost) / all) : 0;
  return view;
}

StreamingPca::StreamingPca(std::int64_t dimensions, const PcaOptions& options) {
  LAB_CHECK(dimensions, >=, 1);
  LAB_CHECK(options.block, >=, 1);
  LAB_CHECK(options.axes, >=, 1);
  LAB_CHECK(options.rank, >=, options.axes);
  parts_ = std::make_unique<Parts>(dimensions, options);
}

bool StreamingPca::add(std::span<const float> sample) {
  Parts& p = *parts_;
  LAB_CHECK(static_cast<Index>(sample.size()), ==, p.d);
  if (!std::all_of(sample.begin(), sample.end(), [](float value) { return std::isfinite(value); })) return false;
  p.pending.insert(p.pending.end(), sample.begin(), sample.end());
  p.preview.reset();
  // The first samples are folded in one by one, so that the axes are steady from the start.
  if (p.n < p.options.block || p.pending_count() >= p.options.block) p.apply(p.fold());
  return true;
}

std::int64_t StreamingPca::count() const { return parts_->n + parts_->pending_count(); }

StreamingPca::View StreamingPca::view() { return parts_->seen(parts_->pending_fold()); }

std::vector<float> StreamingPca::project(std::span<const float> sample) const {
  Parts& p = *parts_;
  LAB_CHECK(static_cast<Index>(sample.size()), ==, p.d);
  const VectorXd whole = Eigen::Map<const Eigen::VectorXf>(sample.data(), p.d).cast<double>();
  VectorXd drawn;
  if (const Parts::Fold* fold = p.pending_fold()) {
    VectorXd onto_rows = VectorXd::Zero(p.rows());
    MatrixXd block;
    for (Index first = 0; first < p.d; first += kColumns) {
      const Index count = std::min(kColumns, p.d - first);
      p.rows_of(*fold, first, count, block);
      onto_rows.noalias() += block * (whole - fold->mean).segment(first, count);
    }
    drawn = fold->turn * (fold->basis * onto_rows).head(p.axes);
  } else {
    drawn = p.turn * (p.V.topRows(p.axes) * (whole - p.mean));
  }
  const Eigen::VectorXf result = drawn.cast<float>();
  return {result.begin(), result.end()};
}

StreamingPca::~StreamingPca() = default;
StreamingPca::StreamingPca(StreamingPca&&) noexcept = default;
StreamingPca& StreamingPca::operator=(StreamingPca&&) noexcept = default;

double random_walk_share(int component) {
  return 6 / (std::numbers::pi * std::numbers::pi * static_cast<double>(component) * static_cast<double>(component));
}

}  // namespace lab
