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

// Below this share of the largest, an eigenvalue of a Gram matrix is rounding; its axis would not be one.
constexpr double kNoise = 1e-12;

// What folding the pending samples in makes of a sketch, without anything as long as a sample: new axes are said in terms
// of the old ones and the samples.
struct Fold {
  VectorXd S;               // [rank]
  MatrixXd basis;           // [rank, rank + m]: new V = basis [V; samples less the mean]
  MatrixXd moved;           // [rank, rank], with
  VectorXd offset;          // [rank]: coordinates c become moved c + offset
  MatrixXd points;          // [rank, m]: coordinates of the pending samples
  MatrixXd turn;            // [axes, axes]: drawn axes = turn (first rows of new V)
  Index drawn = 0;          // axes that the samples span
  double total = 0, lost = 0;
};

}  // namespace

// The sketch after n samples: their mean, orthonormal axes V [rank, d] with singular values S; axes beyond what the
// samples span are zero. Up to a block of samples waits beside it.
struct StreamingPca::Parts {
  Parts(std::int64_t dimensions, const PcaOptions& options)
      : d(dimensions), rank(options.rank), axes(options.axes), block(options.block), mean(VectorXd::Zero(d)),
        columns(MatrixXd::Zero(d, rank + block)), products(MatrixXd::Zero(rank + block, rank + block)), S(VectorXd::Zero(rank)),
        turn(MatrixXd::Identity(axes, axes)) {}

  void take(std::span<const float> sample);
  Fold fold() const;
  void apply(const Fold& fold);
  const Fold* pending_fold();
  void turn_axes(Fold& fold) const;
  View seen(const Fold* fold) const;

  const Index d, rank, axes, block;
  std::int64_t n = 0;          // samples folded in
  Index pending = 0;           // samples that wait
  VectorXd mean;
  MatrixXd columns;            // [d, rank + block]: V transposed, then the waiting samples less the mean
  MatrixXd products;           // inner products of the columns
  VectorXd S;
  MatrixXd turn;
  Index drawn = 0;
  double total = 0, lost = 0;  // energy about the mean, and the part of it beyond the rank
  std::vector<double> points;  // [n][rank]
  std::optional<Fold> preview; // of the waiting samples, made when somebody looks
};

void StreamingPca::Parts::take(std::span<const float> sample) {
  const VectorXd value = Eigen::Map<const Eigen::VectorXf>(sample.data(), d).cast<double>();
  if (n == 0) mean = value;
  const Index at = rank + pending++;
  columns.col(at) = value - mean;
  products.col(at).head(at + 1).noalias() = columns.leftCols(at + 1).transpose() * columns.col(at);
  products.row(at).head(at) = products.col(at).head(at).transpose();
}

// Block incremental SVD. The matrix to decompose has the rows diag(S) V, the samples less their own mean, and the shift of
// the mean, which carries sqrt(n m / (n + m)) times the difference of both means. It is combine [V; samples less the old
// mean], and its Gram matrix follows from the inner products that are known already.
Fold StreamingPca::Parts::fold() const {
  const Index m = pending, known = rank + m, rows = known + 1;
  const auto old_count = static_cast<double>(n), added = static_cast<double>(m), count = old_count + added;
  MatrixXd combine = MatrixXd::Identity(rows, known);
  combine.diagonal().head(rank) = S;
  combine.block(rank, rank, m, m).array() -= 1 / added;
  combine.row(known).tail(m).setConstant(std::sqrt(old_count * added / count) / added);
  const auto inner = products.topLeftCorner(known, known);
  const MatrixXd gram = combine * inner * combine.transpose();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(gram);

  Fold fold{.S = VectorXd::Zero(rank), .basis = MatrixXd::Zero(rank, known)};
  fold.total = total + gram.diagonal().tail(m + 1).sum();
  fold.lost = lost;
  const double largest = solver.eigenvalues()(rows - 1);
  for (Index i = 0; i < rows; ++i) {
    const double value = solver.eigenvalues()(rows - 1 - i);
    if (i >= rank || value <= kNoise * largest) {
      fold.lost += std::max(value, 0.0);
      continue;
    }
    fold.S(i) = std::sqrt(value);
    fold.basis.row(i) = solver.eigenvectors().col(rows - 1 - i).transpose() * combine / fold.S(i);
    if (i < axes) fold.drawn = i + 1;
  }
  const MatrixXd onto = fold.basis * inner;  // old axes and samples by the new axes
  fold.moved = onto.leftCols(rank);
  fold.offset = -onto.rightCols(m).rowwise().sum() / count;
  fold.points = onto.rightCols(m).colwise() + fold.offset;
  turn_axes(fold);
  return fold;
}

// The drawn axes span the first principal axes, turned to where the drawn axes were (orthogonal Procrustes). An axis that
// nothing was drawn along before gets the direction in which its largest loading is positive.
void StreamingPca::Parts::turn_axes(Fold& fold) const {
  const MatrixXd overlap = fold.moved.topLeftCorner(axes, axes) * turn.transpose();  // new principal axes by old drawn ones
  const Index now = fold.drawn, before = std::min(drawn, now);
  fold.turn = MatrixXd::Identity(axes, axes);
  MatrixXd U = MatrixXd::Identity(now, now);
  if (before > 0) {
    const Eigen::JacobiSVD<MatrixXd> svd(overlap.topLeftCorner(now, before), Eigen::ComputeFullU | Eigen::ComputeFullV);
    U = svd.matrixU();
    fold.turn.topLeftCorner(before, now).noalias() = svd.matrixV() * U.leftCols(before).transpose();
  }
  for (Index axis = before; axis < now; ++axis) {
    const VectorXd loadings = columns.leftCols(fold.basis.cols()) * (fold.basis.topRows(now).transpose() * U.col(axis));
    Index largest = 0;
    loadings.cwiseAbs().maxCoeff(&largest);
    fold.turn.row(axis).head(now) = (loadings(largest) < 0 ? -1 : 1) * U.col(axis).transpose();
  }
}

void StreamingPca::Parts::apply(const Fold& fold) {
  constexpr Index kAtOnce = 512;  // dimensions, so that what is read and written stays in the cache
  const MatrixXd weights = fold.basis.transpose();
  MatrixXd part, inner = MatrixXd::Zero(rank, rank);
  mean += columns.middleCols(rank, pending).rowwise().sum() / static_cast<double>(n + pending);
  for (Index first = 0; first < d; first += kAtOnce) {
    const Index size = std::min(kAtOnce, d - first);
    part.noalias() = columns.block(first, 0, size, rank + pending) * weights;
    columns.block(first, 0, size, rank) = part;
    inner.noalias() += part.transpose() * part;
  }
  products.topLeftCorner(rank, rank) = inner;

  VectorXd moved(rank);
  for (std::size_t i = 0; i < points.size(); i += static_cast<std::size_t>(rank)) {
    Eigen::Map<VectorXd> point(points.data() + i, rank);
    moved.noalias() = fold.moved * point;
    point = moved + fold.offset;
  }
  points.insert(points.end(), fold.points.data(), fold.points.data() + fold.points.size());
  n += pending;
  pending = 0;
  S = fold.S;
  turn = fold.turn;
  drawn = fold.drawn;
  total = fold.total;
  lost = fold.lost;
}

const Fold* StreamingPca::Parts::pending_fold() {
  if (pending == 0) return nullptr;
  if (!preview) preview = fold();
  return &*preview;
}

StreamingPca::View StreamingPca::Parts::seen(const Fold* fold) const {
  const double all = fold ? fold->total : total;
  const MatrixXd& turned = fold ? fold->turn : turn;
  const VectorXd& sizes = fold ? fold->S : S;
  View view;
  view.points.reserve(static_cast<std::size_t>(n + pending));
  const auto add = [&](const VectorXd& point) {
    const Eigen::VectorXf coordinates = (turned * point.head(axes)).cast<float>();
    view.points.emplace_back(coordinates.begin(), coordinates.end());
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
  p.preview.reset();
  p.take(sample);
  // The first samples are folded in one by one, so that the axes are steady from the start.
  if (p.n < p.block || p.pending == p.block) p.apply(p.fold());
  return true;
}

std::int64_t StreamingPca::count() const { return parts_->n + parts_->pending; }

StreamingPca::View StreamingPca::view() { return parts_->seen(parts_->pending_fold()); }

std::vector<float> StreamingPca::project(std::span<const float> sample) const {
  Parts& p = *parts_;
  LAB_CHECK(static_cast<Index>(sample.size()), ==, p.d);
  const VectorXd value = Eigen::Map<const Eigen::VectorXf>(sample.data(), p.d).cast<double>() - p.mean;
  const VectorXd onto = p.columns.leftCols(p.rank + p.pending).transpose() * value;
  const Fold* fold = p.pending_fold();
  const VectorXd point = fold ? VectorXd(fold->basis * onto + fold->offset) : onto;
  const Eigen::VectorXf drawn = ((fold ? fold->turn : p.turn) * point.head(p.axes)).cast<float>();
  return {drawn.begin(), drawn.end()};
}

StreamingPca::~StreamingPca() = default;
StreamingPca::StreamingPca(StreamingPca&&) noexcept = default;
StreamingPca& StreamingPca::operator=(StreamingPca&&) noexcept = default;

double random_walk_share(int component) {
  return 6 / (std::numbers::pi * std::numbers::pi * static_cast<double>(component) * static_cast<double>(component));
}

}  // namespace lab
