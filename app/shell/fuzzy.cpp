#include "app/shell/fuzzy.h"

#include <algorithm>

namespace lab {
namespace {

constexpr int kAtBeginning = 100, kInside = 50, kScattered = 10, kMostGaps = 9;
constexpr int kMostLate = 39;  // of the points that a place far from the beginning costs

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_same(char a, char b) { return lower(a) == lower(b); }
bool is_letter(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

std::optional<int> score_of_word(std::string_view word, std::string_view text) {
  std::optional<int> best;
  for (auto at = text.begin(); at != text.end(); ++at) {
    at = std::search(at, text.end(), word.begin(), word.end(), is_same);
    if (at == text.end()) break;
    const bool begins = at == text.begin() || !is_letter(*(at - 1));
    const auto late = static_cast<int>(std::min<std::ptrdiff_t>(at - text.begin(), kMostLate));
    best = std::max(best.value_or(0), (begins ? kAtBeginning : kInside) - late);
  }
  if (best) return best;
  int gaps = 0;
  auto at = text.begin();
  for (const char c : word) {
    const auto next = std::find_if(at, text.end(), [c](char other) { return is_same(c, other); });
    if (next == text.end()) return std::nullopt;
    gaps += next != at;
    at = next + 1;
  }
  return kScattered - std::min(gaps, kMostGaps);
}

}  // namespace

std::optional<int> match_score(std::string_view typed, std::string_view text) {
  int score = 0;
  while (!typed.empty()) {
    const std::size_t end = std::min(typed.find(' '), typed.size());
    if (end > 0) {
      const auto of_word = score_of_word(typed.substr(0, end), text);
      if (!of_word) return std::nullopt;
      score += *of_word;
    }
    typed.remove_prefix(std::min(end + 1, typed.size()));
  }
  return score;
}

}  // namespace lab
