#pragma once
// Tokens that are cut out of a text before anything else looks at it.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lab {

struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool special = false, normalized = true, single_word = false, lstrip = false, rstrip = false;
};

/// A part of a text: an added token (id >= 0), or text still to be tokenised (id -1).
struct Part {
  std::int32_t id = -1;
  std::size_t begin = 0, end = 0;
};

/// Leftmost-longest search for a set of tokens.
class AddedTokens {
 public:
  /// An empty token is left out; of two equal ones the first counts.
  void add(const AddedToken& token);
  bool empty() const { return tokens_.empty(); }
  /// The parts of a text in order, covering it.
  std::vector<Part> split(std::string_view text) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  const AddedToken* longest_at(std::string_view text, std::size_t at) const;
  std::unordered_map<std::string, AddedToken, Hash, std::equal_to<>> tokens_;
  std::array<std::vector<std::size_t>, 256> lengths_;  // of the tokens that begin with a byte, longest first
};

}  // namespace lab
