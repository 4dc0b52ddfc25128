#pragma once
// The parts of a byte-level BPE tokenizer: the printable alphabet of bytes, the GPT-2 split, and merging by rank.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lab {

/// Byte to character: printable Latin-1 bytes stand for themselves, the other 68 for U+0100 onwards.
const std::array<char32_t, 256>& byte_alphabet();
/// The bytes that a token's text stands for; characters outside the alphabet give their own UTF-8.
std::string bytes_from_alphabet(std::string_view token);

/// Ends of the pieces of the GPT-2 pattern ('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)
/// in valid UTF-8; the pieces cover the whole text.
std::vector<std::size_t> split_gpt2(std::string_view text);
/// Unicode White_Space.
bool is_space(char32_t c);
/// A letter, number, mark or connector: what `\w` means to the reference implementation's single-word test.
bool is_word_character(char32_t c);

/// Byte-pair merges by rank of the pair.
class Merges {
 public:
  void add(std::int32_t left, std::int32_t right, std::int32_t result);
  /// Merges the symbols in place: lowest rank first, leftmost on ties. O(n log n).
  /// `ends` holds each symbol's end in bytes and shrinks with them.
  void apply(std::vector<std::int32_t>& symbols, std::vector<std::size_t>& ends) const;

 private:
  struct Merge {
    std::int32_t rank = 0, result = 0;
  };
  const Merge* find(std::int32_t left, std::int32_t right) const;
  std::unordered_map<std::uint64_t, Merge> merges_;
};

}  // namespace lab
