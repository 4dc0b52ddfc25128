// Rows of a matrix so that neighbours are alike.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "app/core/slab_maker.h"

namespace lab {
namespace {

constexpr std::int64_t kMostColumns = 128;
constexpr int kRounds = 32;  // of the power iteration: it only has to bring alike rows together

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

void add(Vector& to, double factor, const Vector& what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * what[i];
}

/// Rows with mean 0 and length 1 over some columns; empty where a row does not vary or is not finite.
std::vector<Vector> standardised(const RowView<float>& columns, std::int64_t rows) {
  const std::int64_t stride = std::max<std::int64_t>(1, (columns.count() + kMostColumns - 1) / kMostColumns);
  std::vector<Vector> out(static_cast<std::size_t>(rows));
  for (std::int64_t c = 0; c < columns.count(); c += stride)
    for (std::int64_t r = 0; r < rows; ++r) out[static_cast<std::size_t>(r)].push_back(static_cast<double>(columns[c][static_cast<std::size_t>(r)]));
  for (Vector& row : out) {
    const double mean = std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, row.size()));
    for (double& value : row) value -= mean;
    const double length = std::sqrt(dot(row, row));
    if (!(length > 0) || !std::isfinite(length)) row.clear();
    for (double& value : row) value /= length;
  }
  return out;
}

/// The two leading axes of the rows, orthonormal, by power iteration on R^T R from fixed beginnings.
std::array<Vector, 2> leading_axes(const std::vector<Vector>& rows, std::size_t width) {
  std::array<Vector, 2> axes;
  for (std::size_t k = 0; k < 2; ++k) {
    axes[k].resize(width);
    for (std::size_t i = 0; i < width; ++i) axes[k][i] = std::cos(static_cast<double>((k + 1) * (i + 1)));
  }
  for (int round = 0; round < kRounds; ++round)
    for (std::size_t k = 0; k < 2; ++k) {
      Vector next(width, 0.0);
      for (const Vector& row : rows)
        if (!row.empty()) add(next, dot(row, axes[k]), row);
      if (k == 1) add(next, -dot(next, axes[0]), axes[0]);
      const double length = std::sqrt(dot(next, next));
      if (length > 1e-12) {
        for (double& value : next) value /= length;
        axes[k] = std::move(next);
      } else {
        std::fill(axes[k].begin(), axes[k].end(), 0.0);  // there is no second direction
      }
    }
  return axes;
}

}  // namespace

std::vector<std::int32_t> order_by_similarity(const RowView<float>& columns, std::int64_t rows) {
  const std::vector<Vector> standard = standardised(columns, rows);
  const auto varying = std::ranges::find_if(standard, [](const Vector& row) { return !row.empty(); });
  std::vector<std::pair<double, std::int32_t>> by_angle;
  std::vector<std::int32_t> order, still;
  if (varying == standard.end()) {
    order.resize(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
  const auto axes = leading_axes(standard, varying->size());
  for (std::int32_t row = 0; row < static_cast<std::int32_t>(rows); ++row) {
    const Vector& values = standard[static_cast<std::size_t>(row)];
    if (values.empty()) still.push_back(row);
    else by_angle.emplace_back(std::atan2(dot(values, axes[1]), dot(values, axes[0])), row);
  }
  std::ranges::sort(by_angle);
  // The circle of angles is cut where it has its widest gap.
  std::size_t first = 0;
  double widest = by_angle.front().first + 2 * std::numbers::pi - by_angle.back().first;
  for (std::size_t i = 1; i < by_angle.size(); ++i)
    if (const double gap = by_angle[i].first - by_angle[i - 1].first; gap > widest) widest = gap, first = i;
  for (std::size_t i = 0; i < by_angle.size(); ++i) order.push_back(by_angle[(first + i) % by_angle.size()].second);
  order.insert(order.end(), still.begin(), still.end());
  return order;
}

}  // namespace lab
