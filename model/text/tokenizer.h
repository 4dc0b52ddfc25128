#pragma once
// Text to token ids and back. Every tokenizer is exact: ids equal those of the reference implementation.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.h"

namespace lab {

/// One token of an encoded text and the bytes of the input it stands for. Where normalisation changed the text, the
/// range is the whole changed segment. Tokens that a template adds have an empty range.
struct Piece {
  std::int32_t id = 0;
  std::size_t begin = 0, end = 0;
};

/// What joining tokens to a text has to know beyond their bytes.
struct Joining {
  bool byte_runs = false;  // a run of byte tokens is UTF-8 as a whole, or one U+FFFD for each of them
  int leading_spaces = 0;  // so many spaces at most are dropped from the start of the text
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// The ids of a text. `add_special`: also what the file's template adds. `parse_special`: special tokens that are
  /// spelt out in the text are those tokens, otherwise ordinary text. BPE tokenizers never fail and read each maximal
  /// invalid part of the text as U+FFFD; the symbol tokenizer names the first text it does not know.
  virtual Result<std::vector<Piece>> encode_pieces(std::string_view text, bool add_special = true,
                                                   bool parse_special = true) const = 0;
  Result<std::vector<std::int32_t>> encode(std::string_view text, bool add_special = true,
                                           bool parse_special = true) const;

  /// The raw bytes of one token; "<N>" for an id without a token (padding rows).
  virtual std::string bytes_of(std::int32_t id) const = 0;
  virtual bool is_special(std::int32_t id) const = 0;
  virtual bool has_token(std::int32_t id) const = 0;
  /// One more than the largest id.
  virtual std::int32_t vocabulary_size() const = 0;
  virtual const char* kind() const = 0;
  virtual Joining joining() const { return {}; }
  /// Whether the token stands for one byte of a character that has no token (only where `joining` has byte runs).
  virtual bool is_byte(std::int32_t) const { return false; }

  /// The text of all ids as UTF-8, decoded over the whole byte string; each maximal invalid part is U+FFFD. Equals
  /// what a StreamDecoder gives bit by bit.
  std::string decode(std::span<const std::int32_t> ids, bool keep_special = true) const;
  /// One token for screens: space as ␣, newline ↵, tab →, other unprintable bytes as \xNN; never empty.
  virtual std::string display(std::int32_t id) const;
};

/// Opens a `tokenizer.json` or refuses it by field: byte-level BPE as GPT-NeoX, Granite 4 and Llama 3 use it, or BPE of
/// characters with byte fallback as Llama 2 does.
Result<std::unique_ptr<Tokenizer>> open_tokenizer(const std::string& path);
/// The same from text; `file` only names the source in errors.
Result<std::unique_ptr<Tokenizer>> parse_tokenizer(std::string_view json, const std::string& file);
/// 256 ids, one a byte.
std::unique_ptr<Tokenizer> byte_tokenizer();
/// A small vocabulary of display strings: {"pieces": ["·", "A", …]}. Text is split at white space.
Result<std::unique_ptr<Tokenizer>> open_symbol_tokenizer(const std::string& path);

/// Turns ids into text as they come: a token's bytes wait until they complete a character, or a run of byte tokens.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer), joining_(tokenizer.joining()) {}
  /// The text that is complete after this token.
  std::string feed(std::int32_t id);
  /// What is left, incomplete characters as U+FFFD.
  std::string flush();

 private:
  std::string finished_run();
  std::string without_leading_spaces(std::string text);
  const Tokenizer& tokenizer_;
  Joining joining_;
  std::string waiting_;
};

}  // namespace lab
