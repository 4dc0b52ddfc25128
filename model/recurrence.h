#pragma once
// A layer's state as a sum of decayed writes, in plain numbers: what each token wrote, how it fades, how it is read.
#include <cstdint>
#include <vector>

#include "model/stage.h"

namespace lab {

/// Consecutive channels of a layer's state: rows of h [di, N] or [H P, N].
struct ChannelRange {
  std::int64_t first = 0, count = 1;
};

/// What is asked of a recurrence beside its decays.
struct RecurrenceWants {
  bool writes = true;    // x and B
  bool weights = false;  // the writes without the value they write: what each value is multiplied by
  bool reads = false;    // C and own
};

/// Columns of a driver.
struct DriverColumns {
  Point point = Point::x;
  std::int64_t first = 0, width = 0;
};
/// What a recurrence is made from: columns of recorded drivers, of its tokens and of `lead` tokens before them.
struct RecurrenceSource {
  std::vector<DriverColumns> columns;  // empty: the state is no sum of decayed writes
  std::int64_t lead = 0;
};

/// T consecutive tokens of some channels c, with the state before them:
///
///   h_t[c,n] = exp(step_t[c] A[c,n]) h_{t-1}[c,n] + exp(shift_t[c]) x_t[c] B_t[n]
///   y_t[c]   = sum_n C_t[n] h_t[c,n] + own_t[c]
///
/// A state may keep h divided by exp(exponent[c]), which changes with the tokens; then C reads what is kept.
struct Recurrence {
  std::int64_t tokens = 0, channels = 0, states = 0;
  bool shared = true;            // B and C are those of all channels, [T, N]; otherwise each has its own, [T, channels, N]
  bool reads_found = false;      // C reads the state that a token found; otherwise the one that it left
  std::vector<float> A;          // [channels, N], all negative
  std::vector<float> steps;      // [T, channels]
  std::vector<float> shifts;     // [T, channels]; empty: zero
  std::vector<float> x, B;       // x [T, channels]
  std::vector<float> C, own;     // own [T, channels]
  std::vector<float> h;          // [channels, N] as kept before the tokens
  std::vector<float> exponents;  // [channels] before the tokens, with reads [T, channels] before each; empty: zero
};

}  // namespace lab
