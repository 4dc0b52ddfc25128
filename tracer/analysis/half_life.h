#pragma once
// How far back a channel sees: the tokens in which what was written fades to a share.
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "model/recurrence.h"

namespace lab {

/// Nats of decay to a half, and to a share.
constexpr double kHalf = std::numbers::ln2;
double nats_to(double share);

struct Reach {
  double tokens = 0;
  bool is_reached = true;  // false: it takes longer than there are tokens, and `tokens` is how many there are
};

/// At a steady time step: nats / (step |rate|); infinite where nothing decays.
double steady_reach(double step, double rate, double nats = kHalf);
/// Exactly, through the last time steps (the latest last): the smallest k for which the last k tokens decay by `nats`, with linear
/// interpolation within the earliest of them.
Reach exact_reach(std::span<const float> steps, double rate, double nats = kHalf);

/// The exact reach of every cell [channels, N] of a state, from stretches of its recurrence, the latest first. Holds two numbers a
/// cell, however many tokens there are.
class ReachMap {
 public:
  ReachMap(std::int64_t channels, std::int64_t states, double nats = kHalf);
  /// Goes through the tokens before those so far. False when every cell has its reach, and earlier tokens change nothing.
  bool take(const Recurrence& stretch);
  const std::vector<Reach>& cells() const { return cells_; }
  /// Of each channel the longest of its cells.
  std::vector<Reach> channels() const;

 private:
  const std::size_t states_;
  const double nats_;
  std::vector<double> passed_;  // [channels] time steps
  std::vector<Reach> cells_;
  double tokens_ = 0;
};

}  // namespace lab
