#include "model/base/result.h"

#include <cstdio>

#include "model/base/check.h"

namespace lab {

const char* name_of(Code code) {
  switch (code) {
    case Code::not_found: return "not_found";
    case Code::not_readable: return "not_readable";
    case Code::wrong_kind: return "wrong_kind";
    case Code::malformed: return "malformed";
    case Code::truncated: return "truncated";
    case Code::too_large: return "too_large";
    case Code::duplicate: return "duplicate";
    case Code::missing: return "missing";
    case Code::mismatch: return "mismatch";
    case Code::out_of_range: return "out_of_range";
    case Code::overlap: return "overlap";
    case Code::unsupported: return "unsupported";
    case Code::bad_argument: return "bad_argument";
    case Code::no_memory: return "no_memory";
    case Code::environment: return "environment";
    case Code::cancelled: return "cancelled";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string line;
  if (!file.empty()) line.append(printable(file, 400)).append(": ");
  if (!field.empty()) line.append("`").append(printable(field)).append("`: ");
  line.append(message.empty() ? name_of(code) : message);
  if (offset >= 0) line.append(" (at byte ").append(std::to_string(offset)).append(")");
  if (!expected.empty()) line.append("; expected ").append(expected);
  if (!found.empty()) line.append("; found ").append(printable(found));
  if (!next.empty()) line.append(". ").append(next);
  return line;
}

Error all_of(std::vector<Error> problems) {
  LAB_CHECK(problems.empty(), ==, false);
  Error first = std::move(problems.front());
  problems.erase(problems.begin());
  if (!problems.empty()) first.next = std::to_string(problems.size()) + " more problems: `statelab check` lists them all";
  first.others = std::move(problems);
  return first;
}

namespace {

// Length of the well-formed UTF-8 sequence that starts at `at`, or 0.
std::size_t utf8_length(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  if (first == 0xE0 && byte(at + 1) < 0xA0) return 0;
  if (first == 0xED && byte(at + 1) > 0x9F) return 0;
  if (first == 0xF0 && byte(at + 1) < 0x90) return 0;
  if (first == 0xF4 && byte(at + 1) > 0x8F) return 0;
  return length;
}

}  // namespace

std::string printable(const std::string& text, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= limit) return out + "…";
    const std::size_t length = utf8_length(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", byte);
      out += hex;
      i += 1;
    } else {
      out.append(text, i, length);
      i += length;
    }
  }
  return out;
}

}  // namespace lab
