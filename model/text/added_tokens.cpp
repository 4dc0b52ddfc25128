#include "model/text/added_tokens.h"

#include <algorithm>
#include <functional>

#include "model/text/unicode.h"
#include "model/text/utf8.h"

namespace lab {
namespace {

// The character that ends at `end` > 0.
CodePoint before(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return decode_utf8(text, at);
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word_character(before(text, begin).value)) &&
         (end == text.size() || !is_word_character(decode_utf8(text, end).value));
}

}  // namespace

void AddedTokens::add(const AddedToken& token) {
  if (token.content.empty() || !tokens_.emplace(token.content, token).second) return;
  std::vector<std::size_t>& lengths = lengths_[static_cast<unsigned char>(token.content[0])];
  const auto place = std::lower_bound(lengths.begin(), lengths.end(), token.content.size(), std::greater<>());
  if (place == lengths.end() || *place != token.content.size()) lengths.insert(place, token.content.size());
}

const AddedToken* AddedTokens::longest_at(std::string_view text, std::size_t at) const {
  for (std::size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
    if (length > text.size() - at) continue;
    if (const auto found = tokens_.find(text.substr(at, length)); found != tokens_.end()) return &found->second;
  }
  return nullptr;
}

std::vector<TextPart> AddedTokens::split(std::string_view text, bool special) const {
  std::vector<TextPart> parts;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* token = longest_at(text, at);
    if (!token || (token->special && !special) ||
        (token->single_word && !stands_alone(text, at, at + token->content.size()))) {
      at += token ? token->content.size() : 1;
      continue;
    }
    std::size_t begin = at, end = at + token->content.size();
    while (token->lstrip && begin > done && is_space(before(text, begin).value)) begin -= before(text, begin).length;
    while (token->rstrip && end < text.size() && is_space(decode_utf8(text, end).value))
      end += decode_utf8(text, end).length;
    if (begin > done) parts.push_back({-1, done, begin});
    parts.push_back({token->id, begin, end});
    at = done = end;
  }
  if (done < text.size()) parts.push_back({-1, done, text.size()});
  return parts;
}

}  // namespace lab
