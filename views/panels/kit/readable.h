#pragma once
// Text of strangers made fit for the screen: what no font has, or what nobody would see, is written as \u{1F600}.
#include <string>
#include <string_view>

namespace lab {

/// Whether any character may need care: all others are drawn as they are.
bool needs_care(std::string_view text);

/// The text with characters that cannot be drawn or seen escaped, and a ring under a combining mark that has nothing to combine
/// with. Broken UTF-8 becomes \xNN. `has_glyph(code)` says what the font can draw.
template <class HasGlyph>
std::string readable(std::string_view text, HasGlyph has_glyph);

/// The next character of a text and its bytes; code 0xFFFFFFFF with one byte where it is broken UTF-8.
char32_t next_character(std::string_view text, std::size_t at, std::size_t& bytes);
/// Format characters: joiners, direction marks, variation selectors, soft hyphens, which leave nothing to see.
bool is_invisible(char32_t code);
bool is_combining(char32_t code);
void append_escape(std::string& out, char32_t code);

template <class HasGlyph>
std::string readable(std::string_view text, HasGlyph has_glyph) {
  constexpr const char* kRing = "\u25CC";
  std::string out;
  bool has_base = false;
  for (std::size_t at = 0, bytes = 0; at < text.size(); at += bytes) {
    const char32_t code = next_character(text, at, bytes);
    const bool is_plain = code < 0x80;
    const bool is_drawn = is_plain || (code <= 0xFFFF && !is_invisible(code) && has_glyph(code));
    if (!is_drawn) {
      append_escape(out, code == 0xFFFFFFFF ? static_cast<unsigned char>(text[at]) : code);
      has_base = false;
      continue;
    }
    if (is_combining(code) && !has_base) out += kRing;
    out += text.substr(at, bytes);
    has_base = code != ' ';
  }
  return out;
}

}  // namespace lab
