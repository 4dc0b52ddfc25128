#pragma once
// How well a typed text names something.
#include <optional>
#include <string_view>

namespace lab {

/// Larger is better; nothing where a word of `typed` is not in `text`. Words may come in any order and in any case of ASCII
/// letters; beginnings of words count most, then other places, early ones more than late ones, then letters that are only there one after the other.
std::optional<int> match_score(std::string_view typed, std::string_view text);

/// Whether every word of `typed` is in `text` as it is, in any case of ASCII letters.
bool holds_words(std::string_view typed, std::string_view text);

}  // namespace lab
