#pragma once
// Foreign text made fit for files, and numbers as files write them.
#include <string>
#include <string_view>
#include <vector>

namespace lab {

struct Character {
  char32_t code = 0;
  int bytes = 0;  // of its UTF-8
};

/// Valid UTF-8 without control characters: what is neither becomes U+FFFD.
std::string clean_text(std::string_view text);
/// The characters of valid UTF-8.
std::vector<Character> characters_of(std::string_view text);
/// At most `decimals` decimals, none superfluous, never "-0".
std::string decimal_text(double value, int decimals = 2);
std::string base64(std::string_view bytes);
/// The date that files carry, in seconds since 1970: SOURCE_DATE_EPOCH, else 0.
long long file_date();

}  // namespace lab
