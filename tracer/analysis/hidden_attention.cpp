#include "tracer/analysis/hidden_attention.h"

#include <algorithm>
#include <cmath>

#include "model/base/check.h"

namespace lab {

HiddenAttention::HiddenAttention(const Recurrence& window)
    : window_(window), states_(static_cast<std::size_t>(window.states)), tokens_(window.tokens) {
  LAB_CHECK(window.channels, ==, 1);
  LAB_CHECK(static_cast<std::int64_t>(window.C.size()), ==, window.tokens * window.states);
}

// The writes so far fade by the step of the next token, and its own joins them. What a state keeps is divided by an exponent
// that the token after it finds.
void HiddenAttention::move_on(std::size_t t) {
  const auto exponent = [&](std::size_t token) {
    return window_.exponents.empty() ? 0.0 : static_cast<double>(window_.exponents[std::min(token, window_.exponents.size() - 1)]);
  };
  const double found = exponent(t), left = exponent(t + 1), shift = window_.shifts.empty() ? 0.0 : static_cast<double>(window_.shifts[t]);
  for (std::size_t n = 0; n < states_; ++n) {
    const double decay = std::exp(static_cast<double>(window_.A[n]) * static_cast<double>(window_.steps[t]) + found - left);
    for (std::size_t j = 0; j < t; ++j) left_[j * states_ + n] *= decay;
    left_.push_back(std::exp(shift - left) * static_cast<double>(window_.x[t]) * static_cast<double>(window_.B[t * states_ + n]));
  }
}

std::vector<double> HiddenAttention::next_row() {
  const auto t = static_cast<std::size_t>(next_++);
  LAB_CHECK(static_cast<std::int64_t>(t), <, tokens_);
  if (!window_.reads_found) move_on(t);
  std::vector<double> row(t + 1);
  for (std::size_t j = 0; j < left_.size() / states_; ++j)
    for (std::size_t n = 0; n < states_; ++n) row[j] += static_cast<double>(window_.C[t * states_ + n]) * left_[j * states_ + n];
  if (window_.reads_found) {
    row[t] = static_cast<double>(window_.own[t]);
    move_on(t);
  }
  return row;
}

}  // namespace lab
