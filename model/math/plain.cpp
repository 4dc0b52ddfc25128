// The operations that cost little beside the products: plain loops in either precision, the same bits everywhere.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "model/math/math.h"
#include "model/math/scalar.h"

namespace lab {

RowSums sums_of(std::span<const float> row) {
  RowSums sums;
  for (const float value : row) {
    sums.squares += static_cast<double>(value) * static_cast<double>(value);
    sums.sum += value;
    sums.largest = std::max(sums.largest, std::fabs(value));
    sums.nonfinite += !std::isfinite(value);
  }
  return sums;
}

template <class Real>
void Math<Real>::layer_norm(Rows<const Real> x, std::span<const Real> w, std::span<const Real> b, Real epsilon, Rows<Real> y) {
  const auto n = static_cast<double>(x.width);
  for (std::int64_t t = 0; t < x.count; ++t) {
    double mean = 0, variance = 0;
    for (const Real value : x[t]) mean += value;
    mean /= n;
    for (const Real value : x[t]) variance += (value - mean) * (value - mean);
    const double factor = 1 / std::sqrt(variance / n + static_cast<double>(epsilon));
    for (std::size_t i = 0; i < w.size(); ++i) y[t][i] = static_cast<Real>((x[t][i] - mean) * factor) * w[i] + b[i];
  }
}

template <class Real>
void Math<Real>::scale(Real factor, Rows<Real> x) {
  for (std::int64_t t = 0; t < x.count; ++t)
    for (Real& value : x[t]) value *= factor;
}

template <class Real>
void Math<Real>::rotate(Rows<const Real> cosines, Rows<const Real> sines, std::int64_t width, bool adjacent, Rows<Real> x) {
  const std::int64_t pairs = cosines.width;
  for (std::int64_t t = 0; t < x.count; ++t)
    for (Real* head = x.row(t); head < x.row(t) + x.width; head += width)
      for (std::int64_t i = 0; i < pairs; ++i) {
        Real& first = head[adjacent ? 2 * i : i];
        Real& second = head[adjacent ? 2 * i + 1 : i + pairs];
        const Real a = first, b = second, c = cosines.row(t)[i], s = sines.row(t)[i];
        first = a * c - b * s;
        second = b * c + a * s;
      }
}

template <class Real>
void Math<Real>::route(std::span<const Real> logits, std::span<std::int64_t> index, std::span<Real> weights) {
  std::vector<std::int64_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto better = [&](std::int64_t a, std::int64_t b) {
    const Real x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(index.size()), order.end(), better);
  Real total = 0;
  for (std::size_t i = 0; i < index.size(); ++i) {
    index[i] = order[i];
    weights[i] = std::exp(logits[static_cast<std::size_t>(order[i])] - logits[static_cast<std::size_t>(order[0])]);
    total += weights[i];
  }
  for (Real& weight : weights) weight /= total;
}

template <class Real>
void Math<Real>::add_weighted(std::span<const Real> x, Real weight, std::span<Real> into) {
  for (std::size_t i = 0; i < x.size(); ++i) into[i] += weight * x[i];
}

template <class Real>
void Math<Real>::shift_mix(Rows<const Real> x, std::span<const Real> first, std::span<const Real> mix, Rows<Real> y) {
  for (std::int64_t t = 0; t < x.count; ++t) {
    const Real* before = t == 0 ? first.data() : x.row(t - 1);
    for (std::size_t i = 0; i < mix.size(); ++i) y[t][i] = x[t][i] * mix[i] + before[i] * (1 - mix[i]);
  }
}

template <class Real>
void Math<Real>::sigmoid(Rows<Real> x) {
  for (std::int64_t t = 0; t < x.count; ++t)
    for (Real& value : x[t]) value = scalar::sigmoid(value);
}

template <class Real>
void Math<Real>::squared_relu(Rows<const Real> x, Rows<Real> y) {
  for (std::int64_t t = 0; t < x.count; ++t)
    for (std::int64_t i = 0; i < x.width; ++i) {
      const Real positive = std::max(x.row(t)[i], Real(0));
      y.row(t)[i] = positive * positive;
    }
}

template <class Real>
void Math<Real>::multiply(Rows<const Real> a, Rows<const Real> b, Rows<Real> y) {
  for (std::int64_t t = 0; t < a.count; ++t)
    for (std::int64_t i = 0; i < a.width; ++i) y.row(t)[i] = a.row(t)[i] * b.row(t)[i];
}

template <class Real>
void Math<Real>::wkv(std::span<const Real> w, std::span<const Real> u, const Real* k, const Real* v, Real* aa, Real* bb, Real* pp,
                     Real* out) {
  for (std::size_t i = 0; i < w.size(); ++i) {
    const Real with_bonus = u[i] + k[i];
    Real highest = std::max(pp[i], with_bonus);
    Real before = std::exp(pp[i] - highest), now = std::exp(with_bonus - highest);
    if (out) out[i] = (before * aa[i] + now * v[i]) / (before * bb[i] + now);
    const Real decayed = pp[i] + w[i];
    highest = std::max(decayed, k[i]);
    before = std::exp(decayed - highest);
    now = std::exp(k[i] - highest);
    aa[i] = before * aa[i] + now * v[i];
    bb[i] = before * bb[i] + now;
    pp[i] = highest;
  }
}

#define LAB_PLAIN(Real)                                                                                                        \
  template void Math<Real>::layer_norm(Rows<const Real>, std::span<const Real>, std::span<const Real>, Real, Rows<Real>);     \
  template void Math<Real>::scale(Real, Rows<Real>);                                                                           \
  template void Math<Real>::rotate(Rows<const Real>, Rows<const Real>, std::int64_t, bool, Rows<Real>);                        \
  template void Math<Real>::route(std::span<const Real>, std::span<std::int64_t>, std::span<Real>);                            \
  template void Math<Real>::add_weighted(std::span<const Real>, Real, std::span<Real>);                                        \
  template void Math<Real>::shift_mix(Rows<const Real>, std::span<const Real>, std::span<const Real>, Rows<Real>);             \
  template void Math<Real>::sigmoid(Rows<Real>);                                                                               \
  template void Math<Real>::squared_relu(Rows<const Real>, Rows<Real>);                                                        \
  template void Math<Real>::multiply(Rows<const Real>, Rows<const Real>, Rows<Real>);                                          \
  template void Math<Real>::wkv(std::span<const Real>, std::span<const Real>, const Real*, const Real*, Real*, Real*, Real*, Real*);
LAB_PLAIN(float)
LAB_PLAIN(double)
#undef LAB_PLAIN

}  // namespace lab
