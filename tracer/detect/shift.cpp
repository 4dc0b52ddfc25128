#include "tracer/detect/shift.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "model/base/check.h"
#include "tracer/detect/nonfinite.h"

namespace lab {

namespace {

// splitmix64 (Steele, Lea, Flood 2014).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

template <class A, class B>
double cosine_of(std::span<const A> a, std::span<const B> b) {
  LAB_CHECK(a.size(), ==, b.size());
  constexpr std::size_t kLanes = 8;  // sums side by side, in an order that is the same on every machine
  double aa[kLanes] = {}, bb[kLanes] = {}, ab[kLanes] = {};
  const auto add = [&](std::size_t i, std::size_t lane) {
    const double x = a[i], y = b[i];
    aa[lane] += x * x;
    bb[lane] += y * y;
    ab[lane] += x * y;
  };
  std::size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
  for (; i < a.size(); ++i) add(i, i % kLanes);
  const auto total = [](const auto& sums) { return std::accumulate(std::begin(sums), std::end(sums), 0.0); };
  const double lengths = std::sqrt(total(aa)) * std::sqrt(total(bb));
  return lengths > 0 ? total(ab) / lengths : std::numeric_limits<double>::quiet_NaN();
}

std::span<const float> vector_of(const LayerSample& layer, bool residual) { return residual ? layer.residual : layer.state; }

}  // namespace

double cosine(std::span<const double> a, std::span<const double> b) { return cosine_of(a, b); }

CountSketch::CountSketch(std::size_t elements) : elements_(elements) {
  constexpr std::uint64_t kSeed = 20261128;
  if (elements <= kExact) return;
  for (std::size_t i = 0; i < elements; ++i) {
    const std::uint64_t bits = mixed(kSeed + i);
    place_.push_back(static_cast<std::uint16_t>(bits % kWidth | (bits >> 63 ? kMinus : 0)));
  }
}

void CountSketch::apply(std::span<const float> values, std::span<double> into) const {
  LAB_CHECK(values.size(), ==, elements_);
  LAB_CHECK(into.size(), ==, width());
  if (place_.empty()) {
    std::copy(values.begin(), values.end(), into.begin());
    return;
  }
  std::fill(into.begin(), into.end(), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    // The sign bit is turned without a branch, which would be guessed wrong every second time.
    const std::uint32_t sign = static_cast<std::uint32_t>(place_[i] & kMinus) << 16;
    into[place_[i] & (kMinus - 1)] += std::bit_cast<float>(std::bit_cast<std::uint32_t>(values[i]) ^ sign);
  }
}

TwoWindows::TwoWindows(std::int64_t window, std::int64_t reference, std::size_t width)
    : window_(window), reference_(reference), width_(width), rows_(static_cast<std::size_t>(window + reference) * width),
      recent_(width), before_(width) {
  LAB_CHECK(window, >, 0);
  LAB_CHECK(reference, >, 0);
}

std::span<float> TwoWindows::row(std::int64_t age) {
  const std::int64_t places = window_ + reference_;
  return std::span(rows_).subspan(static_cast<std::size_t>((next_ - 1 - age + 2 * places) % places) * width_, width_);
}

void TwoWindows::add(std::span<const double> vector) {
  LAB_CHECK(vector.size(), ==, width_);
  if (count_ == window_ + reference_) {
    const std::span<float> oldest = row(count_ - 1);
    for (std::size_t i = 0; i < width_; ++i) before_[i] -= oldest[i];
    --count_;
  }
  if (count_ >= window_) {
    const std::span<float> leaving = row(window_ - 1);
    for (std::size_t i = 0; i < width_; ++i) {
      recent_[i] -= leaving[i];
      before_[i] += leaving[i];
    }
  }
  next_ = (next_ + 1) % (window_ + reference_);
  ++count_;
  const std::span<float> newest = row(0);
  for (std::size_t i = 0; i < width_; ++i) {
    newest[i] = static_cast<float>(vector[i]);
    recent_[i] += newest[i];
  }
  if (++added_ % kResum == 0) resum();
}

void TwoWindows::resum() {
  std::fill(recent_.begin(), recent_.end(), 0.0);
  std::fill(before_.begin(), before_.end(), 0.0);
  for (std::int64_t age = 0; age < count_; ++age) {
    const std::span<float> values = row(age);
    std::vector<double>& sums = age < window_ ? recent_ : before_;
    for (std::size_t i = 0; i < width_; ++i) sums[i] += values[i];
  }
}

void TwoWindows::clear() {
  count_ = added_ = next_ = 0;
  std::fill(recent_.begin(), recent_.end(), 0.0);
  std::fill(before_.begin(), before_.end(), 0.0);
}

double TwoWindows::cosine() const {
  if (count_ < window_ + std::min(reference_, kLeastReference)) return std::numeric_limits<double>::quiet_NaN();
  return lab::cosine(recent_, before_);
}

ContextShift::ContextShift(const Rule& rule, std::span<const LayerInfo> layers)
    : Meter(rule, layers), residual_(rule.of == "residual"), windows_(layers.size()), cosines_(layers.size(), kNothing),
      sketches_(layers.size()) {}

std::optional<double> ContextShift::measure(const Sample& sample, int layer) {
  const auto index = static_cast<std::size_t>(layer);
  const std::span<const float> values = vector_of(sample.layers[index], residual_);
  TwoWindows& windows = windows_[index];
  cosines_[index] = kNothing;
  if (values.empty() || count_nonfinite(values) > 0) {
    windows.clear();
    return kNothing;
  }
  if (!sketches_[index]) {
    // Layers of one size share a sketch; clones share all.
    for (std::size_t other = 0; other < index && !sketches_[index]; ++other)
      if (sketches_[other] && sketches_[other]->elements() == values.size()) sketches_[index] = sketches_[other];
    if (!sketches_[index]) sketches_[index] = std::make_shared<const CountSketch>(values.size());
    windows = TwoWindows(rule().window, rule().reference, sketches_[index]->width());
  }
  vector_.resize(windows.width());
  sketches_[index]->apply(values, vector_);
  windows.add(vector_);
  return cosines_[index] = windows.cosine();
}

std::string ContextShift::say(const Sample&, int layer, double, double) const {
  const auto index = static_cast<std::size_t>(layer);
  return fmt::format("the mean {} of the last {} tokens points away from the {} before: cosine {:.3f}", residual_ ? "residual" : "state",
                     rule().window, windows_[index].in_reference(), cosines_[index]);
}

SuccessiveCosine::SuccessiveCosine(const Rule& rule, std::span<const LayerInfo> layers)
    : Meter(rule, layers), residual_(rule.of == "residual"), before_(layers.size()) {}

std::optional<double> SuccessiveCosine::measure(const Sample& sample, int layer) {
  const std::span<const float> values = vector_of(sample.layers[static_cast<std::size_t>(layer)], residual_);
  std::vector<float>& before = before_[static_cast<std::size_t>(layer)];
  const bool comparable = !values.empty() && values.size() == before.size();
  const double value = comparable ? cosine_of<float, float>(before, values) : kNothing;
  before.assign(values.begin(), values.end());
  return value;
}

std::string SuccessiveCosine::say(const Sample&, int, double value, double) const {
  return fmt::format("the {} points away from that of the token before: cosine {:.3f}", residual_ ? "residual" : "state", value);
}

}  // namespace lab
