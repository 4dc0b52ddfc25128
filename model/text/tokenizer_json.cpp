// tokenizer.json with a BPE model: the vocabulary, the merges, the added tokens.
#include <algorithm>

#include "model/files/json.h"
#include "model/text/byte_level.h"
#include "model/text/tokenizer_parts.h"

namespace lab {
namespace {

constexpr JsonLimits kLimits{
    .bytes = 64u << 20, .depth = 12, .values = 1'200'000};  // the largest in use hold a million

class Parser {
 public:
  explicit Parser(const std::string& file) : components_(file, parts_) {}

  Result<std::unique_ptr<Tokenizer>> parse(const Json& root) {
    const Json* model = root.find("model");
    if (!model || !model->is_object()) return refuse(Code::missing, "model", "an object", found_in(model));
    LAB_TRY(read_type(*model));
    LAB_TRY(components_.read_normalizer(root.find("normalizer")));
    LAB_TRY(components_.read_pre_tokenizer(root.find("pre_tokenizer")));
    LAB_TRY(components_.read_decoder(root.find("decoder")));
    LAB_TRY(read_model(*model));
    LAB_TRY(read_added(root.find("added_tokens")));
    LAB_TRY(components_.read_template(root.find("post_processor")));
    return make_bpe_tokenizer(std::move(parts_));
  }

 private:
  static std::string found_in(const Json* value) { return value ? value->brief() : "nothing"; }

  Error refuse(Code code, const std::string& field, const std::string& expected, const std::string& found) const {
    return components_.refuse(code, field, expected, found);
  }

  Status read_type(const Json& model) {
    const Json* type = model.find("type");
    if (type && (!type->is_string() || type->text() != "BPE"))
      return refuse(Code::unsupported, "model.type", "BPE", type->brief());
    for (const char* unused : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (const Json* value = model.find(unused);
          value && !value->is_null() && !(value->is_string() && value->text().empty()))
        return refuse(Code::unsupported, std::string("model.") + unused, "null", value->brief());
    const Json* dropout = model.find("dropout");
    if (dropout && !dropout->is_null() && dropout->number() != 0.0)
      return refuse(Code::unsupported, "model.dropout", "null", dropout->brief());
    return {};
  }

  Status read_model(const Json& model) {
    WordModel& words = parts_.words;
    LAB_ASSIGN(const bool byte_fallback, components_.flag(model, "byte_fallback", false, "model"));
    if (byte_fallback && components_.is_byte_level())
      return refuse(Code::unsupported, "model.byte_fallback", "false, as bytes are the symbols", "true");
    LAB_ASSIGN(words.ignore_merges, components_.flag(model, "ignore_merges", false, "model"));
    LAB_ASSIGN(words.fuse_unknown, components_.flag(model, "fuse_unk", false, "model"));
    if (!components_.is_byte_level()) {
      words.units = WordModel::Units::characters;
      parts_.kind = byte_fallback ? "BPE with byte fallback" : "BPE of characters";
    }
    LAB_TRY(read_vocabulary(model.find("vocab"), byte_fallback));
    LAB_TRY(read_unknown(model.find("unk_token")));
    return read_merges(model.find("merges"));
  }

  Status read_vocabulary(const Json* vocabulary, bool byte_fallback) {
    if (!vocabulary || !vocabulary->is_object())
      return refuse(Code::missing, "model.vocab", "an object", found_in(vocabulary));
    for (const auto& [token, value] : vocabulary->members()) {
      const std::string field = "model.vocab." + printable(token);
      LAB_ASSIGN(const std::int32_t id, id_of(&value, field));
      if (parts_.has(id)) return refuse(Code::duplicate, field, "each id once", std::to_string(id));
      parts_.place(id) = components_.decoded(token);
      tokens_.emplace(token, id);
      add_symbol(token, id, byte_fallback);
    }
    return {};
  }

  // What a word may be made of. Tokens outside the alphabet of a byte-level vocabulary never come out of a word.
  void add_symbol(const std::string& token, std::int32_t id, bool byte_fallback) {
    WordModel& words = parts_.words;
    if (words.units == WordModel::Units::characters) {
      words.ids.emplace(token, id);
      const int byte = byte_fallback ? byte_of_token(token) : -1;
      const auto is_lower = [](char c) { return c >= 'a' && c <= 'f'; };
      if (byte >= 0 && !is_lower(token[3]) && !is_lower(token[4])) words.byte_ids[static_cast<std::size_t>(byte)] = id;
    } else if (const auto bytes = bytes_from_alphabet(token)) {
      words.ids.emplace(*bytes, id);
      if (bytes->size() == 1) words.byte_ids[static_cast<unsigned char>(bytes->front())] = id;
    }
  }

  Status read_unknown(const Json* unknown) {
    if (!unknown || unknown->is_null()) return {};
    const auto found = unknown->is_string() ? tokens_.find(unknown->text()) : tokens_.end();
    if (found == tokens_.end())
      return refuse(Code::missing, "model.unk_token", "a token of the vocabulary", unknown->brief());
    parts_.words.unknown = found->second;
    return {};
  }

  Status read_merges(const Json* merges) {
    if (!merges || !merges->is_array()) return refuse(Code::missing, "model.merges", "an array", found_in(merges));
    for (std::size_t i = 0; i < merges->items().size(); ++i) {
      const Json& merge = merges->items()[i];
      const std::string field = "model.merges." + std::to_string(i);
      std::string left, right;
      if (const std::size_t space = merge.is_string() ? merge.text().find(' ') : std::string::npos;
          space != std::string::npos) {
        left = merge.text().substr(0, space);
        right = merge.text().substr(space + 1);
      } else if (merge.is_array() && merge.items().size() == 2 && merge.items()[0].is_string() &&
                 merge.items()[1].is_string()) {
        left = merge.items()[0].text();
        right = merge.items()[1].text();
      } else {
        return refuse(Code::malformed, field, "\"a b\" or [\"a\", \"b\"]", merge.brief());
      }
      const auto a = tokens_.find(left), b = tokens_.find(right), ab = tokens_.find(left + right);
      if (a == tokens_.end() || b == tokens_.end() || ab == tokens_.end())
        return refuse(Code::missing, field, "tokens of the vocabulary", left + " + " + right);
      parts_.words.merges.add(a->second, b->second, ab->second, i);
    }
    return {};
  }

  Status read_added(const Json* added) {
    if (!added || added->is_null()) return {};
    if (!added->is_array()) return refuse(Code::malformed, "added_tokens", "an array", added->brief());
    for (std::size_t i = 0; i < added->items().size(); ++i)
      LAB_TRY(read_added_token(added->items()[i], "added_tokens." + std::to_string(i)));
    return {};
  }

  Status read_added_token(const Json& entry, const std::string& field) {
    const Json* content = entry.find("content");
    if (!content || !content->is_string())
      return refuse(Code::malformed, field + ".content", "a string", found_in(content));
    AddedToken token{.content = content->text()};
    LAB_ASSIGN(token.id, id_of(entry.find("id"), field + ".id"));
    const auto known = tokens_.find(token.content);
    if (parts_.has(token.id) && (known == tokens_.end() || known->second != token.id))
      return refuse(Code::duplicate, field + ".id", "an id of its own", std::to_string(token.id));
    tokens_.emplace(token.content, token.id);
    LAB_ASSIGN(token.special, components_.flag(entry, "special", false, field));
    LAB_ASSIGN(token.normalized, components_.flag(entry, "normalized", !token.special, field));
    LAB_ASSIGN(token.single_word, components_.flag(entry, "single_word", false, field));
    LAB_ASSIGN(token.lstrip, components_.flag(entry, "lstrip", false, field));
    LAB_ASSIGN(token.rstrip, components_.flag(entry, "rstrip", false, field));
    parts_.place(token.id) = components_.decoded(token.content);
    parts_.place(token.id).special = token.special;
    if (token.normalized)
      token.content = normalized(parts_.normalizer, mapped(token.content), 0, token.content.size()).text;
    (token.normalized ? parts_.normal_added : parts_.raw_added).add(token);
    return {};
  }

  Result<std::int32_t> id_of(const Json* value, const std::string& field) const {
    const auto id = value ? value->integer() : std::nullopt;
    if (!id) return refuse(Code::malformed, field, "an id", found_in(value));
    if (*id < 0 || *id > kLargestTokenId)
      return refuse(Code::out_of_range, field, "an id from 0 to " + std::to_string(kLargestTokenId),
                    std::to_string(*id));
    return static_cast<std::int32_t>(*id);
  }

  BpeParts parts_;
  ComponentReader components_;
  TextMap<std::int32_t> tokens_;  // by the text in the file
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> parse_tokenizer(std::string_view json, const std::string& file) {
  LAB_ASSIGN(const Json root, parse_json(json, kLimits, file));
  return Parser(file).parse(root);
}

Result<std::unique_ptr<Tokenizer>> open_tokenizer(const std::string& path) {
  LAB_ASSIGN(const Json root, read_json(path, kLimits));
  return Parser(path).parse(root);
}

}  // namespace lab
