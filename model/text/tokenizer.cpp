#include "model/text/tokenizer.h"

#include <cstdio>

#include "model/files/json.h"
#include "model/text/utf8.h"

namespace lab {

Result<std::vector<std::int32_t>> Tokenizer::encode(std::string_view text, bool add_special, bool parse_special) const {
  LAB_ASSIGN(const std::vector<Piece> pieces, encode_pieces(text, add_special, parse_special));
  std::vector<std::int32_t> ids;
  ids.reserve(pieces.size());
  for (const Piece& piece : pieces) ids.push_back(piece.id);
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool keep_special) const {
  StreamDecoder decoder(*this);
  std::string text;
  for (std::int32_t id : ids)
    if (keep_special || !is_special(id)) text += decoder.feed(id);
  return text + decoder.flush();
}

std::string Tokenizer::display(std::int32_t id) const {
  const std::string bytes = bytes_of(id);
  std::string out;
  for (std::size_t at = 0; at < bytes.size();) {
    const CodePoint point = decode_utf8(bytes, at);
    const bool control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    if (point.value == ' ')
      out += "␣";
    else if (point.value == '\n')
      out += "↵";
    else if (point.value == '\t')
      out += "→";
    else if (point.valid && !control)
      out.append(bytes, at, point.length);
    else
      for (std::size_t i = 0; i < point.length; ++i) {
        char hex[8];
        std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(bytes[at + i]));
        out += hex;
      }
    at += point.length;
  }
  return out.empty() ? "∅" : out;
}

namespace {

class ByteTokenizer final : public Tokenizer {
 public:
  Result<std::vector<Piece>> encode_pieces(std::string_view text, bool, bool) const override {
    std::vector<Piece> pieces;
    pieces.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back({static_cast<unsigned char>(text[i]), i, i + 1});
    return pieces;
  }
  std::string bytes_of(std::int32_t id) const override {
    return has_token(id) ? std::string(1, static_cast<char>(id)) : "<" + std::to_string(id) + ">";
  }
  bool is_special(std::int32_t) const override { return false; }
  bool has_token(std::int32_t id) const override { return id >= 0 && id < 256; }
  std::int32_t vocabulary_size() const override { return 256; }
  const char* kind() const override { return "bytes"; }
};

class SymbolTokenizer final : public Tokenizer {
 public:
  explicit SymbolTokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  Result<std::vector<Piece>> encode_pieces(std::string_view text, bool, bool) const override {
    constexpr std::string_view space = " \t\r\n";
    std::vector<Piece> found;
    for (std::size_t at = text.find_first_not_of(space); at < text.size(); at = text.find_first_not_of(space, at)) {
      const std::size_t end = std::min(text.find_first_of(space, at), text.size());
      const std::string_view word = text.substr(at, end - at);
      std::size_t id = 0;
      while (id < pieces_.size() && pieces_[id] != word) ++id;
      if (id == pieces_.size())
        return Error{.code = Code::bad_argument,
                     .field = "text",
                     .offset = static_cast<std::int64_t>(at),
                     .expected = list(),
                     .found = std::string(word),
                     .message = "this model's vocabulary has no such symbol"};
      found.push_back({static_cast<std::int32_t>(id), at, end});
      at = end;
    }
    return found;
  }
  std::string bytes_of(std::int32_t id) const override {
    return has_token(id) ? pieces_[static_cast<std::size_t>(id)] + " " : "<" + std::to_string(id) + "> ";
  }
  std::string display(std::int32_t id) const override {
    return has_token(id) ? pieces_[static_cast<std::size_t>(id)] : "<" + std::to_string(id) + ">";
  }
  bool is_special(std::int32_t) const override { return false; }
  bool has_token(std::int32_t id) const override { return id >= 0 && static_cast<std::size_t>(id) < pieces_.size(); }
  std::int32_t vocabulary_size() const override { return static_cast<std::int32_t>(pieces_.size()); }
  const char* kind() const override { return "symbols"; }

 private:
  std::string list() const {
    std::string text = "words of: ";
    for (const std::string& piece : pieces_) text.append(piece).append(" ");
    text.pop_back();
    return text;
  }
  std::vector<std::string> pieces_;
};

}  // namespace

std::unique_ptr<Tokenizer> byte_tokenizer() { return std::make_unique<ByteTokenizer>(); }

Result<std::unique_ptr<Tokenizer>> open_symbol_tokenizer(const std::string& path) {
  LAB_ASSIGN(const Json json, read_json(path, {}));
  const auto refuse = [&](const char* expected, const std::string& found) {
    return Error{.code = Code::malformed,
                 .file = path,
                 .field = "pieces",
                 .expected = expected,
                 .found = found,
                 .message = "the vocabulary cannot be used"};
  };
  const Json* pieces = json.find("pieces");
  if (!pieces || !pieces->is_array() || pieces->items().empty())
    return refuse("an array of strings", pieces ? pieces->brief() : "nothing");
  std::vector<std::string> names;
  for (const Json& piece : pieces->items()) {
    if (!piece.is_string() || piece.text().empty() || piece.text().find_first_of(" \t\r\n") != std::string::npos)
      return refuse("words without white space", piece.brief());
    names.push_back(piece.text());
  }
  return std::unique_ptr<Tokenizer>(std::make_unique<SymbolTokenizer>(std::move(names)));
}

std::string StreamDecoder::feed(std::int32_t id) {
  if (joining_.byte_runs && !tokenizer_.is_byte(id))
    return without_leading_spaces(finished_run() + repaired_utf8(tokenizer_.bytes_of(id)));
  waiting_ += tokenizer_.bytes_of(id);
  if (joining_.byte_runs) return {};
  const std::size_t complete = complete_utf8(waiting_);
  std::string text = repaired_utf8(std::string_view(waiting_).substr(0, complete));
  waiting_.erase(0, complete);
  return without_leading_spaces(std::move(text));
}

std::string StreamDecoder::flush() { return without_leading_spaces(finished_run()); }

// What waits, as text: broken characters by maximal invalid part, or by byte where byte tokens stand alone.
std::string StreamDecoder::finished_run() {
  std::string text = repaired_utf8(waiting_);
  if (joining_.byte_runs && text != waiting_) {
    text.clear();
    for (std::size_t i = 0; i < waiting_.size(); ++i) append_utf8(text, 0xFFFD);
  }
  waiting_.clear();
  return text;
}

std::string StreamDecoder::without_leading_spaces(std::string text) {
  std::size_t dropped = 0;
  for (; joining_.leading_spaces > 0 && dropped < text.size(); --joining_.leading_spaces) {
    if (text[dropped] == ' ')
      ++dropped;
    else
      joining_.leading_spaces = 1;
  }
  return text.substr(dropped);
}

}  // namespace lab
