#pragma once
// What a token reads of each earlier one: the attention matrix that a linear recurrence hides (Ali, Zimerman and Wolf 2024).
#include <cstdint>
#include <vector>

#include "model/recurrence.h"

namespace lab {

/// The map of one channel over consecutive tokens, built row by row:
///
///   alpha_{t,j} = sum_n C_t[n] exp(A[n] (S_t - S_j)) step_j B_j[n],   y_t = sum_j alpha_{t,j} value_j + own_t
///
/// Rows do not sum to 1. Holds one number a token and state.
class HiddenAttention {
 public:
  /// A recurrence of one channel with weights and reads, which outlives this.
  explicit HiddenAttention(const Recurrence& window);
  std::int64_t tokens() const { return tokens_; }
  /// The next row: alpha_{t,j} for j = 0 .. t of the window. What came before the window is not in it. Where a token reads the
  /// state that it found, alpha_{t,t} is what it reads of itself.
  std::vector<double> next_row();

 private:
  void move_on(std::size_t t);

  const Recurrence& window_;
  const std::size_t states_;
  const std::int64_t tokens_;
  std::int64_t next_ = 0;
  std::vector<double> left_;  // [tokens so far, N] of each write
};

}  // namespace lab
