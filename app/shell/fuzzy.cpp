#include "app/shell/fuzzy.h"

#include <algorithm>

namespace lab {
namespace {

constexpr int kAtBeginning = 100, kInside = 50, kScattered = 10, kMostGaps = 9;
constexpr int kMostLate = 39;  // of the points that a place far from the beginning costs

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_same(char a, char b) { return lower(a) == lower(b); }
bool is_letter(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9'); }

/// Takes the first word off a text; "" where there is none.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

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
  for (std::string_view word = take_word(typed); !word.empty(); word = take_word(typed)) {
    const auto of_word = score_of_word(word, text);
    if (!of_word) return std::nullopt;
    score += *of_word;
  }
  return score;
}

bool holds_words(std::string_view typed, std::string_view text) {
  for (std::string_view word = take_word(typed); !word.empty(); word = take_word(typed))
    if (std::search(text.begin(), text.end(), word.begin(), word.end(), is_same) == text.end()) return false;
  return true;
}

}  // namespace lab
