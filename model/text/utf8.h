#pragma once
// UTF-8 as bytes of strangers: every function is defined for every input.
#include <cstddef>
#include <string>
#include <string_view>

namespace lab {

/// A decoded character, or the replacement U+FFFD for a maximal invalid part (Unicode 3.9, "maximal subpart").
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // bytes it took, at least 1
  bool valid = true;
};

/// Decodes the character at `at` < text.size().
CodePoint decode_utf8(std::string_view text, std::size_t at);
void append_utf8(std::string& out, char32_t value);
/// The text with every invalid part replaced by U+FFFD.
std::string repaired_utf8(std::string_view text);
/// Length of the longest prefix that does not end within a character (an incomplete tail of at most 3 bytes is left).
std::size_t complete_utf8(std::string_view text);

}  // namespace lab
