#include "views/panels/kit/readable.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace lab {
namespace {

using Span = std::pair<char32_t, char32_t>;  // both ends included

template <std::size_t n>
bool is_within(const std::array<Span, n>& spans, char32_t code) {
  return std::any_of(spans.begin(), spans.end(), [code](const Span& span) { return code >= span.first && code <= span.second; });
}

// General category Cf, and the variation selectors.
constexpr std::array<Span, 12> kInvisible{{{0xAD, 0xAD},     {0x600, 0x605},   {0x61C, 0x61C},   {0x6DD, 0x6DD},
                                           {0x70F, 0x70F},   {0x180B, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},
                                           {0x2060, 0x206F}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}}};
// The blocks of combining marks, and the marks of the scripts that a vocabulary is likely to split from their letters.
constexpr std::array<Span, 15> kCombining{{{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},
                                           {0x64B, 0x65F},   {0x900, 0x903},   {0x93A, 0x93C},   {0x93E, 0x94F},
                                           {0xE31, 0xE31},   {0xE34, 0xE3A},   {0xE47, 0xE4E},   {0x1AB0, 0x1AFF},
                                           {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}}};

}  // namespace

bool needs_care(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

char32_t next_character(std::string_view text, std::size_t at, std::size_t& bytes) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  bytes = 1;
  if (length == 1) return lead;
  if (length == 0 || at + length > text.size()) return 0xFFFFFFFF;
  char32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0) != 0x80) return 0xFFFFFFFF;
    code = code << 6 | (next & 0x3Fu);
  }
  bytes = length;
  return code;
}

bool is_invisible(char32_t code) { return is_within(kInvisible, code); }
bool is_combining(char32_t code) { return is_within(kCombining, code); }

void append_escape(std::string& out, char32_t code) {
  char text[16];
  std::snprintf(text, sizeof text, code < 0x100 ? "\\x%02X" : "\\u{%X}", static_cast<unsigned>(code));
  out += text;
}

}  // namespace lab
