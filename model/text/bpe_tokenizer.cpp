#include "model/text/bpe_tokenizer.h"

namespace lab {
namespace {

class BpeTokenizer final : public Tokenizer {
 public:
  explicit BpeTokenizer(BpeParts parts) : parts_(std::move(parts)) {}

  Result<std::vector<Piece>> encode_pieces(std::string_view text, bool add_special, bool parse_special) const override {
    std::vector<Piece> pieces;
    if (add_special)
      for (std::int32_t id : parts_.before) pieces.push_back({id, 0, 0});
    const MappedText clean = mapped(text);
    for (const TextPart& part : parts_.raw_added.split(clean.text, parse_special)) {
      if (part.id >= 0)
        push(pieces, part.id, clean, part.begin, part.end);
      else
        encode_normalized(normalized(parts_.normalizer, clean, part.begin, part.end), parse_special, pieces);
    }
    if (add_special)
      for (std::int32_t id : parts_.after) pieces.push_back({id, text.size(), text.size()});
    return pieces;
  }
  std::string bytes_of(std::int32_t id) const override {
    return has_token(id) ? at(id).bytes : "<" + std::to_string(id) + ">";
  }
  bool is_special(std::int32_t id) const override { return has_token(id) && at(id).special; }
  bool is_byte(std::int32_t id) const override { return has_token(id) && at(id).byte; }
  bool has_token(std::int32_t id) const override { return parts_.has(id); }
  std::int32_t vocabulary_size() const override { return static_cast<std::int32_t>(parts_.tokens.size()); }
  const char* kind() const override { return parts_.kind; }
  Joining joining() const override { return parts_.joining; }

 private:
  const BpeToken& at(std::int32_t id) const { return parts_.tokens[static_cast<std::size_t>(id)]; }

  static void push(std::vector<Piece>& pieces, std::int32_t id, const MappedText& text, std::size_t begin,
                   std::size_t end) {
    if (begin < end) return pieces.push_back({id, text.begin[begin], text.end[end - 1]});
    const std::size_t place = begin > 0 ? text.end[begin - 1] : 0;
    pieces.push_back({id, place, place});
  }

  void encode_normalized(const MappedText& text, bool parse_special, std::vector<Piece>& pieces) const {
    for (const TextPart& part : parts_.normal_added.split(text.text, parse_special)) {
      if (part.id >= 0) {
        push(pieces, part.id, text, part.begin, part.end);
      } else if (parts_.metaspace) {
        const MappedText marked = with_marks(normalized({}, text, part.begin, part.end));
        encode_words(marked, 0, marked.text.size(), pieces);
      } else {
        encode_words(text, part.begin, part.end, pieces);
      }
    }
  }

  MappedText with_marks(const MappedText& part) const {
    const Metaspace& space = *parts_.metaspace;
    const MappedText marked = replaced(part, " ", space.mark);
    const bool wanted = space.prepend == Metaspace::Prepend::always ||
                        (space.prepend == Metaspace::Prepend::first && marked.begin[0] == 0);
    return wanted && !marked.text.starts_with(space.mark) ? prepended(marked, space.mark) : marked;
  }

  // The ends of the words that cover a text.
  std::vector<std::size_t> words_of(std::string_view text) const {
    if (!parts_.metaspace || !parts_.metaspace->split) return split_by_all(parts_.splits, text);
    const std::string& mark = parts_.metaspace->mark;
    std::vector<std::size_t> ends;
    for (std::size_t at = text.find(mark, 1); at != text.npos; at = text.find(mark, at + 1)) ends.push_back(at);
    ends.push_back(text.size());
    return ends;
  }

  void encode_words(const MappedText& text, std::size_t begin, std::size_t end, std::vector<Piece>& pieces) const {
    const std::string_view part = std::string_view(text.text).substr(begin, end - begin);
    std::size_t from = 0;
    for (const std::size_t to : words_of(part)) {
      for (const Symbol& symbol : parts_.words.encode(part.substr(from, to - from)))
        push(pieces, symbol.id, text, begin + from + symbol.begin, begin + from + symbol.end);
      from = to;
    }
  }

  BpeParts parts_;
};

}  // namespace

BpeToken& BpeParts::place(std::int64_t id) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= tokens.size()) tokens.resize(index + 1);
  return tokens[index];
}

std::unique_ptr<Tokenizer> make_bpe_tokenizer(BpeParts parts) {
  return std::make_unique<BpeTokenizer>(std::move(parts));
}

}  // namespace lab
