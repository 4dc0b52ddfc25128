#pragma once
// The tokenizer inside a GGUF file.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/files/gguf.h"
#include "model/text/tokenizer.h"

namespace lab {

/// The `tokenizer.ggml.*` values of a file as they stand there. Absent numbers and flags mean the model's default.
struct GgufVocabulary {
  std::string model;                // "gpt2": byte-level BPE by merges; "llama": SentencePiece by scores
  std::string pre;                  // names the split of "gpt2"; empty reads as "default", as llama.cpp does
  std::vector<std::string> tokens;  // by id
  std::vector<float> scores;        // by id, "llama" only
  std::vector<int> token_types;     // by id: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; or empty
  std::vector<std::string> merges;  // "a b", "gpt2" only
  std::optional<std::int64_t> bos, eos, unk, pad;
  std::optional<bool> add_bos, add_eos, add_space_prefix;
};

/// Builds the tokenizer or refuses it by key; `file` only names the source in errors. Unused tokens (the padding that
/// converters add) count as ids without token. Control, unknown and user-defined tokens are cut out of a text first,
/// leftmost and longest first; "llama" puts a space in front of each part between them.
Result<std::unique_ptr<Tokenizer>> gguf_tokenizer(const GgufVocabulary& vocabulary, const std::string& file);

/// The values of an opened file, or the first of them that has a wrong type.
Result<GgufVocabulary> read_gguf_vocabulary(const Gguf& gguf, const std::string& file);
/// Both together. Null when the file carries no tokenizer (no tokenizer.ggml.model, or "no_vocab" or "none").
Result<std::unique_ptr<Tokenizer>> gguf_tokenizer(const Gguf& gguf, const std::string& file);

}  // namespace lab
