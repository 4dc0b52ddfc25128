#include "tracer/analysis/verdict.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

namespace lab {
namespace {

double sum_of_sizes(std::span<const Contribution> all) {
  double sum = 0;
  for (const Contribution& one : all) sum += one.size;
  return sum;
}

/// The last so many that hold a share of all sizes.
std::int64_t span_of(std::span<const Contribution> all, double left) {
  double held = 0;
  std::int64_t count = 0;
  for (auto one = all.rbegin(); one != all.rend() && held < kMost * left; ++one, ++count) held += one->size;
  return count;
}

double share_of_largest(std::span<const Contribution> all, double left) {
  std::array<Contribution, kNamed> largest{};
  std::ranges::partial_sort_copy(all, largest, [](const Contribution& a, const Contribution& b) { return a.size > b.size; });
  return left > 0 ? sum_of_sizes(largest) / left : 0;
}

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

}  // namespace

const char* name_of(Verdict verdict) {
  constexpr std::array kNames{"never written", "decayed", "cancelled", "present but not read", "overwritten", "held"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Judgement judge(std::span<const Contribution> all, double value, double layer_size, double read) {
  Judgement j;
  const auto strongest = std::ranges::max_element(all, {}, &Contribution::written);
  if (strongest == all.end() || strongest->written <= kNothing * layer_size || strongest->written == 0) return j;
  j.strongest = strongest - all.begin();
  j.strongest_left = strongest->size / strongest->written;
  j.left = sum_of_sizes(all);
  j.span = span_of(all, j.left);
  j.named_share = share_of_largest(all, j.left);
  if (j.left < kFaded * strongest->written) j.verdict = Verdict::decayed;
  else if (std::fabs(value) < kCancelled * j.left) j.verdict = Verdict::cancelled;
  else if (read < kUnread) j.verdict = Verdict::not_read;
  else if (j.strongest_left < kFaded) j.verdict = Verdict::overwritten;
  else j.verdict = Verdict::held;
  return j;
}

std::string verdict_text(const Judgement& j) {
  switch (j.verdict) {
    case Verdict::never_written: return "Never written.";
    case Verdict::decayed: return "Written, and decayed.";
    case Verdict::cancelled: return "Writes of opposite sign cancel.";
    case Verdict::not_read: return "Present, but not read.";
    case Verdict::overwritten: return "Overwritten by later tokens.";
    case Verdict::held: break;
  }
  return j.span == 1 ? "Written by one token." : fmt::format("Written over {} tokens, still decaying.", j.span);
}

std::string rule_of(const Judgement& j, double value, double read) {
  switch (j.verdict) {
    case Verdict::never_written: return "No write is above 1e-6 of the layer's size.";
    case Verdict::decayed:
      return fmt::format("Of the largest write {} is left, and less than {} of it in all.", percent(j.strongest_left), percent(kFaded));
    case Verdict::cancelled:
      return fmt::format("The sum is {} of the sizes, below {}.", percent(std::fabs(value) / j.left), percent(kCancelled));
    case Verdict::not_read: return fmt::format("It is read by {} of the usual weight, below {}.", percent(read), percent(kUnread));
    case Verdict::overwritten:
      return fmt::format("Of the largest write {} is left, below {}; the last {} hold {}.", percent(j.strongest_left), percent(kFaded), j.span,
                         percent(kMost));
    case Verdict::held: break;
  }
  return fmt::format("The {} largest hold {}.", kNamed, percent(j.named_share));
}

}  // namespace lab
