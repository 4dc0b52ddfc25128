#pragma once
// One word to its tokens.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/text/merges.h"
#include "model/text/text_map.h"

namespace lab {

/// The smallest symbols of a word and how they merge. Plain data: whoever reads a file fills it in and checks it.
struct WordModel {
  WordModel() { byte_ids.fill(-1); }

  enum class Units : std::uint8_t { bytes, characters };
  Units units = Units::bytes;
  TextMap<std::int32_t> ids;               // tokens by text; of byte-level vocabularies, by the bytes they stand for
  std::array<std::int32_t, 256> byte_ids;  // the token of each byte, or -1: every symbol, or the fallback of characters
  Merges merges;
  std::vector<float> scores;   // by id. When not empty, neighbours whose text is a token merge, best score first
  std::size_t longest = 0;     // bytes of the longest token, bounds what the scores are asked for
  std::int32_t unknown = -1;   // what stands for a symbol without token; -1: it is left out
  bool fuse_unknown = false;   // one for a run of such symbols
  bool ignore_merges = false;  // a word that is a token is not taken apart

  /// The tokens of a word in valid UTF-8, each with the bytes that it stands for.
  std::vector<Symbol> encode(std::string_view word) const;

 private:
  std::int32_t find(std::string_view text) const;
  std::vector<Symbol> by_rank(std::string_view word) const;
  std::vector<Symbol> by_score(std::string_view word) const;
};

}  // namespace lab
