#pragma once
// A text on its way to the tokens, with the place of each byte in the original.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

struct MappedText {
  std::string text;
  std::vector<std::size_t> begin, end;  // of each byte of text, in the original

  /// Bytes that stand one by one for the original from `from` on.
  void append_same(std::string_view part, std::size_t from);
  /// Bytes that together stand for [from, to) of the original.
  void append_changed(std::string_view part, std::size_t from, std::size_t to);
  /// Bytes [from, to) of another text, which keep their places.
  void append_part(const MappedText& other, std::size_t from, std::size_t to);
};

/// The text with each maximal invalid part as U+FFFD.
MappedText mapped(std::string_view text);

}  // namespace lab
