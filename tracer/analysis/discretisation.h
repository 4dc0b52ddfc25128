#pragma once
// The same recurrence under other rules of discretisation: how far each leads from the exact one, token after token. All in double
// precision over the recorded time steps and writes.
#include <cstdint>
#include <string>
#include <vector>

#include "model/recurrence.h"

namespace lab {

/// How h' = A h + B x is stepped by Delta. What a token writes, Delta x B, is as recorded.
enum class Discretisation : std::uint8_t {
  exact,            // h <- exp(Delta A) h + Delta x B: the rule of Mamba itself
  euler,            // h <- (1 + Delta A) h + Delta x B: first-order Taylor, as document 2 asks for
  zero_order_hold,  // h <- exp(Delta A) h + (exp(Delta A) - 1) / A x B
  bilinear,         // h <- (1 + z/2) / (1 - z/2) h + Delta x B / (1 - z/2), z = Delta A (Tustin)
};
constexpr int kDiscretisations = 4;
/// "exact", "Euler", "zero-order hold", "bilinear".
const char* name_of(Discretisation rule);

/// h <- keep h + write (Delta x B) at z = Delta A.
struct DiscreteStep {
  double keep = 1, write = 1;
};
DiscreteStep discrete_step(Discretisation rule, double z);

/// Bounds of the time step; without them it is as recorded.
struct StepBounds {
  double low = 0, high = 0;
  friend bool operator==(const StepBounds&, const StepBounds&) = default;
};

/// One rule over a window of tokens.
struct DiscretisationCurve {
  Discretisation rule = Discretisation::exact;
  bool is_clamped = false;              // its time steps lie within the bounds
  std::string name;                     // "Euler, Δ in [0.001, 0.1]"
  std::vector<double> error;            // ||h - exact|| / ||exact|| after each token; not a number while the exact state is zero
  std::int64_t first_overflow = -1;     // the first token, counted from the window's, after which a cell is beyond single precision
  double largest_keep = 0;              // of |keep| over cells and tokens: above 1 a cell grows by itself
  double growing = 0;                   // share of cells and tokens where it is
};

/// Steps some channels after others through the same tokens.
class DiscretisationBench {
 public:
  /// `bounds` may be null; with them each rule is there a second time, clamped.
  DiscretisationBench(std::int64_t tokens, const StepBounds* bounds);
  /// A recurrence without shifts over all the tokens, from the state before them.
  void add(const Recurrence& channels);
  /// The curves of all channels together: exact is what the others are measured against.
  std::vector<DiscretisationCurve> finish() const;

 private:
  struct Rule {
    DiscretisationCurve curve;
    std::vector<double> squares;  // of the difference, by token
    std::int64_t steps = 0, growing = 0;
  };
  void add_channel(const Recurrence& r, std::int64_t channel);

  const std::int64_t tokens_;
  StepBounds bounds_;
  std::vector<Rule> rules_;
  std::vector<double> exact_;  // squares of the exact state, by token
};

}  // namespace lab
