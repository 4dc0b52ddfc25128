#include "tracer/analysis/contributions.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <utility>

#include "model/base/check.h"

namespace lab {
namespace {

constexpr double kUnit = 0x1p-24;         // rounding of single precision
constexpr double kUnitsAToken = 8;        // exp within 7, and the fused multiply-add
constexpr double kUnitsAWrite = 3;        // two products, and the last rounding of what is asked for
constexpr double kNothingLeft = -745.2;   // e^x is zero in double precision below

/// e^exponent times x, where what is zero stays so.
double faded(double x, double exponent) { return x == 0 || exponent < kNothingLeft ? 0 : x * std::exp(exponent); }

}  // namespace

Unrolling::Unrolling(std::int64_t states, std::vector<double> weights, std::span<const float> exponents, Measure measure)
    : states_(static_cast<std::size_t>(states)), channels_(weights.size() / states_), measure_(measure), weights_(std::move(weights)),
      kept_(weights_.size(), 1.0), passed_(channels_), rates_(weights_.size()), shift_(channels_) {
  for (std::size_t c = 0; c < exponents.size(); ++c) shift_[c] = -static_cast<double>(exponents[c]);
}

void Unrolling::add(std::size_t cell, double left, double written, Contribution& into) {
  const double weight = weights_[cell], value = weight * left;
  into.value += value;
  if (measure_ == Measure::norm) into.size += left * left, into.written += written * written;
  else into.written += weight * written;
  const double share = std::fabs(value);
  fresh_ += share;
  aged_ += share * age_;
  faded_ += share * std::fabs(rates_[cell] * passed_[cell / states_]);
  if (written != 0) least_ += std::fabs(weight);
}

// What one token wrote to a channel.
void Unrolling::add_token(std::size_t c, double x, double shift, const float* b, bool has_shift, Contribution& into) {
  double decay = 0, decayed_at = NAN;
  for (std::size_t n = 0; n < states_; ++n) {
    const std::size_t cell = c * states_ + n;
    const double write = x * static_cast<double>(b[n]);
    if (rates_[cell] != decayed_at) decay = faded(1, rates_[cell] * passed_[c] + shift), decayed_at = rates_[cell];
    add(cell, kept_[cell] * decay * write, has_shift ? faded(write, shift) : write, into);
  }
}

// The same where one rate is that of all states and nothing is shifted: the sums are taken before they are multiplied.
void Unrolling::add_token_of_one_rate(std::size_t c, double x, const float* b, Contribution& into) {
  const double exponent = rates_[c * states_] * passed_[c], left = x * faded(1, exponent + shift_[c]);
  const double* weights = weights_.data() + c * states_;
  const double* kept = kept_.data() + c * states_;
  double value = 0, size = 0, squares = 0, written = 0, least = 0;
  for (std::size_t n = 0; n < states_; ++n) {
    const double there = kept[n] * static_cast<double>(b[n]), part = weights[n] * there;
    value += part;
    size += std::fabs(part);
    squares += there * there;
    least += std::fabs(weights[n]);
    written += measure_ == Measure::norm ? static_cast<double>(b[n]) * static_cast<double>(b[n]) : weights[n] * static_cast<double>(b[n]);
  }
  into.value += left * value;
  if (measure_ == Measure::norm) into.size += left * left * squares, into.written += x * x * written;
  else into.written += x * written;
  const double share = std::fabs(left) * size;
  fresh_ += share;
  aged_ += share * age_;
  faded_ += share * std::fabs(exponent);
  if (x != 0) least_ += least;
}

void Unrolling::take(const Recurrence& stretch, std::span<Contribution> into) {
  LAB_CHECK(static_cast<std::size_t>(stretch.channels), ==, channels_);
  LAB_CHECK(static_cast<std::size_t>(stretch.states), ==, states_);
  LAB_CHECK(into.size(), ==, static_cast<std::size_t>(stretch.tokens));
  std::copy(stretch.A.begin(), stretch.A.end(), rates_.begin());
  const bool has_shift = !stretch.shifts.empty();
  for (const float shift : stretch.shifts) largest_shift_ = std::max(largest_shift_, std::fabs(static_cast<double>(shift)));
  std::vector<bool> has_one_rate;
  for (auto a = rates_.begin(); a != rates_.end(); a += static_cast<std::ptrdiff_t>(states_))
    has_one_rate.push_back(!has_shift && std::all_of(a, a + static_cast<std::ptrdiff_t>(states_), [&](double rate) { return rate == *a; }));
  for (std::size_t t = into.size(); t-- > 0;) {
    for (std::size_t c = 0; c < channels_; ++c) {
      const std::size_t at = t * channels_ + c;
      const auto x = static_cast<double>(stretch.x[at]);
      const float* b = stretch.B.data() + (stretch.shared ? t : at) * states_;
      if (has_one_rate[c]) add_token_of_one_rate(c, x, b, into[t]);
      else add_token(c, x, shift_[c] + (has_shift ? static_cast<double>(stretch.shifts[at]) : 0.0), b, has_shift, into[t]);
      passed_[c] += static_cast<double>(stretch.steps[at]);
    }
    age_ += 1;
  }
}

void Unrolling::skip(const Recurrence& stretch) {
  std::copy(stretch.A.begin(), stretch.A.end(), rates_.begin());
  for (std::size_t at = 0; at < stretch.steps.size(); ++at) passed_[at % channels_] += static_cast<double>(stretch.steps[at]);
  age_ += static_cast<double>(stretch.tokens);
}

std::vector<double> Unrolling::remains(const Recurrence& token) const {
  LAB_CHECK(token.tokens, ==, 1);
  std::vector<double> left;
  for (std::size_t cell = 0; cell < kept_.size(); ++cell) {
    const std::size_t c = cell / states_;
    const double write = static_cast<double>(token.x[c]) * static_cast<double>(token.B[token.shared ? cell % states_ : cell]);
    left.push_back(kept_[cell] * faded(write, static_cast<double>(token.A[cell]) * passed_[c] + exponent_of(c, token.shifts)));
  }
  return left;
}

std::vector<double> Unrolling::remains(std::span<const double> values, std::span<const float> exponents) const {
  std::vector<double> left;
  for (std::size_t cell = 0; cell < kept_.size(); ++cell) {
    const std::size_t c = cell / states_;
    left.push_back(kept_[cell] * faded(values[cell], rates_[cell] * passed_[c] + exponent_of(c, exponents)));
  }
  return left;
}

double Unrolling::exponent_of(std::size_t channel, std::span<const float> there) const {
  return shift_[channel] + (there.empty() ? 0.0 : static_cast<double>(there[channel]));
}

void Unrolling::put(std::span<const double> values, std::span<const float> exponents, Contribution& into) {
  for (std::size_t cell = 0; cell < weights_.size(); ++cell) {
    const std::size_t c = cell / states_;
    add(cell, kept_[cell] * faded(values[cell], rates_[cell] * passed_[c] + exponent_of(c, exponents)), values[cell], into);
  }
}

void Unrolling::pass(std::span<const double> kept, std::span<const float> after, std::span<const float> before) {
  for (std::size_t cell = 0; cell < kept_.size(); ++cell) kept_[cell] *= kept[cell];
  for (std::size_t c = 0; c < after.size(); ++c) shift_[c] += static_cast<double>(after[c]) - static_cast<double>(before[c]);
  age_ += 1;  // an edit rounds, too
}

void Unrolling::finish(std::span<Contribution> all, Measure measure) {
  for (Contribution& one : all) {
    one.size = measure == Measure::norm ? std::sqrt(std::max(0.0, one.size)) : std::fabs(one.value);
    one.written = measure == Measure::norm ? std::sqrt(one.written) : std::fabs(one.written);
  }
}

double Unrolling::bound() const {
  return kUnit * ((kUnitsAToken + largest_shift_) * aged_ + faded_ + (kUnitsAWrite + largest_shift_) * fresh_) + FLT_MIN * least_;
}

}  // namespace lab
