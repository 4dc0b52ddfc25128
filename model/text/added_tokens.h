#pragma once
// Tokens that are cut out of a text before anything else looks at it.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/text/text_map.h"

namespace lab {

struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool special = false, normalized = true, single_word = false, lstrip = false, rstrip = false;
};

/// A part of a text: an added token (id >= 0), or text still to be tokenised (id -1).
struct TextPart {
  std::int32_t id = -1;
  std::size_t begin = 0, end = 0;
};

/// Leftmost-longest search for a set of tokens.
class AddedTokens {
 public:
  /// An empty token is left out; of two equal ones the first counts.
  void add(const AddedToken& token);
  bool empty() const { return tokens_.empty(); }
  /// The parts of a text in order, covering it. Where special tokens are not wanted, those of the text stay text.
  std::vector<TextPart> split(std::string_view text, bool special = true) const;

 private:
  const AddedToken* longest_at(std::string_view text, std::size_t at) const;
  TextMap<AddedToken> tokens_;
  std::array<std::vector<std::size_t>, 256> lengths_;  // of the tokens that begin with a byte, longest first
};

}  // namespace lab
