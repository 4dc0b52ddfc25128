#include "model/text/gguf_vocabulary.h"

#include <algorithm>
#include <cmath>

#include "model/text/bpe_tokenizer.h"
#include "model/text/byte_level.h"

namespace lab {
namespace {

enum TokenType : int { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

constexpr const char* kMark = "\u2581";

class Builder {
 public:
  Builder(const GgufVocabulary& from, const std::string& file) : from_(from), file_(file), bpe_(from.model == "gpt2") {}

  Result<std::unique_ptr<Tokenizer>> build() {
    if (!bpe_ && from_.model != "llama")
      return refuse(Code::unsupported, "model", "gpt2 or llama", printable(from_.model));
    LAB_TRY(check_lists());
    LAB_TRY(read_tokens());
    LAB_TRY(bpe_ ? read_merges() : read_scores());
    LAB_TRY(read_surroundings());
    return make_bpe_tokenizer(std::move(parts_));
  }

 private:
  Error refuse(Code code, const std::string& key, const std::string& expected, const std::string& found) const {
    return {.code = code,
            .file = file_,
            .field = "tokenizer.ggml." + key,
            .expected = expected,
            .found = found,
            .message = "the tokenizer cannot be used"};
  }

  int type_of(std::size_t id) const { return from_.token_types.empty() ? kNormal : from_.token_types[id]; }

  // As many of everything as there are tokens, and ids that are among them.
  Status check_lists() const {
    const std::size_t count = from_.tokens.size();
    const std::string each = std::to_string(count) + ", one a token";
    if (count == 0) return refuse(Code::missing, "tokens", "a vocabulary", "none");
    if (count > static_cast<std::size_t>(kLargestTokenId) + 1)
      return refuse(Code::too_large, "tokens", "at most " + std::to_string(kLargestTokenId + 1), std::to_string(count));
    if (!from_.token_types.empty() && from_.token_types.size() != count)
      return refuse(Code::mismatch, "token_type", each, std::to_string(from_.token_types.size()));
    if (!bpe_ && from_.scores.size() != count)
      return refuse(Code::mismatch, "scores", each, std::to_string(from_.scores.size()));
    const std::pair<const char*, std::optional<std::int64_t>> ids[] = {{"bos_token_id", from_.bos},
                                                                       {"eos_token_id", from_.eos},
                                                                       {"unknown_token_id", from_.unk},
                                                                       {"padding_token_id", from_.pad}};
    for (const auto& [key, id] : ids)
      if (id && (*id < 0 || static_cast<std::size_t>(*id) >= count))
        return refuse(Code::out_of_range, key, "0 to " + std::to_string(count - 1), std::to_string(*id));
    return {};
  }

  Status read_tokens() {
    parts_.tokens.resize(from_.tokens.size());
    parts_.kind = bpe_ ? "byte-level BPE" : "SentencePiece";
    parts_.words.units = bpe_ ? WordModel::Units::bytes : WordModel::Units::characters;
    for (std::size_t id = 0; id < from_.tokens.size(); ++id) {
      const std::string& text = from_.tokens[id];
      const int type = type_of(id);
      const std::string key = "tokens." + std::to_string(id);
      if (type < kNormal || type > kByte)
        return refuse(Code::out_of_range, "token_type." + std::to_string(id), "1 to 6", std::to_string(type));
      if (type == kUnused) continue;
      if (!ids_.emplace(text, static_cast<std::int32_t>(id)).second)
        return refuse(Code::duplicate, key, "each token once", printable(text));
      LAB_TRY(read_token(text, type, static_cast<std::int32_t>(id), key));
    }
    return {};
  }

  Status read_token(const std::string& text, int type, std::int32_t id, const std::string& key) {
    const bool special = type == kControl || type == kUnknown;
    const auto spelt = bpe_ ? bytes_from_alphabet(text) : std::nullopt;
    BpeToken& token = parts_.place(id) = {.bytes = text, .present = true, .special = special};
    if (type == kByte) {
      const int byte = byte_of_token(text);
      if (byte < 0) return refuse(Code::malformed, key, "a byte as <0x0A>", printable(text));
      token.bytes = std::string(1, static_cast<char>(byte));
      token.byte = true;
      if (!bpe_) parts_.words.byte_ids[static_cast<std::size_t>(byte)] = id;
    } else if (special || type == kUserDefined) {
      parts_.raw_added.add({.id = id, .content = text, .special = special, .normalized = false});
    } else if (spelt) {
      token.bytes = *spelt;
    } else if (!bpe_) {
      token.bytes = replaced(mapped(text), kMark, " ").text;
    }
    add_symbol(bpe_ ? spelt : text, id);
    return {};
  }

  // What a word may be made of: everything, as in llama.cpp also tokens that are cut out of a text beforehand.
  void add_symbol(const std::optional<std::string>& text, std::int32_t id) {
    WordModel& words = parts_.words;
    if (!text) return;
    words.longest = std::max(words.longest, text->size());
    words.ids.emplace(*text, id);
    if (bpe_ && text->size() == 1) words.byte_ids[static_cast<unsigned char>(text->front())] = id;
  }

  Status read_merges() {
    const std::string pre = from_.pre.empty() ? "default" : from_.pre;
    split_ = named_split(pre);
    if (!split_)
      return refuse(Code::unsupported, "pre", "gpt-2, llama-bpe, dbrx, default or another known name", printable(pre));
    parts_.splits = split_->splits;
    parts_.words.ignore_merges = split_->ignore_merges;
    for (std::size_t i = from_.merges.size(); i-- > 0;) {  // backwards: of two equal merges the first counts
      const std::string& merge = from_.merges[i];
      const std::string key = "merges." + std::to_string(i);
      const std::size_t space = merge.find(' ', 1);
      if (merge.empty() || space == std::string::npos) return refuse(Code::malformed, key, "\"a b\"", printable(merge));
      const std::string left = merge.substr(0, space), right = merge.substr(space + 1);
      const auto a = ids_.find(left), b = ids_.find(right), ab = ids_.find(left + right);
      if (a == ids_.end() || b == ids_.end() || ab == ids_.end())
        return refuse(Code::missing, key, "tokens of the vocabulary", printable(left + " + " + right));
      parts_.words.merges.add(a->second, b->second, ab->second, i);
    }
    return {};
  }

  Status read_scores() {
    const auto wrong = std::find_if(from_.scores.begin(), from_.scores.end(), [](float s) { return std::isnan(s); });
    if (wrong != from_.scores.end())
      return refuse(Code::malformed, "scores." + std::to_string(wrong - from_.scores.begin()), "a number", "NaN");
    parts_.words.scores = from_.scores;
    const bool has_unknown = from_.unk && parts_.has(*from_.unk);  // padding is no token
    if (has_unknown) parts_.words.unknown = static_cast<std::int32_t>(*from_.unk);
    const auto& bytes = parts_.words.byte_ids;
    const auto none = std::find(bytes.begin(), bytes.end(), -1);
    if (none != bytes.end() && !has_unknown)
      return refuse(Code::missing, "tokens", "a token for each byte, or one for what is unknown",
                    "none for byte " + std::to_string(none - bytes.begin()));
    return {};
  }

  // What stands before, after and between the words: defaults as in llama.cpp.
  Status read_surroundings() {
    LAB_TRY(surround("bos_token_id", from_.add_bos.value_or(bpe_ ? split_->add_bos : true), from_.bos, parts_.before));
    LAB_TRY(surround("eos_token_id", from_.add_eos.value_or(false), from_.eos, parts_.after));
    if (bpe_) return {};
    if (from_.add_space_prefix.value_or(true)) {
      parts_.normalizer.push_back({NormalizerStep::Kind::prepend, {}, " "});
      parts_.joining.leading_spaces = 1;
    }
    parts_.normalizer.push_back({NormalizerStep::Kind::replace, " ", kMark});
    parts_.joining.byte_runs = true;
    return {};
  }

  Status surround(const char* key, bool wanted, std::optional<std::int64_t> id, std::vector<std::int32_t>& ids) const {
    if (!wanted) return {};
    if (!id) return refuse(Code::missing, key, "the id of the token that is added", "nothing");
    if (!parts_.has(*id)) return refuse(Code::out_of_range, key, "a token in use", std::to_string(*id));
    ids.push_back(static_cast<std::int32_t>(*id));
    return {};
  }

  const GgufVocabulary& from_;
  const std::string& file_;
  const bool bpe_;
  const NamedSplit* split_ = nullptr;
  BpeParts parts_;
  TextMap<std::int32_t> ids_;  // by the text in the file
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> gguf_tokenizer(const GgufVocabulary& vocabulary, const std::string& file) {
  return Builder(vocabulary, file).build();
}

}  // namespace lab
