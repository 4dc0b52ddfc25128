// From the keys of a GGUF file to the plain data of its tokenizer.
#include "model/text/gguf_vocabulary.h"

namespace lab {
namespace {

const std::string kPrefix = "tokenizer.ggml.";

// Reads single values and arrays by key; what has another type is refused by it.
class Reader {
 public:
  Reader(const Gguf& gguf, const std::string& file) : gguf_(gguf), file_(file) {}

  template <class T, class Convert>
  Status single(const char* key, std::optional<T>& into, const char* expected, Convert convert) const {
    const GgufValue* value = gguf_.find(kPrefix + key);
    if (!value) return {};
    const auto converted = convert(*value);
    if (!converted) return refuse(key, expected, value->brief());
    into = static_cast<T>(*converted);
    return {};
  }

  Status text(const char* key, std::string& into) const {
    std::optional<std::string> found;
    LAB_TRY(single(key, found, "a string", [](const GgufValue& value) { return value.string(); }));
    into = found.value_or("");
    return {};
  }
  Status id(const char* key, std::optional<std::int64_t>& into) const {
    return single(key, into, "an integer", [](const GgufValue& value) { return value.integer(); });
  }
  Status flag(const char* key, std::optional<bool>& into) const {
    return single(key, into, "true or false", [](const GgufValue& value) { return value.boolean(); });
  }

  template <class T, class Convert>
  Status list(const char* key, std::vector<T>& into, const char* expected, Convert convert) const {
    const GgufValue* value = gguf_.find(kPrefix + key);
    if (!value) return {};
    if (!value->is_array()) return refuse(key, expected, value->brief());
    const std::vector<GgufValue> items = value->items();
    into.reserve(items.size());
    for (const GgufValue& item : items) {
      const auto converted = convert(item);
      if (!converted) return refuse(key, expected, value->brief());
      into.push_back(static_cast<T>(*converted));
    }
    return {};
  }
  Status texts(const char* key, std::vector<std::string>& into) const {
    return list(key, into, "an array of strings", [](const GgufValue& value) { return value.string(); });
  }

 private:
  Error refuse(const std::string& key, const char* expected, const std::string& found) const {
    return {.code = Code::malformed,
            .file = file_,
            .field = kPrefix + key,
            .expected = expected,
            .found = found,
            .message = "the tokenizer cannot be used"};
  }

  const Gguf& gguf_;
  const std::string& file_;
};

}  // namespace

Result<GgufVocabulary> read_gguf_vocabulary(const Gguf& gguf, const std::string& file) {
  const Reader read(gguf, file);
  GgufVocabulary made;
  LAB_TRY(read.text("model", made.model));
  LAB_TRY(read.text("pre", made.pre));
  LAB_TRY(read.texts("tokens", made.tokens));
  LAB_TRY(
      read.list("scores", made.scores, "an array of numbers", [](const GgufValue& value) { return value.number(); }));
  LAB_TRY(read.list("token_type", made.token_types, "an array of integers",
                    [](const GgufValue& value) -> std::optional<std::int64_t> {
                      const auto type = value.integer();
                      return type && *type == static_cast<int>(*type) ? type : std::nullopt;
                    }));
  LAB_TRY(read.texts("merges", made.merges));
  LAB_TRY(read.id("bos_token_id", made.bos));
  LAB_TRY(read.id("eos_token_id", made.eos));
  LAB_TRY(read.id("unknown_token_id", made.unk));
  LAB_TRY(read.id("padding_token_id", made.pad));
  LAB_TRY(read.flag("add_bos_token", made.add_bos));
  LAB_TRY(read.flag("add_eos_token", made.add_eos));
  LAB_TRY(read.flag("add_space_prefix", made.add_space_prefix));
  return made;
}

Result<std::unique_ptr<Tokenizer>> gguf_tokenizer(const Gguf& gguf, const std::string& file) {
  const GgufValue* model = gguf.find(kPrefix + "model");
  if (!model || model->string() == "no_vocab" || model->string() == "none") return std::unique_ptr<Tokenizer>();
  LAB_ASSIGN(const GgufVocabulary vocabulary, read_gguf_vocabulary(gguf, file));
  return gguf_tokenizer(vocabulary, file);
}

}  // namespace lab
