#include "views/paint/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace lab {

namespace {

constexpr const char* kReplacement = "\uFFFD";

/// The character that starts at the front of text; `bytes` is 0 where it is no valid UTF-8.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const int bytes = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (bytes == 0 || static_cast<std::size_t>(bytes) > text.size()) return {};
  char32_t code = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
  for (int i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[static_cast<std::size_t>(i)]);
    if ((next & 0xC0) != 0x80) return {};
    code = code << 6 | (next & 0x3Fu);
  }
  const bool is_long = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool is_character = code <= 0x10FFFF && !(code >= 0xD800 && code < 0xE000) && (code & 0xFFFE) != 0xFFFE;
  if (is_long || !is_character) return {};
  return {code, bytes};
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character c = first_character(text);
    const bool is_control = c.code < 0x20 || (c.code >= 0x7F && c.code < 0xA0);
    if (c.bytes == 0 || is_control) out += kReplacement;
    else out += text.substr(0, static_cast<std::size_t>(c.bytes));
    text.remove_prefix(static_cast<std::size_t>(std::max(c.bytes, 1)));
  }
  return out;
}

std::vector<Character> characters_of(std::string_view text) {
  std::vector<Character> out;
  while (!text.empty()) {
    Character c = first_character(text);
    c.bytes = std::max(c.bytes, 1);
    text.remove_prefix(static_cast<std::size_t>(c.bytes));
    out.push_back(c);
  }
  return out;
}

std::string decimal_text(double value, int decimals) {
  if (!std::isfinite(value)) return "0";
  const double unit = std::pow(10.0, decimals);
  const double rounded = std::round(value * unit) / unit;
  if (rounded == 0) return "0";
  char text[400];
  std::string out(text, std::to_chars(text, text + sizeof text, rounded, std::chars_format::fixed, decimals).ptr);
  if (out.find('.') == std::string::npos) return out;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    const std::size_t used = std::min<std::size_t>(3, bytes.size() - i) + 1;
    for (std::size_t k = 0; k < 4; ++k) out += k < used ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

long long file_date() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  long long seconds = 0;
  if (!epoch) return 0;
  const auto [end, error] = std::from_chars(epoch, epoch + std::strlen(epoch), seconds);
  return error == std::errc() && *end == '\0' && seconds >= 0 ? seconds : 0;
}

}  // namespace lab
