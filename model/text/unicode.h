#pragma once
// Classes of characters and the canonical composition, from ICU's tables. Characters that these do not know yet count
// as `other`, as every tokenizer's regular expressions treated them when the tables were made.
#include <cstdint>
#include <string>
#include <string_view>

namespace lab {

/// What the split patterns tell apart: \p{L}, \p{N}, \s (Unicode White_Space), and everything else.
enum class CharacterClass : std::uint8_t { letter, number, space, other };

CharacterClass class_of(char32_t c);
bool is_space(char32_t c);
/// \p{P}.
bool is_punctuation(char32_t c);
/// A letter, number, mark or connector: what `\w` means to the reference implementation's single-word test.
bool is_word_character(char32_t c);

/// Whether the canonical composition of a text never joins this character to one before it.
bool begins_segment(char32_t c);
/// The canonical composition (NFC) of valid UTF-8, in n log n also for endless combining marks.
std::string composed(std::string_view text);

}  // namespace lab
