// tokenizer.json files: what loads, what is refused by field, and where the pieces of a text lie.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "model/text/tokenizer.h"
#include "model/text/utf8.h"

using namespace lab;

namespace {

using Ids = std::vector<std::int32_t>;

// A tokenizer.json from the insides of its parts.
struct File {
  std::string vocabulary =
      R"("a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ì": 4, "ģ": 5, "Ã": 6, "©": 7, "É": 8, "e": 9, "ĸ": 10, "Â": 11, "f": 12)";
  std::string merges = R"("a b")", added = R"({"id": 20, "content": "<end>", "special": true})",
              normalizer = R"({"type": "NFC"})";
  std::string pre = R"({"type": "ByteLevel", "add_prefix_space": false})", post = "null",
              decoder = R"({"type": "ByteLevel"})", model;
  std::string json() const {
    return R"({"added_tokens": [)" + added + R"(], "normalizer": )" + normalizer + R"(, "pre_tokenizer": )" + pre +
           R"(, "post_processor": )" + post + R"(, "decoder": )" + decoder + R"(, "model": {"type": "BPE", )" + model +
           R"("vocab": {)" + vocabulary + R"(}, "merges": [)" + merges + "]}}";
  }
};

std::unique_ptr<Tokenizer> open(const File& file) {
  auto opened = parse_tokenizer(file.json(), "t.json");
  REQUIRE_MESSAGE(opened, opened.error().text());
  return opened.take();
}

void check_refused(const File& file, Code code, const std::string& field) {
  const auto opened = parse_tokenizer(file.json(), "t.json");
  INFO(file.json().substr(0, 600));
  REQUIRE(!opened);
  CAPTURE(opened.error().text());
  CHECK(name_of(opened.error().code) == std::string(name_of(code)));
  CHECK(opened.error().field == field);
  CHECK(opened.error().file == "t.json");
}

Ids encode(const Tokenizer& tokenizer, const std::string& text) { return tokenizer.encode(text).take(); }

std::unique_ptr<Tokenizer> neox() {
  return open_tokenizer(LAB_SOURCE_DIR "/tests/golden/tokenizers/neox/tokenizer.json").take();
}

// Every piece begins where the one before ended, and the last ends with the text.
void check_cover(const std::vector<Piece>& pieces, const std::string& text) {
  std::size_t at = 0;
  for (const Piece& piece : pieces) {
    CHECK(piece.begin == at);
    CHECK(piece.end > piece.begin);
    at = piece.end;
  }
  CHECK(at == text.size());
}

}  // namespace

TEST_CASE("bpe: ids that are negative, too large or doubled are refused, gaps are not [TK1]") {
  for (const char* id : {"-1", "1048576", "2147483648", "4294967296"})
    check_refused({.vocabulary = std::string("\"a\": ") + id, .merges = ""}, Code::out_of_range, "model.vocab.a");
  for (const char* id : {"1.5", "\"1\"", "null", "18446744073709551616"})
    check_refused({.vocabulary = std::string("\"a\": ") + id, .merges = ""}, Code::malformed, "model.vocab.a");
  check_refused({.vocabulary = R"("a": 0, "b": 0)", .merges = ""}, Code::duplicate, "model.vocab.b");
  check_refused({.vocabulary = R"("a": 0, "a": 1)", .merges = ""}, Code::duplicate, "a");
  check_refused({.added = R"({"id": -5, "content": "x"})"}, Code::out_of_range, "added_tokens.0.id");
  const auto sparse = open({.vocabulary = R"("a": 7, "b": 900000)", .merges = ""});
  CHECK(encode(*sparse, "ab") == Ids{7, 900000});
  CHECK(sparse->vocabulary_size() == 900001);
  CHECK_FALSE(sparse->has_token(8));
  CHECK(sparse->decode(Ids{7, 8, -1, 900000, 900001}) == "a<8><-1>b<900001>");
}

TEST_CASE("bpe: an empty token and a token of 100 000 bytes load [TK1]") {
  const std::string long_token(100'000, 'a');
  const auto tokenizer = open({.vocabulary = R"("": 5, "a": 0, ")" + long_token + R"(": 1)", .merges = ""});
  CHECK(encode(*tokenizer, "aa") == Ids{0, 0});
  CHECK(tokenizer->decode(Ids{5, 1}) == long_token);
  CHECK(tokenizer->display(5) == "∅");
}

TEST_CASE("bpe: merges load as texts and as pairs, and unknown parts are refused by index [TK2]") {
  CHECK(encode(*open({}), "ab") == Ids{2});
  CHECK(encode(*open({.merges = R"(["a", "b"])"}), "ab") == Ids{2});
  check_refused({.merges = R"("a b", "a c")"}, Code::missing, "model.merges.1");
  check_refused({.merges = R"("b a")"}, Code::missing, "model.merges.0");
  for (const char* wrong : {R"("ab")", R"(["a"])", R"(["a", "b", "c"])", R"(["a", 1])", "5", "{}"})
    check_refused({.merges = wrong}, Code::malformed, "model.merges.0");
}

TEST_CASE("bpe: a merge is looked up as the pair it is, not as the text it makes") {
  const File file{.vocabulary = R"("a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5)",
                  .merges = R"("a bc", "b c", "a b")"};
  CHECK(encode(*open(file), "abc") == Ids{5});
  CHECK(encode(*open({.vocabulary = file.vocabulary, .merges = R"("a b", "a bc")"}), "abc") == Ids{3, 2});
}

TEST_CASE("bpe: components that are not known are refused by type [TK3]") {
  check_refused({.normalizer = R"({"type": "Lowercase"})"}, Code::unsupported, "normalizer.type");
  check_refused({.normalizer = R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "StripAccents"}]})"},
                Code::unsupported, "normalizer.normalizers.type");
  check_refused({.normalizer = R"({"type": 5})"}, Code::malformed, "normalizer.type");
  check_refused({.normalizer = R"({"type": "Sequence"})"}, Code::malformed, "normalizer.normalizers");
  check_refused({.pre = R"({"type": "Whitespace"})"}, Code::unsupported, "pre_tokenizer.type");
  check_refused({.pre = "null"}, Code::unsupported, "pre_tokenizer");
  check_refused({.pre = R"({"type": "ByteLevel"})"}, Code::unsupported, "pre_tokenizer.add_prefix_space");
  check_refused({.post = R"({"type": "RobertaProcessing"})"}, Code::unsupported, "post_processor.type");
  check_refused({.decoder = R"({"type": "Metaspace"})"}, Code::unsupported, "decoder.type");
  check_refused({.model = R"("byte_fallback": true, )"}, Code::unsupported, "model.byte_fallback");
  check_refused({.model = R"("end_of_word_suffix": "</w>", )"}, Code::unsupported, "model.end_of_word_suffix");
  check_refused({.model = R"("ignore_merges": "yes", )"}, Code::malformed, "model.ignore_merges");
  CHECK(encode(*open({.normalizer = R"({"type": "Sequence", "normalizers": [{"type": "NFC"}]})",
                      .model = R"("end_of_word_suffix": "", )"}),
               "ab") == Ids{2});
}

TEST_CASE("bpe: patterns are not taken from the file, so that none can hang [TK4]") {
  for (const char* pattern : {"(a+)+$", "(?<=x)y", "'s|'t"})
    check_refused(
        {.pre = std::string(R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": ")") +
                pattern + R"("}}, {"type": "ByteLevel"}]})"},
        Code::unsupported, "pre_tokenizer.pretokenizers.pattern.Regex");
}

TEST_CASE("bpe: texts of every kind keep their bytes, in bounded time [TK6]") {
  const auto tokenizer = neox();
  std::string controls, marks = "a";
  for (char byte = 0; byte < 32; ++byte) controls.push_back(byte);
  for (int i = 0; i < 20'000; ++i) marks += i % 2 ? "\u0316" : "\u0301";
  for (const std::string& text :
       {std::string(), controls, std::string(200'000, 'x'), std::string(200'000, ' '), std::string("a\0b", 3)}) {
    const auto pieces = tokenizer->encode_pieces(text).take();
    check_cover(pieces, text);
    Ids ids;
    for (const Piece& piece : pieces) ids.push_back(piece.id);
    CHECK(tokenizer->decode(ids) == text);
  }
  const std::string ordered =
      tokenizer->decode(encode(*tokenizer, marks));  // á, then the low marks, then the high ones
  CHECK(ordered.substr(0, 2 + 2 * 10'000) == [] {
    std::string expected = "a";
    for (int i = 0; i < 10'000; ++i) expected += "\u0316";
    return "\u00e1" + expected.substr(1);
  }());
  CHECK(ordered.size() == 2 + 2 * 19'999);
}

TEST_CASE("bpe: long runs of marks are composed as short ones are") {
  const auto tokenizer = neox();
  std::string once = "e\u0327\u0301\u0344q\u0307\u0323";
  const std::string alone = tokenizer->decode(encode(*tokenizer, once));
  std::string marks;
  for (int i = 0; i < 200; ++i) marks += "\u0315";
  // One segment of more than 256 bytes: the marks in front of the run of equal ones keep their classes' order.
  const std::string joined = tokenizer->decode(encode(*tokenizer, "e" + marks + "\u0327\u0301"));
  CHECK(joined == "\u0229\u0301" + marks);
  CHECK(alone == "\u0229\u0301\u0308\u0301q\u0323\u0307");
}

TEST_CASE("bpe: each invalid part is one U+FFFD and keeps its place [TK6]") {
  const auto tokenizer = neox();
  for (const std::string& text :
       {std::string("a\xFF"
                    "b"),
        std::string("\xED\xA0\x80"), std::string("\xF0\x9F\x99"), std::string("\xC0\xAF z")}) {
    CHECK(tokenizer->decode(encode(*tokenizer, text)) == repaired_utf8(text));
    const auto pieces = tokenizer->encode_pieces(text).take();
    CHECK(pieces.back().end == text.size());
    CHECK(
        std::is_sorted(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.begin < b.begin; }));
  }
}

TEST_CASE("bpe: a piece is the bytes of its token where the text was not changed") {
  const auto tokenizer = neox();
  for (const std::string& text : {std::string("The state of  the\n\n art, 12345!"), std::string("日本語 🙂 é"),
                                  std::string("a<|endoftext|>  b")}) {
    const auto pieces = tokenizer->encode_pieces(text).take();
    check_cover(pieces, text);
    for (const Piece& piece : pieces)
      CHECK(tokenizer->bytes_of(piece.id) == text.substr(piece.begin, piece.end - piece.begin));
  }
}

TEST_CASE("bpe: where normalisation changed the text, a piece covers what was changed") {
  const auto tokenizer = neox();
  const auto pieces = tokenizer->encode_pieces("xe\u0301y").take();
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const Piece& piece : pieces) places.emplace_back(piece.begin, piece.end);
  CHECK(places == std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {1, 4}, {4, 5}});
}

TEST_CASE("bpe: the longest added token wins, an empty one is left out [TK7]") {
  const auto tokenizer = open(
      {.added =
           R"({"id": 20, "content": "<e>"}, {"id": 21, "content": "<e><f>"}, {"id": 22, "content": "<f>"}, {"id": 23, "content": ""})"});
  CHECK(encode(*tokenizer, "<e><f><f><e>") == Ids{21, 22, 20});
  CHECK(encode(*tokenizer, "a<e>b") == Ids{0, 20, 1});
}

TEST_CASE("bpe: of two equal added tokens the first counts") {
  CHECK(encode(*open({.added = R"({"id": 20, "content": "<e>"}, {"id": 21, "content": "<e>"})"}), "<e>") == Ids{20});
}

TEST_CASE("bpe: added tokens may ask for a whole word and take the space beside them") {
  const auto with = [](const char* option) {
    return open({.added = std::string(R"({"id": 20, "content": "b", )") + option + ": true}"});
  };
  CHECK(encode(*with("\"single_word\""), "b ab b") == Ids{20, 3, 2, 3, 20});
  CHECK(encode(*with("\"lstrip\""), "a b") == Ids{0, 20});
  CHECK(encode(*with("\"rstrip\""), "b a") == Ids{20, 0});
}

TEST_CASE("bpe: templates add their tokens around the text, and only when asked") {
  const auto tokenizer = open(
      {.post =
           R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<end>", "type_id": 0}}, {"Sequence": {"id": "A"}}],)"
           R"( "special_tokens": {"<end>": {"id": "<end>", "ids": [20]}}})"});
  CHECK(encode(*tokenizer, "ab") == Ids{20, 2});
  CHECK(*tokenizer->encode("ab", false) == Ids{2});
  CHECK(tokenizer->encode_pieces("ab").take()[0].end == 0);
  const auto post = [](const std::string& single, const std::string& ids) {
    return File{.post = R"({"type": "TemplateProcessing", "single": )" + single +
                        R"(, "special_tokens": {"<end>": {"ids": )" + ids + "}}}"};
  };
  check_refused(post("5", "[20]"), Code::malformed, "post_processor.single");
  check_refused(post(R"([{"SpecialToken": {"id": "<other>"}}])", "[20]"), Code::malformed, "post_processor.single");
  check_refused(post(R"([{"SpecialToken": {"id": "<end>"}}])", "[-1]"), Code::out_of_range,
                "post_processor.special_tokens");
  std::string many = "[";
  for (int i = 0; i < 65; ++i) many += std::string(i ? "," : "") + R"({"SpecialToken": {"id": "<end>"}})";
  check_refused(post(many + "]", "[20]"), Code::too_large, "post_processor.single");
  std::string ids = "[20";
  for (int i = 0; i < 40; ++i) ids += ",20";
  const std::string once = R"([{"SpecialToken": {"id": "<end>"}}, {"Sequence": {"id": "A"}}])";
  const std::string twice = R"([{"SpecialToken": {"id": "<end>"}}, {"SpecialToken": {"id": "<end>"}}, {"Sequence": {"id": "A"}}])";
  CHECK(encode(*open(post(once, ids + "]")), "").size() == 41);
  check_refused(post(twice, ids + "]"), Code::too_large, "post_processor.special_tokens");
  const std::string part = post(once, ids + "]").post;
  check_refused({.post = R"({"type": "Sequence", "processors": [)" + part + "," + part + "]}"}, Code::too_large, "post_processor.processors.single");
}

TEST_CASE("bpe: whole pieces in the vocabulary skip the merges when the file says so") {
  const std::string vocabulary = R"("a": 0, "b": 1, "ab": 2)";
  CHECK(encode(*open({.vocabulary = vocabulary, .merges = ""}), "ab") == Ids{0, 1});
  CHECK(encode(*open({.vocabulary = vocabulary, .merges = "", .model = R"("ignore_merges": true, )"}), "ab") == Ids{2});
}

TEST_CASE("bpe: a whole piece is looked up in the alphabet of bytes, not as it reads") {
  const std::string vocabulary = R"("日": 1, "æĹ¥": 2, "æ": 3, "Ĺ": 4, "¥": 5)";
  CHECK(encode(*open({.vocabulary = vocabulary, .merges = "", .model = R"("ignore_merges": true, )"}), "日") == Ids{2});
  CHECK(encode(*open({.vocabulary = vocabulary, .merges = ""}), "日") == Ids{3, 4, 5});
}

TEST_CASE("symbols: unknown words are named, and vocabularies are refused by field") {
  const std::string path = LAB_SOURCE_DIR "/tests/golden/mamba1/config.json";
  CHECK(open_symbol_tokenizer(path).error().field == "pieces");
  CHECK(open_symbol_tokenizer("/nowhere").error().code == Code::not_found);
}
