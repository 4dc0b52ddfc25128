#pragma once
// Why a part of a state is what it is, in words: one rule after the other, the first that holds decides.
#include <cstdint>
#include <span>
#include <string>

#include "tracer/analysis/contributions.h"

namespace lab {

enum class Verdict : std::uint8_t { never_written, decayed, cancelled, not_read, overwritten, held };
const char* name_of(Verdict verdict);

/// Never written: the largest write was below this share of the layer's own size (rms of its cells). Single precision keeps
/// 24 bits, so 2^-20 of it moves nothing that is read together with the others by more than their rounding.
constexpr double kNothing = 0x1p-20;
/// Decayed, overwritten: of a write less than this is left. After 4.3 half-lives; a twentieth is the least that a bar beside
/// the largest one shows.
constexpr double kFaded = 0.05;
/// Cancelled: writes of opposite sign leave less than this of their sizes. Ten like ones with random signs leave 0.3.
constexpr double kCancelled = 0.1;
/// Not read: the weight by which the token reads it is below this share of the layer's usual one (rms). It would take a
/// hundred such cells to count as one.
constexpr double kUnread = 0.01;
/// Written over: as many tokens, from the last one back, as it takes to hold this share of all sizes.
constexpr double kMost = 0.95;
/// So many tokens are named as those who hold most.
constexpr int kNamed = 5;

struct Judgement {
  Verdict verdict = Verdict::never_written;
  std::int64_t strongest = -1;  // place of the largest write among the contributions
  double strongest_left = 0;    // share of it that is left
  double left = 0;              // sum of all sizes
  std::int64_t span = 0;        // the last so many contributions hold kMost of it
  double named_share = 0;       // the kNamed largest hold so much of it
};

/// `all` in the order in which they were written; `value` is the part's own value; `layer_size` the rms of the layer's cells;
/// `read` the weight by which it is read as a share of the usual one, NaN when it is not known.
Judgement judge(std::span<const Contribution> all, double value, double layer_size, double read);

/// A sentence, as "Written over 28 tokens, still decaying.", and the rule that decided, with its numbers.
std::string verdict_text(const Judgement& judgement);
std::string rule_of(const Judgement& judgement, double value, double read);

}  // namespace lab
