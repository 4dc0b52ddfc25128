#include "model/text/byte_level.h"

#include <charconv>
#include <unordered_map>

#include "model/text/utf8.h"

namespace lab {

const std::array<char32_t, 256>& byte_alphabet() {
  static const std::array<char32_t, 256> table = [] {
    std::array<char32_t, 256> t{};
    char32_t next = 0x100;
    for (char32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      t[b] = printable ? b : next++;
    }
    return t;
  }();
  return table;
}

std::optional<std::string> bytes_from_alphabet(std::string_view token) {
  static const std::unordered_map<char32_t, char> inverse = [] {
    std::unordered_map<char32_t, char> map;
    for (std::size_t b = 0; b < 256; ++b) map[byte_alphabet()[b]] = static_cast<char>(b);
    return map;
  }();
  std::string bytes;
  for (std::size_t at = 0; at < token.size();) {
    const CodePoint point = decode_utf8(token, at);
    const auto byte = inverse.find(point.value);
    if (byte == inverse.end()) return std::nullopt;
    bytes.push_back(byte->second);
    at += point.length;
  }
  return bytes;
}

int byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return -1;
  int byte = 0;
  const auto [end, failure] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return failure == std::errc() && end == token.data() + 5 && byte >= 0 ? byte : -1;
}

}  // namespace lab
