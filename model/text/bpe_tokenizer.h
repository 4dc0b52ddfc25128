#pragma once
// The pipeline that all BPE tokenizers share, as plain data. Order of work: added tokens on the raw text, the
// normalizer, added tokens on the normalized text, the splits, merging, the template.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/text/added_tokens.h"
#include "model/text/normalizer.h"
#include "model/text/splits.h"
#include "model/text/tokenizer.h"
#include "model/text/word_model.h"

namespace lab {

constexpr std::int64_t kLargestTokenId = (1 << 20) - 1;  // ids have a place each; four times the largest in use

/// One id of the vocabulary.
struct BpeToken {
  std::string bytes;  // as they are decoded
  bool present = false, special = false, byte = false;
};

/// Spaces become a mark that also stands in front of a text; words may begin at each mark.
struct Metaspace {
  enum class Prepend : std::uint8_t { always, first, never };
  std::string mark = "\u2581";
  Prepend prepend = Prepend::always;
  bool split = true;
};

struct BpeParts {
  const char* kind = "byte-level BPE";
  std::vector<BpeToken> tokens;  // by id
  AddedTokens raw_added, normal_added;
  Normalizer normalizer;
  std::vector<Split> splits;
  std::optional<Metaspace> metaspace;
  WordModel words;
  std::vector<std::int32_t> before, after;  // what the template adds
  Joining joining;

  bool has(std::int64_t id) const {
    return id >= 0 && id < std::ssize(tokens) && tokens[static_cast<std::size_t>(id)].present;
  }
  /// The place of an id in 0..kLargestTokenId, made when there is none yet.
  BpeToken& place(std::int64_t id);
};

std::unique_ptr<Tokenizer> make_bpe_tokenizer(BpeParts parts);

}  // namespace lab
