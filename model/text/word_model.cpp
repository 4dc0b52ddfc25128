#include "model/text/word_model.h"

#include <algorithm>

#include "model/text/utf8.h"

namespace lab {
namespace {

// The symbols of a word as they are found. Each begins where the one before ended, so that together they cover the word
// also where something was left out.
class Symbols {
 public:
  void add(std::int32_t id, std::size_t end) { list_.push_back({id, list_.empty() ? 0 : list_.back().end, end}); }
  std::vector<Symbol> take() { return std::move(list_); }

 private:
  std::vector<Symbol> list_;
};

}  // namespace

std::int32_t WordModel::find(std::string_view text) const {
  const auto found = ids.find(text);
  return found == ids.end() ? -1 : found->second;
}

// The reference keeps a symbol without token back until the next one with a token of its own; bytes that stand for a
// character go in front of it. Only vocabularies with a part of the 256 byte tokens show this.
std::vector<Symbol> WordModel::by_rank(std::string_view word) const {
  Symbols symbols;
  bool unknown_waits = false;
  for (std::size_t at = 0, to = 0; at < word.size(); at = to) {
    to = at + (units == Units::bytes ? 1 : decode_utf8(word, at).length);
    const std::string_view unit = word.substr(at, to - at);
    const auto byte_id = [&](char byte) { return byte_ids[static_cast<unsigned char>(byte)]; };
    const std::int32_t id = units == Units::bytes ? byte_id(unit[0]) : find(unit);
    if (id >= 0) {
      if (unknown_waits) symbols.add(unknown, at);
      unknown_waits = false;
      symbols.add(id, to);
    } else if (units == Units::characters &&
               std::all_of(unit.begin(), unit.end(), [&](char b) { return byte_id(b) >= 0; })) {
      for (std::size_t i = 0; i < unit.size(); ++i) symbols.add(byte_id(unit[i]), at + i + 1);
    } else if (unknown >= 0) {
      if (unknown_waits && !fuse_unknown) symbols.add(unknown, at);
      unknown_waits = true;
    }
  }
  if (unknown_waits) symbols.add(unknown, word.size());
  std::vector<Symbol> list = symbols.take();
  merge_all(list, [&](const Symbol& left, const Symbol& right) { return merges.find(left.id, right.id); });
  return list;
}

// SentencePiece: any two neighbours may merge whose text is a token; what is none in the end falls back to bytes.
std::vector<Symbol> WordModel::by_score(std::string_view word) const {
  std::vector<Symbol> list;
  for (std::size_t at = 0, to = 0; at < word.size(); at = to) {
    to = at + decode_utf8(word, at).length;
    list.push_back({find(word.substr(at, to - at)), at, to});
  }
  merge_all(list, [&](const Symbol& left, const Symbol& right) -> std::optional<Join> {
    if (right.end - left.begin > longest) return std::nullopt;
    const std::int32_t id = find(word.substr(left.begin, right.end - left.begin));
    if (id < 0) return std::nullopt;
    return Join{-static_cast<double>(scores[static_cast<std::size_t>(id)]), id};
  });
  Symbols symbols;
  for (const Symbol& symbol : list) {
    if (symbol.id >= 0) {
      symbols.add(symbol.id, symbol.end);
      continue;
    }
    for (std::size_t at = symbol.begin; at < symbol.end; ++at) {
      const std::int32_t byte = byte_ids[static_cast<unsigned char>(word[at])];
      if (byte >= 0 || unknown >= 0) symbols.add(byte >= 0 ? byte : unknown, at + 1);
    }
  }
  return symbols.take();
}

std::vector<Symbol> WordModel::encode(std::string_view word) const {
  if (ignore_merges)
    if (const std::int32_t whole = find(word); whole >= 0) return {{whole, 0, word.size()}};
  return scores.empty() ? by_rank(word) : by_score(word);
}

}  // namespace lab
