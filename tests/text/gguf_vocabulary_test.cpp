// The tokenizers inside GGUF files: plain data to ids, defaults, and what is refused by key.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "tests/files/gguf_image.h"
#include "golden_cases.h"
#include "model/text/byte_level.h"
#include "model/text/gguf_vocabulary.h"
#include "model/text/utf8.h"

using namespace lab;
using namespace lab::test;

namespace {

using Ids = std::vector<std::int32_t>;

std::unique_ptr<Tokenizer> open(const GgufVocabulary& vocabulary) {
  auto opened = gguf_tokenizer(vocabulary, "t.gguf");
  REQUIRE_MESSAGE(opened, opened.error().text());
  return opened.take();
}

void check_refused(const GgufVocabulary& vocabulary, Code code, const std::string& key) {
  const auto opened = gguf_tokenizer(vocabulary, "t.gguf");
  REQUIRE(!opened);
  CAPTURE(opened.error().text());
  CHECK(name_of(opened.error().code) == std::string(name_of(code)));
  CHECK(opened.error().field == "tokenizer.ggml." + key);
  CHECK(opened.error().file == "t.gguf");
}

GgufVocabulary small_bpe() {
  return {.model = "gpt2",
          .pre = "gpt-2",
          .tokens = {"a", "b", "ab", "Ġ", "<s>", "[PAD5]"},
          .token_types = {1, 1, 1, 1, 3, 5},
          .merges = {"a b"},
          .bos = 4};
}

// Tokens 0 to 2 are <unk>, <s>, </s>, then the 256 bytes, then those given with their scores.
GgufVocabulary pieces(const std::vector<std::pair<std::string, float>>& more) {
  GgufVocabulary made{.model = "llama",
                      .tokens = {"<unk>", "<s>", "</s>"},
                      .scores = {0, 0, 0},
                      .token_types = {2, 3, 3},
                      .bos = 1,
                      .eos = 2,
                      .unk = 0};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    made.tokens.push_back(text);
    made.scores.push_back(0);
    made.token_types.push_back(6);
  }
  for (const auto& [token, score] : more) {
    made.tokens.push_back(token);
    made.scores.push_back(score);
    made.token_types.push_back(1);
  }
  return made;
}

constexpr std::int32_t kFirst = 259;

// The golden tokenizer.json of Llama's pipeline in the form that a converter gives it: the score of a token is minus the
// rank of the merge that makes it, and single characters score least.
GgufVocabulary converted_llama() {
  const Json json = read_json(kTokenizers + "llama/tokenizer.json", {}).take();
  const Json* model = json.find("model");
  std::map<std::string, float> rank;
  for (std::size_t i = 0; i < model->find("merges")->items().size(); ++i) {
    const Json& merge = model->find("merges")->items()[i];
    rank.emplace(merge.items()[0].text() + merge.items()[1].text(), static_cast<float>(i));
  }
  std::vector<std::pair<std::string, float>> more(model->find("vocab")->members().size() - kFirst);
  for (const auto& [token, id] : model->find("vocab")->members())
    if (const auto place = *id.integer(); place >= kFirst)
      more[static_cast<std::size_t>(place - kFirst)] = {token, rank.contains(token) ? -rank[token] : -1e6f};
  return pieces(more);
}

}  // namespace

TEST_CASE("gguf tokenizer: the one inside a file gives the ids of llama.cpp") {
  const std::string path = LAB_SOURCE_DIR "/tests/golden/gguf/mamba1-small-F32.gguf";
  const auto gguf = open_gguf(path).take();
  auto opened = gguf_tokenizer(*gguf, path);
  REQUIRE_MESSAGE(opened, opened.error().text());
  const auto tokenizer = opened.take();
  REQUIRE(tokenizer);
  const auto cases = golden_cases("gguf/cases.jsonl");
  CHECK(cases.size() > 400);
  for (const GoldenCase& line : cases) {
    CAPTURE(line.text);
    CHECK(*tokenizer->encode(line.text) == line.ids);
    CHECK(tokenizer->decode(line.ids) == line.decoded);
    CHECK(tokenizer->decode(line.ids, false) == line.decoded_without_special);
  }
}

TEST_CASE("gguf tokenizer: scores in the order of the merges give the ids of the merges") {
  const auto tokenizer = open(converted_llama());
  for (const char* file : {"llama/cases.jsonl", "llama/random.jsonl"})
    for (const GoldenCase& line : golden_cases(file)) {
      CAPTURE(line.text);
      CHECK(*tokenizer->encode(line.text) == line.ids);
      CHECK(*tokenizer->encode(line.text, false) == line.ids_without_template);
      CHECK(tokenizer->decode(line.ids) == line.decoded);
      CHECK(tokenizer->decode(line.ids, false) == line.decoded_without_special);
    }
}

TEST_CASE("gguf tokenizer: the best score merges first, the leftmost of equal ones, and any pair that makes a token") {
  const auto encode = [](const GgufVocabulary& vocabulary, const std::string& text) {
    GgufVocabulary bare = vocabulary;
    bare.add_space_prefix = false;
    return open(bare)->encode(text, false).take();
  };
  const GgufVocabulary by_score = pieces({{"a", 0}, {"b", 0}, {"c", 0}, {"ab", -2}, {"bc", -1}});
  CHECK(encode(by_score, "abc") == Ids{kFirst, kFirst + 4});
  const GgufVocabulary equal = pieces({{"a", 0}, {"b", 0}, {"c", 0}, {"ab", -1}, {"bc", -1}});
  CHECK(encode(equal, "abc") == Ids{kFirst + 3, kFirst + 2});
  // "éa" is a token though "é" is none; left alone it is its bytes.
  const GgufVocabulary joined = pieces({{"a", 0}, {"\u00E9a", -1}});
  CHECK(encode(joined, "\u00E9a") == Ids{kFirst + 1});
  CHECK(encode(joined, "\u00E9") == Ids{3 + 0xC3, 3 + 0xA9});
}

TEST_CASE("gguf tokenizer: bos, the space in front and eos are added as the keys say, or by the model's default") {
  const std::vector<std::pair<std::string, float>> tokens{{"a", 0}, {"▁", 0}, {"▁a", -1}};
  GgufVocabulary given = pieces(tokens);
  CHECK(*open(given)->encode("a a") == Ids{1, kFirst + 2, kFirst + 2});
  CHECK(*open(given)->encode("a</s>a") == Ids{1, kFirst + 2, 2, kFirst + 2});  // after a special token too
  CHECK(open(given)->decode(Ids{kFirst + 2, kFirst + 2}) == "a a");
  given.add_bos = false, given.add_eos = true, given.add_space_prefix = false;
  CHECK(*open(given)->encode("a a") == Ids{kFirst, kFirst + 2, 2});
  CHECK(open(given)->decode(Ids{kFirst + 2}) == " a");
  GgufVocabulary bpe = small_bpe();
  CHECK(*open(bpe)->encode("ab") == Ids{2});
  bpe.pre = "llama-bpe";
  CHECK(*open(bpe)->encode("ab") == Ids{4, 2});
  bpe.add_bos = false;
  CHECK(*open(bpe)->encode("ab") == Ids{2});
}

TEST_CASE("gguf tokenizer: padding is no token, control tokens are special, bytes come from the alphabet") {
  const auto tokenizer = open(small_bpe());
  CHECK(tokenizer->vocabulary_size() == 6);
  CHECK_FALSE(tokenizer->has_token(5));
  CHECK(tokenizer->bytes_of(5) == "<5>");
  CHECK(tokenizer->is_special(4));
  CHECK_FALSE(tokenizer->is_special(3));
  CHECK(tokenizer->bytes_of(3) == " ");
  CHECK(*tokenizer->encode("a<s>[PAD5]b") == Ids{0, 4, 1});  // the vocabulary has no brackets, no letters of PAD
  CHECK(*tokenizer->encode("a<s>", true, false) == Ids{0});
}

TEST_CASE("gguf tokenizer: a user-defined token is cut out also where special ones stay text") {
  GgufVocabulary given = small_bpe();
  given.tokens.push_back("  ");
  given.token_types.push_back(4);
  CHECK(*open(given)->encode("a   b", true, false) == Ids{0, 6, 3, 1});
  CHECK(open(given)->bytes_of(6) == "  ");
  CHECK_FALSE(open(given)->is_special(6));
}

TEST_CASE("gguf tokenizer: of two equal merges the first counts, as in llama.cpp") {
  GgufVocabulary given{
      .model = "gpt2", .pre = "gpt-2", .tokens = {"a", "b", "c", "ab", "bc"}, .merges = {"a b", "b c", "a b"}};
  CHECK(*open(given)->encode("abc") == Ids{3, 2});
}

TEST_CASE("gguf tokenizer: whole words skip the merges where the split's name says so") {
  GgufVocabulary given{.model = "gpt2", .pre = "dbrx", .tokens = {"a", "b", "ab"}, .add_bos = false};
  CHECK(*open(given)->encode("ab") == Ids{0, 1});
  given.pre = "llama-bpe";
  CHECK(*open(given)->encode("ab") == Ids{2});
}

TEST_CASE("gguf tokenizer: models and splits that are not known are refused by name") {
  GgufVocabulary given = small_bpe();
  given.model = "bert";
  check_refused(given, Code::unsupported, "model");
  CHECK(gguf_tokenizer(given, "").error().found == "bert");
  given = small_bpe();
  given.pre = "tekken";
  check_refused(given, Code::unsupported, "pre");
  CHECK(gguf_tokenizer(given, "").error().found == "tekken");
}

TEST_CASE("gguf tokenizer: lists of different lengths, ids beyond them and tokens that come twice are refused") {
  const auto changed = [](auto change, GgufVocabulary given = small_bpe()) {
    change(given);
    return given;
  };
  check_refused(changed([](auto& v) { v.tokens.clear(); }), Code::missing, "tokens");
  check_refused(changed([](auto& v) { v.token_types.pop_back(); }), Code::mismatch, "token_type");
  check_refused(changed([](auto& v) { v.token_types[2] = 7; }), Code::out_of_range, "token_type.2");
  check_refused(changed([](auto& v) { v.tokens[2] = "a"; }), Code::duplicate, "tokens.2");
  check_refused(changed([](auto& v) { v.tokens.resize((1 << 20) + 1); }), Code::too_large, "tokens");
  check_refused(changed([](auto& v) { v.bos = 6; }), Code::out_of_range, "bos_token_id");
  check_refused(changed([](auto& v) { v.eos = -1; }), Code::out_of_range, "eos_token_id");
  check_refused(changed([](auto& v) { v.bos = 5, v.add_bos = true; }), Code::out_of_range, "bos_token_id");
  check_refused(changed([](auto& v) { v.add_eos = true; }), Code::missing, "eos_token_id");
  check_refused(changed([](auto& v) { v.merges[0] = "ab"; }), Code::malformed, "merges.0");
  check_refused(changed([](auto& v) { v.merges.push_back("b a"); }), Code::missing, "merges.1");
}

TEST_CASE("gguf tokenizer: scores and byte tokens that cannot be used are refused") {
  const std::vector<std::pair<std::string, float>> tokens{{"a", 0}};
  GgufVocabulary given = pieces(tokens);
  given.scores.pop_back();
  check_refused(given, Code::mismatch, "scores");
  given = pieces({{"a", std::nanf("")}});
  check_refused(given, Code::malformed, "scores.259");
  given = pieces(tokens);
  given.tokens[3 + 10] = "<10>";
  check_refused(given, Code::malformed, "tokens.13");
  given = pieces(tokens);
  given.token_types[3 + 10] = 1;
  CHECK(*open(given)->encode("\n", false) == Ids{3 + 0xE2, 3 + 0x96, 3 + 0x81, 0});
  given.unk.reset();
  check_refused(given, Code::missing, "tokens");
  given.unk = 0;
  given.token_types[0] = 5;
  check_refused(given, Code::missing, "tokens");
}

TEST_CASE("gguf tokenizer: keys of a wrong type are refused by name, and a file without vocabulary has no tokenizer") {
  const auto refusal = [](const std::string& key) {
    GgufImage image;
    if (key != "model") image.string("tokenizer.ggml.model", "gpt2");
    const std::string bytes = image.number("tokenizer.ggml." + key, 0.5f).bytes();  // what is parsed looks into them
    const Gguf gguf = gguf_of(bytes).take();
    const auto opened = gguf_tokenizer(gguf, "t.gguf");
    REQUIRE(!opened);
    CHECK(opened.error().code == Code::malformed);
    CHECK(opened.error().file == "t.gguf");
    return opened.error().field;
  };
  for (const char* key : {"model", "pre", "tokens", "scores", "token_type", "merges", "bos_token_id", "eos_token_id",
                          "unknown_token_id", "padding_token_id", "add_bos_token", "add_eos_token", "add_space_prefix"})
    CHECK(refusal(key) == std::string("tokenizer.ggml.") + key);
  for (const std::string& bytes : {GgufImage().bytes(), GgufImage().string("tokenizer.ggml.model", "no_vocab").bytes(),
                                   GgufImage().string("tokenizer.ggml.model", "none").bytes()})
    CHECK(gguf_tokenizer(gguf_of(bytes).take(), "").take() == nullptr);
}
