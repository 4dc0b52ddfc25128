#include "model/text/utf8.h"

#include <algorithm>

namespace lab {
namespace {

// What may follow a lead byte: how many continuation bytes, and the range of the first of them.
struct Lead {
  int more = -1;
  unsigned char low = 0x80, high = 0xBF;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {0};
  if (byte < 0xC2 || byte > 0xF4) return {};
  if (byte < 0xE0) return {1};
  if (byte < 0xF0) return {2, static_cast<unsigned char>(byte == 0xE0 ? 0xA0 : 0x80), static_cast<unsigned char>(byte == 0xED ? 0x9F : 0xBF)};
  return {3, static_cast<unsigned char>(byte == 0xF0 ? 0x90 : 0x80), static_cast<unsigned char>(byte == 0xF4 ? 0x8F : 0xBF)};
}

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const Lead lead = lead_of(first);
  if (lead.more == 0) return {first, 1, true};
  if (lead.more < 0) return {0xFFFD, 1, false};
  char32_t value = first & (0x3Fu >> lead.more);
  for (int i = 1; i <= lead.more; ++i) {
    const std::size_t place = at + static_cast<std::size_t>(i);
    const auto byte = place < text.size() ? static_cast<unsigned char>(text[place]) : static_cast<unsigned char>(0);
    const bool fits = i == 1 ? byte >= lead.low && byte <= lead.high : byte >= 0x80 && byte <= 0xBF;
    if (!fits) return {0xFFFD, static_cast<std::size_t>(i), false};
    value = value << 6 | (byte & 0x3Fu);
  }
  return {value, static_cast<std::size_t>(lead.more) + 1, true};
}

void append_utf8(std::string& out, char32_t value) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | value >> 6);
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3F));
    put(0x80 | (value >> 6 & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

std::string repaired_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    if (point.valid) out.append(text.substr(at, point.length));
    else append_utf8(out, 0xFFFD);
    at += point.length;
  }
  return out;
}

std::size_t complete_utf8(std::string_view text) {
  const std::size_t from = text.size() > 3 ? text.size() - 3 : 0;
  for (std::size_t at = text.size(); at-- > from;) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte & 0xC0) == 0x80) continue;
    const CodePoint point = decode_utf8(text, at);
    const bool cut = !point.valid && at + point.length == text.size() && lead_of(byte).more > 0;
    return cut ? at : text.size();
  }
  return text.size();
}

}  // namespace lab
