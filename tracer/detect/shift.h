#pragma once
// The text has changed: the states of the last tokens point elsewhere than those before. Source: analysis.md 3.4.
#include <algorithm>
#include <memory>

#include "tracer/detect/meter.h"

namespace lab {

/// cos(a, b) in double precision; NaN where one of them is zero or not finite.
double cosine(std::span<const double> a, std::span<const double> b);

/// Fewer numbers in place of many, so that inner products are kept in the mean (their error is about
/// ||a|| ||b|| sqrt(2 / width)): each element is added, with a sign, to one place. Places and signs follow from a fixed seed.
class CountSketch {
 public:
  static constexpr std::size_t kExact = 4096, kWidth = 2048;  // vectors of up to kExact elements stay as they are
  explicit CountSketch(std::size_t elements);
  std::size_t elements() const { return elements_; }
  std::size_t width() const { return place_.empty() ? elements_ : kWidth; }
  /// `into` has width() elements.
  void apply(std::span<const float> values, std::span<double> into) const;

 private:
  std::size_t elements_;
  static constexpr std::uint16_t kMinus = 0x8000;
  std::vector<std::uint16_t> place_;  // [elements] place, with kMinus where the sign is turned; empty: nothing to do
};

/// Means over the last `window` vectors and over the `reference` vectors before them, O(d) a vector.
class TwoWindows {
 public:
  /// With fewer vectors than this the reference says nothing (with fewer than `reference`, where that is less).
  static constexpr std::int64_t kLeastReference = 32;
  TwoWindows() = default;
  TwoWindows(std::int64_t window, std::int64_t reference, std::size_t width);

  std::size_t width() const { return width_; }
  void add(std::span<const double> vector);
  void clear();
  /// cos of the two means; NaN until the reference holds enough.
  double cosine() const;
  std::int64_t in_reference() const { return std::max<std::int64_t>(0, count_ - window_); }

 private:
  static constexpr std::int64_t kResum = 4096;  // vectors after which the sums are made anew: their rounding errors end there
  std::span<float> row(std::int64_t age);       // 0: the newest
  void resum();

  std::int64_t window_ = 0, reference_ = 0;
  std::size_t width_ = 0;
  std::int64_t count_ = 0, next_ = 0, added_ = 0;
  std::vector<float> rows_;                      // [window + reference][width], a ring
  std::vector<double> recent_, before_;          // [width] sums
};

/// Cosine between the mean of the last 16 states and that of the 96 before. After an alarm both windows are emptied: otherwise
/// the reference slides across the change and finds it again. So is a layer whose vector is not finite.
class ContextShift final : public Meter {
 public:
  ContextShift(const Rule& rule, std::span<const LayerInfo> layers);
  Needs needs() const override { return {.states = !residual_, .residuals = residual_}; }
  std::unique_ptr<Detector> clone() const override { return std::make_unique<ContextShift>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;
  void alarmed(int layer) override { windows_[static_cast<std::size_t>(layer)].clear(); }

 private:
  bool residual_;
  std::vector<TwoWindows> windows_;
  std::vector<double> cosines_;
  std::vector<std::shared_ptr<const CountSketch>> sketches_;
  std::vector<double> vector_;
};

/// Document 2's rule: the cosine between the states after two tokens in a row. It finds something as often as the dead time
/// allows, as the state would have been reset each time.
class SuccessiveCosine final : public Meter {
 public:
  SuccessiveCosine(const Rule& rule, std::span<const LayerInfo> layers);
  Needs needs() const override { return {.states = !residual_, .residuals = residual_}; }
  std::unique_ptr<Detector> clone() const override { return std::make_unique<SuccessiveCosine>(*this); }

 protected:
  std::optional<double> measure(const Sample& sample, int layer) override;
  std::string say(const Sample& sample, int layer, double value, double limit) const override;
  void alarmed(int layer) override { rearm(layer); }

 private:
  bool residual_;
  std::vector<std::vector<float>> before_;  // [layer][d]
};

}  // namespace lab
