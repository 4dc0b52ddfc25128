#pragma once
// Little-endian numbers in bytes: read where they stand, written one behind the other.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace lab {

/// The number at `offset`, which the caller has checked to lie within `bytes`.
template <class Number>
Number number_at(std::span<const std::byte> bytes, std::size_t offset) {
  Number value;
  std::memcpy(&value, bytes.subspan(offset, sizeof value).data(), sizeof value);
  return value;
}

/// A record that grows.
class Record {
 public:
  template <class Number>
  Record& put(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      text_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    return *this;
  }
  Record& put_text(const std::string& text) {
    text_ += text;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace lab
