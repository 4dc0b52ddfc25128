// tokenizer.json with a byte-level BPE model. Order of work: added tokens on the raw text, NFC, added tokens on the
// normalised text, the split, merging, the template.
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <unordered_map>

#include "model/files/json.h"
#include "model/text/added_tokens.h"
#include "model/text/byte_level.h"
#include "model/text/tokenizer.h"
#include "model/text/utf8.h"

namespace lab {
namespace {

constexpr JsonLimits kLimits{.bytes = 64u << 20, .depth = 12, .values = 1'200'000};  // the largest in use hold a million
constexpr std::int64_t kLargestId = (1 << 20) - 1;  // ids have a place each; four times the largest vocabulary in use
constexpr std::size_t kLongestTemplate = 64;

// A text on its way, with the place of each byte in the original.
struct Mapped {
  std::string text;
  std::vector<std::size_t> begin, end;  // of each byte of text, in the original

  void append(std::string_view part, std::size_t from, std::size_t to, bool unchanged) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      begin.push_back(unchanged ? from + i : from);
      end.push_back(unchanged ? from + i + 1 : to);
    }
    text.append(part);
  }
};

// The canonical decomposition in canonical order: between starters, marks by class, equal ones as they came.
icu::UnicodeString ordered(const icu::Normalizer2& nfc, const icu::UnicodeString& text) {
  struct Mark {
    UChar32 value;
    std::uint8_t order;
  };
  std::vector<Mark> marks;
  for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    icu::UnicodeString parts;
    if (!nfc.getDecomposition(text.char32At(at), parts)) parts = icu::UnicodeString(text.char32At(at));
    for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1))
      marks.push_back({parts.char32At(i), nfc.getCombiningClass(parts.char32At(i))});
  }
  const auto is_starter = [](const Mark& mark) { return mark.order == 0; };
  for (auto from = marks.begin(); from != marks.end();) {
    const auto to = std::find_if(from + 1, marks.end(), is_starter);
    std::stable_sort(is_starter(*from) ? from + 1 : from, to, [](const Mark& a, const Mark& b) { return a.order < b.order; });
    from = to;
  }
  icu::UnicodeString out;
  for (const Mark& mark : marks) out.append(mark.value);
  return out;
}

// NFC of a segment. ICU orders combining marks one by one, which takes quadratic time, so that long runs of them are
// decomposed and sorted beforehand.
std::string composed(const icu::Normalizer2& nfc, std::string_view segment) {
  constexpr std::size_t long_run = 256;
  auto text = icu::UnicodeString::fromUTF8(icu::StringPiece(segment.data(), static_cast<std::int32_t>(segment.size())));
  if (segment.size() > long_run) text = ordered(nfc, text);
  UErrorCode status = U_ZERO_ERROR;
  std::string normal;
  nfc.normalize(text, status).toUTF8String(normal);
  return normal;
}

class BpeTokenizer final : public Tokenizer {
 public:
  Result<std::vector<Piece>> encode_pieces(std::string_view text, bool add_special) const override {
    std::vector<Piece> pieces;
    if (add_special) for (std::int32_t id : before_) pieces.push_back({id, 0, 0});
    const Mapped clean = repair(text);
    for (const Part& part : raw_added_.split(clean.text)) {
      if (part.id >= 0) push(pieces, part.id, clean, part.begin, part.end);
      else encode_normalised(normalise(clean, part.begin, part.end), pieces);
    }
    if (add_special) for (std::int32_t id : after_) pieces.push_back({id, text.size(), text.size()});
    return pieces;
  }
  std::string bytes_of(std::int32_t id) const override {
    return has_token(id) ? bytes_[static_cast<std::size_t>(id)] : "<" + std::to_string(id) + ">";
  }
  bool is_special(std::int32_t id) const override { return has_token(id) && special_[static_cast<std::size_t>(id)]; }
  bool has_token(std::int32_t id) const override {
    return id >= 0 && static_cast<std::size_t>(id) < present_.size() && present_[static_cast<std::size_t>(id)];
  }
  std::int32_t vocabulary_size() const override { return static_cast<std::int32_t>(present_.size()); }
  const char* kind() const override { return "byte-level BPE"; }

 private:
  friend class Parser;

  static void push(std::vector<Piece>& pieces, std::int32_t id, const Mapped& text, std::size_t begin, std::size_t end) {
    if (begin < end) pieces.push_back({id, text.begin[begin], text.end[end - 1]});
    else pieces.push_back({id, 0, 0});
  }

  static Mapped repair(std::string_view text) {
    Mapped out;
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint point = decode_utf8(text, at);
      out.append(point.valid ? text.substr(at, point.length) : std::string_view("\xEF\xBF\xBD"), at, at + point.length, point.valid);
      at += point.length;
    }
    return out;
  }

  // NFC segment by segment, so that the place of what did not change stays exact.
  Mapped normalise(const Mapped& text, std::size_t begin, std::size_t end) const {
    Mapped out;
    const icu::Normalizer2* nfc = nullptr;
    if (nfc_) {
      UErrorCode status = U_ZERO_ERROR;
      nfc = icu::Normalizer2::getNFCInstance(status);
    }
    for (std::size_t at = begin; at < end;) {
      std::size_t stop = at + decode_utf8(text.text, at).length;
      while (nfc && stop < end && !nfc->hasBoundaryBefore(static_cast<UChar32>(decode_utf8(text.text, stop).value)))
        stop += decode_utf8(text.text, stop).length;
      if (!nfc) stop = end;
      const std::string_view segment = std::string_view(text.text).substr(at, stop - at);
      std::string normal(segment);
      if (nfc) normal = composed(*nfc, segment);
      const bool same = normal == segment;
      for (std::size_t i = 0; i < normal.size(); ++i) {
        out.begin.push_back(text.begin[same ? at + i : at]);
        out.end.push_back(text.end[same ? at + i : stop - 1]);
      }
      out.text += normal;
      at = stop;
    }
    return out;
  }

  void encode_normalised(const Mapped& text, std::vector<Piece>& pieces) const {
    for (const Part& part : normal_added_.split(text.text)) {
      if (part.id >= 0) push(pieces, part.id, text, part.begin, part.end);
      else encode_words(text, part.begin, part.end, pieces);
    }
  }

  void encode_words(const Mapped& text, std::size_t begin, std::size_t end, std::vector<Piece>& pieces) const {
    const std::string_view part = std::string_view(text.text).substr(begin, end - begin);
    const std::vector<std::size_t> ends = split_ ? split_gpt2(part) : std::vector<std::size_t>{part.size()};
    std::size_t from = 0;
    for (std::size_t to : ends) {
      encode_word(text, begin + from, begin + to, pieces);
      from = to;
    }
  }

  void encode_word(const Mapped& text, std::size_t begin, std::size_t end, std::vector<Piece>& pieces) const {
    const std::string_view word = std::string_view(text.text).substr(begin, end - begin);
    if (ignore_merges_) {
      if (const auto whole = ids_.find(std::string(word)); whole != ids_.end()) {
        push(pieces, whole->second, text, begin, end);
        return;
      }
    }
    std::vector<std::int32_t> symbols;
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < word.size(); ++i) {
      const std::int32_t id = byte_ids_[static_cast<unsigned char>(word[i])];
      if (id < 0) continue;  // a vocabulary without this byte drops it, as the reference does
      symbols.push_back(id);
      ends.push_back(i + 1);
    }
    merges_.apply(symbols, ends);
    std::size_t from = 0;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      push(pieces, symbols[i], text, begin + from, begin + ends[i]);
      from = ends[i];
    }
  }

  bool nfc_ = false, split_ = true, ignore_merges_ = false;
  AddedTokens raw_added_, normal_added_;
  Merges merges_;
  std::array<std::int32_t, 256> byte_ids_{};
  std::unordered_map<std::string, std::int32_t> ids_;  // bytes of the model's tokens
  std::vector<std::string> bytes_;
  std::vector<bool> present_, special_;
  std::vector<std::int32_t> before_, after_;
};

// Reads the components of a tokenizer.json; what it does not know it refuses by name.
class Parser {
 public:
  explicit Parser(const std::string& file) : file_(file), made_(std::make_unique<BpeTokenizer>()) {}

  Result<std::unique_ptr<Tokenizer>> parse(const Json& root) {
    const Json* model = root.find("model");
    if (!model || !model->is_object()) return refuse(Code::missing, "model", "an object", model ? model->brief() : "nothing");
    LAB_TRY(read_model(*model));
    LAB_TRY(read_added(root.find("added_tokens")));
    LAB_TRY(each(root.find("normalizer"), "normalizer", "normalizers", &Parser::read_normalizer));
    made_->split_ = false;
    LAB_TRY(each(root.find("pre_tokenizer"), "pre_tokenizer", "pretokenizers", &Parser::read_split));
    if (!byte_level_) return refuse(Code::unsupported, "pre_tokenizer", "ByteLevel", "none");
    LAB_TRY(each(root.find("post_processor"), "post_processor", "processors", &Parser::read_template));
    LAB_TRY(each(root.find("decoder"), "decoder", "decoders", &Parser::read_decoder));
    return std::unique_ptr<Tokenizer>(std::move(made_));
  }

 private:
  using Reader = Status (Parser::*)(const Json&, const std::string&);

  Error refuse(Code code, const std::string& field, const std::string& expected, const std::string& found) const {
    return {.code = code, .file = file_, .field = field, .expected = expected, .found = found, .message = "the tokenizer cannot be used"};
  }

  // Applies `read` to a component, or to each part of a Sequence.
  Status each(const Json* component, const std::string& field, const char* parts, Reader read) {
    if (!component || component->is_null()) return {};
    const Json* type = component->find("type");
    if (!type || !type->is_string()) return refuse(Code::malformed, field + ".type", "a string", component->brief());
    if (type->text() != "Sequence") return (this->*read)(*component, field);
    const Json* list = component->find(parts);
    if (!list || !list->is_array()) return refuse(Code::malformed, field + "." + parts, "an array", list ? list->brief() : "nothing");
    for (const Json& part : list->items()) LAB_TRY(each(&part, field + "." + parts, parts, read));
    return {};
  }

  Result<bool> flag(const Json& from, const char* name, bool fallback, const std::string& field) const {
    const Json* value = from.find(name);
    if (!value || value->is_null()) return fallback;
    if (const auto boolean = value->boolean()) return *boolean;
    return refuse(Code::malformed, field + "." + name, "true or false", value->brief());
  }

  Status give(std::int64_t id, const std::string& bytes, const std::string& field) {
    if (id < 0 || id > kLargestId) return refuse(Code::out_of_range, field, "an id from 0 to " + std::to_string(kLargestId), std::to_string(id));
    const auto index = static_cast<std::size_t>(id);
    if (index >= made_->present_.size()) {
      made_->present_.resize(index + 1);
      made_->special_.resize(index + 1);
      made_->bytes_.resize(index + 1);
    }
    made_->present_[index] = true;
    made_->bytes_[index] = bytes;
    return {};
  }

  Status read_model(const Json& model) {
    const Json* type = model.find("type");
    if (type && (!type->is_string() || type->text() != "BPE")) return refuse(Code::unsupported, "model.type", "BPE", type->brief());
    for (const char* unused : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (const Json* value = model.find(unused); value && !value->is_null() && !(value->is_string() && value->text().empty()))
        return refuse(Code::unsupported, std::string("model.") + unused, "null", value->brief());
    for (const char* off : {"byte_fallback"}) {
      LAB_ASSIGN(const bool on, flag(model, off, false, "model"));
      if (on) return refuse(Code::unsupported, std::string("model.") + off, "false", "true");
    }
    LAB_ASSIGN(made_->ignore_merges_, flag(model, "ignore_merges", false, "model"));
    LAB_TRY(read_vocabulary(model.find("vocab")));
    return read_merges(model.find("merges"));
  }

  Status read_vocabulary(const Json* vocabulary) {
    if (!vocabulary || !vocabulary->is_object()) return refuse(Code::missing, "model.vocab", "an object", vocabulary ? vocabulary->brief() : "nothing");
    for (const auto& [token, value] : vocabulary->members()) {
      const auto id = value.integer();
      if (!id) return refuse(Code::malformed, "model.vocab." + printable(token), "an id", value.brief());
      if (*id >= 0 && static_cast<std::size_t>(*id) < made_->present_.size() && made_->present_[static_cast<std::size_t>(*id)])
        return refuse(Code::duplicate, "model.vocab." + printable(token), "each id once", std::to_string(*id));
      const std::string bytes = bytes_from_alphabet(token);
      LAB_TRY(give(*id, bytes, "model.vocab." + printable(token)));
      tokens_.emplace(token, static_cast<std::int32_t>(*id));
      made_->ids_.emplace(bytes, static_cast<std::int32_t>(*id));
    }
    for (std::size_t b = 0; b < 256; ++b) {
      std::string character;
      append_utf8(character, byte_alphabet()[b]);
      const auto found = tokens_.find(character);
      made_->byte_ids_[b] = found == tokens_.end() ? -1 : found->second;
    }
    return {};
  }

  Status read_merges(const Json* merges) {
    if (!merges || !merges->is_array()) return refuse(Code::missing, "model.merges", "an array", merges ? merges->brief() : "nothing");
    for (std::size_t i = 0; i < merges->items().size(); ++i) {
      const Json& merge = merges->items()[i];
      const std::string field = "model.merges." + std::to_string(i);
      std::string left, right;
      if (merge.is_string() && merge.text().find(' ') != std::string::npos) {
        left = merge.text().substr(0, merge.text().find(' '));
        right = merge.text().substr(merge.text().find(' ') + 1);
      } else if (merge.is_array() && merge.items().size() == 2 && merge.items()[0].is_string() && merge.items()[1].is_string()) {
        left = merge.items()[0].text();
        right = merge.items()[1].text();
      } else {
        return refuse(Code::malformed, field, "\"a b\" or [\"a\", \"b\"]", merge.brief());
      }
      const auto a = tokens_.find(left), b = tokens_.find(right), ab = tokens_.find(left + right);
      if (a == tokens_.end() || b == tokens_.end() || ab == tokens_.end())
        return refuse(Code::missing, field, "tokens of the vocabulary", left + " + " + right);
      made_->merges_.add(a->second, b->second, ab->second);
    }
    return {};
  }

  Status read_added(const Json* added) {
    if (!added || added->is_null()) return {};
    if (!added->is_array()) return refuse(Code::malformed, "added_tokens", "an array", added->brief());
    for (std::size_t i = 0; i < added->items().size(); ++i) {
      const Json& entry = added->items()[i];
      const std::string field = "added_tokens." + std::to_string(i);
      const Json *id = entry.find("id"), *content = entry.find("content");
      if (!id || !id->integer()) return refuse(Code::malformed, field + ".id", "an integer", id ? id->brief() : "nothing");
      if (!content || !content->is_string()) return refuse(Code::malformed, field + ".content", "a string", content ? content->brief() : "nothing");
      AddedToken token{.content = content->text()};
      LAB_TRY(give(*id->integer(), token.content, field + ".id"));
      token.id = static_cast<std::int32_t>(*id->integer());
      LAB_ASSIGN(token.special, flag(entry, "special", false, field));
      LAB_ASSIGN(token.normalized, flag(entry, "normalized", !token.special, field));
      LAB_ASSIGN(token.single_word, flag(entry, "single_word", false, field));
      LAB_ASSIGN(token.lstrip, flag(entry, "lstrip", false, field));
      LAB_ASSIGN(token.rstrip, flag(entry, "rstrip", false, field));
      made_->special_[static_cast<std::size_t>(token.id)] = token.special;
      (token.normalized ? made_->normal_added_ : made_->raw_added_).add(token);
    }
    return {};
  }

  Status read_normalizer(const Json& part, const std::string& field) {
    if (part.find("type")->text() != "NFC") return refuse(Code::unsupported, field + ".type", "NFC", part.find("type")->text());
    made_->nfc_ = true;
    return {};
  }

  Status read_split(const Json& part, const std::string& field) {
    if (part.find("type")->text() != "ByteLevel") return refuse(Code::unsupported, field + ".type", "ByteLevel", part.find("type")->text());
    LAB_ASSIGN(const bool prefix, flag(part, "add_prefix_space", true, field));
    if (prefix) return refuse(Code::unsupported, field + ".add_prefix_space", "false", "true");
    LAB_ASSIGN(made_->split_, flag(part, "use_regex", true, field));
    byte_level_ = true;
    return {};
  }

  Status read_template(const Json& part, const std::string& field) {
    const std::string& type = part.find("type")->text();
    if (type == "ByteLevel") return {};  // changes offsets only
    if (type != "TemplateProcessing") return refuse(Code::unsupported, field + ".type", "ByteLevel or TemplateProcessing", type);
    const Json *single = part.find("single"), *specials = part.find("special_tokens");
    if (!single || !single->is_array()) return refuse(Code::malformed, field + ".single", "an array", single ? single->brief() : "nothing");
    if (single->items().size() > kLongestTemplate)
      return refuse(Code::too_large, field + ".single", std::to_string(kLongestTemplate) + " parts", single->brief());
    bool seen_text = false;
    for (const Json& item : single->items()) {
      if (item.find("Sequence")) {
        seen_text = true;
        continue;
      }
      const Json* special = item.find("SpecialToken");
      const Json* name = special ? special->find("id") : nullptr;
      const Json* entry = name && specials ? specials->find(name->text()) : nullptr;
      const Json* ids = entry ? entry->find("ids") : nullptr;
      if (!ids || !ids->is_array()) return refuse(Code::malformed, field + ".single", "known special tokens", item.brief());
      for (const Json& id : ids->items()) {
        const auto value = id.integer();
        if (!value || *value < 0 || *value > kLargestId) return refuse(Code::out_of_range, field + ".special_tokens", "an id", id.brief());
        (seen_text ? made_->after_ : made_->before_).push_back(static_cast<std::int32_t>(*value));
      }
    }
    return {};
  }

  Status read_decoder(const Json& part, const std::string& field) {
    if (part.find("type")->text() != "ByteLevel") return refuse(Code::unsupported, field + ".type", "ByteLevel", part.find("type")->text());
    return {};
  }

  std::string file_;
  std::unique_ptr<BpeTokenizer> made_;
  std::unordered_map<std::string, std::int32_t> tokens_;  // in the byte alphabet
  bool byte_level_ = false;
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
