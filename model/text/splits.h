#pragma once
// The patterns by which published tokenizers cut a text into words. A pattern is recognised by its spelling and scanned
// by hand: no expression of a file is ever run.
#include <cstddef>
#include <string_view>
#include <vector>

namespace lab {

/// Cuts valid UTF-8 into pieces that cover it: the end of each. Both matches and the gaps between them are pieces.
using Split = std::vector<std::size_t> (*)(std::string_view text);

/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::vector<std::size_t> split_gpt2(std::string_view text);

/// The split that a tokenizer.json spells out as a regular expression, or nullptr when it is none of the known ones.
Split split_of_pattern(std::string_view pattern);

/// The pieces after several splits, each applied to the pieces of the one before. None leaves the text whole.
std::vector<std::size_t> split_by_all(const std::vector<Split>& splits, std::string_view text);

/// What `tokenizer.ggml.pre` of a GGUF file stands for.
struct NamedSplit {
  std::string_view name;
  std::vector<Split> splits;
  bool ignore_merges = false;  // whole pieces of the vocabulary are not merged
  bool add_bos = false;        // unless the file says otherwise
};
/// The splits of that name, or nullptr.
const NamedSplit* named_split(std::string_view name);

}  // namespace lab
