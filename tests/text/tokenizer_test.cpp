#include <doctest/doctest.h>

#include <string>

#include "model/text/tokenizer.h"
#include "model/text/utf8.h"
#include "tests/files/damage.h"

using namespace lab;

namespace {

const std::string kNeox = LAB_SOURCE_DIR "/tests/golden/tokenizers/neox/";

std::unique_ptr<Tokenizer> neox() {
  auto opened = open_tokenizer(kNeox + "tokenizer.json");
  REQUIRE_MESSAGE(opened, opened.error().text());
  return opened.take();
}

// The error a tokenizer.json is refused with.
Error refusal(const std::string& json) {
  auto opened = parse_tokenizer(json, "tokenizer.json");
  REQUIRE(!opened);
  return opened.error();
}

// A small valid tokenizer with one part replaced.
std::string small(const std::string& change = "", const std::string& to = "") {
  std::string json =
      R"({"added_tokens": [{"id": 4, "content": "<end>", "special": true, "normalized": false}],)"
      R"( "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},)"
      R"( "post_processor": null, "decoder": {"type": "ByteLevel"},)"
      R"( "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3}, "merges": ["a b"]}})";
  if (change.empty()) return json;
  const std::size_t at = json.find(change);
  REQUIRE(at != std::string::npos);
  return json.replace(at, change.size(), to);
}

}  // namespace

TEST_CASE("neox: pieces point at the bytes they stand for") {
  const auto tokenizer = neox();
  const std::string text = "The state of e\u0301tat <|endoftext|>\n  two";
  std::size_t covered = 0;
  const std::vector<Piece> pieces = tokenizer->encode_pieces(text).take();
  for (const Piece& piece : pieces) {
    CHECK(piece.begin <= covered);
    CHECK(piece.end >= covered);
    covered = piece.end;
  }
  CHECK(covered == text.size());
}

TEST_CASE("bpe: the lowest rank wins, then the leftmost pair") {
  auto tokenizer = parse_tokenizer(small(), "small").take();
  CHECK(*tokenizer->encode("abab ab") == std::vector<std::int32_t>{2, 2, 3, 2});
  CHECK(*tokenizer->encode("a<end>b") == std::vector<std::int32_t>{0, 4, 1});
  CHECK(tokenizer->decode(std::vector<std::int32_t>{2, 4, 9}, true) == "ab<end><9>");
  CHECK(tokenizer->decode(std::vector<std::int32_t>{2, 4}, false) == "ab");
}

TEST_CASE("bpe: a piece of a megabyte is merged in n log n") {
  auto tokenizer = parse_tokenizer(small(), "small").take();
  CHECK(tokenizer->encode(std::string(1 << 20, 'a'))->size() == std::size_t{1} << 20);
}

TEST_CASE("tokenizer files are refused by field") {
  CHECK(refusal("[]").field == "model");
  CHECK(refusal(small(R"("type": "BPE")", R"("type": "Unigram")")).field == "model.type");
  CHECK(refusal(small(R"("merges": ["a b"])", R"("merges": ["a c"])")).field == "model.merges.0");
  CHECK(refusal(small(R"("merges": ["a b"])", R"("merges": ["ab"])")).field == "model.merges.0");
  CHECK(refusal(small(R"("merges": ["a b"])", R"("merges": 3)")).field == "model.merges");
  CHECK(refusal(small(R"("a": 0)", R"("a": -1)")).code == Code::out_of_range);
  CHECK(refusal(small(R"("a": 0)", R"("a": 4294967297)")).code == Code::out_of_range);
  CHECK(refusal(small(R"("a": 0)", R"("a": 0.5)")).code == Code::malformed);
  CHECK(refusal(small(R"("a": 0)", R"("a": 1)")).code == Code::duplicate);
  CHECK(refusal(small(R"("a": 0)", R"("b": 0)")).code == Code::duplicate);
  CHECK(refusal(small("NFC", "NFKC")).field == "normalizer.type");
  CHECK(refusal(small(R"("pre_tokenizer": {"type": "ByteLevel")", R"("pre_tokenizer": {"type": "Whitespace")")).field == "pre_tokenizer.type");
  CHECK(refusal(small(R"("post_processor": null)", R"("post_processor": {"type": "Bert"})")).field == "post_processor.type");
  CHECK(refusal(small(R"("decoder": {"type": "ByteLevel"})", R"("decoder": {"type": "WordPiece"})")).field == "decoder.type");
  CHECK(refusal(small(R"("id": 4)", R"("id": "4")")).field == "added_tokens.0.id");
  CHECK(refusal(small(R"("special": true)", R"("special": 1)")).field == "added_tokens.0.special");
}

TEST_CASE("tokenizer: texts that are no tokenizer.json, and parts of another kind, are refused by field") {
  struct Case {
    std::string text;
    Code code;
    const char* field;
  };
  const auto model = [](const char* inside) {
    return std::string(R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "model": )") + inside + "}";
  };
  const auto added = [](const char* token) {
    return small(R"({"id": 4, "content": "<end>", "special": true, "normalized": false})", token);
  };
  const auto id = [](const char* value) { return small(R"("a": 0)", R"("a": )" + std::string(value)); };
  const Case cases[] = {
      {"", Code::malformed, ""},
      {"<html>", Code::malformed, ""},
      {"\xEF\xBB\xBF" + small(), Code::malformed, ""},
      {small() + "x", Code::malformed, ""},
      {small(R"("a": 0)", "\"\xFF\": 0"), Code::malformed, ""},
      {small(R"("a": 0)", R"("\ud800": 0)"), Code::malformed, ""},
      {small(R"("a": 0)", R"("a": Infinity)"), Code::malformed, ""},
      {small(R"("a": 0)", R"("a": 1e400)"), Code::out_of_range, "a"},
      {small(R"("a": 0)", R"("a": 0, "a": 5)"), Code::duplicate, "a"},
      {small(R"("a": 0)", R"("a": )" + std::string(100'000, '[')), Code::too_large, ""},
      {"null", Code::missing, "model"},
      {"7", Code::missing, "model"},
      {"{}", Code::missing, "model"},
      {model("null"), Code::missing, "model"},
      {model("[]"), Code::missing, "model"},
      {model("\"BPE\""), Code::missing, "model"},
      {model("{}"), Code::missing, "model.vocab"},
      {model(R"({"vocab": null})"), Code::missing, "model.vocab"},
      {model(R"({"vocab": []})"), Code::missing, "model.vocab"},
      {model(R"({"vocab": {}})"), Code::missing, "model.merges"},
      {model(R"({"vocab": {}, "merges": null})"), Code::missing, "model.merges"},
      {model(R"({"vocab": {}, "merges": {}})"), Code::missing, "model.merges"},
      {model(R"({"type": 7, "vocab": {}, "merges": []})"), Code::unsupported, "model.type"},
      {model(R"({"type": null, "vocab": {}, "merges": []})"), Code::unsupported, "model.type"},
      {model(R"({"type": "bpe", "vocab": {}, "merges": []})"), Code::unsupported, "model.type"},
      {id("null"), Code::malformed, "model.vocab.a"},
      {id("true"), Code::malformed, "model.vocab.a"},
      {id("\"0\""), Code::malformed, "model.vocab.a"},
      {id("[0]"), Code::malformed, "model.vocab.a"},
      {id("0.0"), Code::malformed, "model.vocab.a"},
      {id("1e1"), Code::malformed, "model.vocab.a"},
      {id("2147483648"), Code::out_of_range, "model.vocab.a"},
      {id("18446744073709551616"), Code::malformed, "model.vocab.a"},
      {small(R"(["a b"])", R"([["a"]])"), Code::malformed, "model.merges.0"},
      {small(R"(["a b"])", R"([["a", "b", "ab"]])"), Code::malformed, "model.merges.0"},
      {small(R"(["a b"])", R"([["a", 1]])"), Code::malformed, "model.merges.0"},
      {small(R"(["a b"])", R"([null])"), Code::malformed, "model.merges.0"},
      {small(R"(["a b"])", R"(["a b", " b"])"), Code::missing, "model.merges.1"},
      {small(R"(["a b"])", R"(["a  b"])"), Code::missing, "model.merges.0"},
      {added("7"), Code::malformed, "added_tokens.0.content"},
      {added("{}"), Code::malformed, "added_tokens.0.content"},
      {added(R"({"id": 4, "content": null})"), Code::malformed, "added_tokens.0.content"},
      {added(R"({"content": "x"})"), Code::malformed, "added_tokens.0.id"},
      {added(R"({"id": null, "content": "x"})"), Code::malformed, "added_tokens.0.id"},
      {added(R"({"id": -1, "content": "x"})"), Code::out_of_range, "added_tokens.0.id"},
      {added(R"({"id": 0, "content": "x"})"), Code::duplicate, "added_tokens.0.id"},
      {added(R"({"id": 4, "content": "x", "normalized": "no"})"), Code::malformed, "added_tokens.0.normalized"},
      {added(R"({"id": 4, "content": "x", "single_word": 1})"), Code::malformed, "added_tokens.0.single_word"},
      {added(R"({"id": 4, "content": "x", "lstrip": []})"), Code::malformed, "added_tokens.0.lstrip"},
      {added(R"({"id": 4, "content": "x", "rstrip": {}})"), Code::malformed, "added_tokens.0.rstrip"},
  };
  for (const Case& one : cases) {
    CAPTURE(printable(one.text, 400));
    const Error error = refusal(one.text);
    CHECK(name_of(error.code) == std::string(name_of(one.code)));
    CHECK(error.field == std::string(one.field));
    CHECK(error.file == "tokenizer.json");
  }
}

TEST_CASE("tokenizer: a file cut anywhere, or with any bit flipped, is refused, or encodes and decodes a text") {
  const auto open = [](const std::string& text) -> Status {
    LAB_ASSIGN(const auto tokenizer, parse_tokenizer(text, "tokenizer.json"));
    const auto ids = tokenizer->encode(" ab a<end>b\xC3\xA9");
    if (ids) tokenizer->decode(*ids);
    return {};
  };
  const std::string characters =
      R"({"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "_"}, )"
      R"({"type": "Replace", "pattern": {"String": " "}, "content": "_"}]}, "pre_tokenizer": null, )"
      R"("post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "s"}}, {"Sequence": {"id": "A"}}], )"
      R"("special_tokens": {"s": {"ids": [0]}}}, "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": )"
      R"({"String": "_"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}, )"
      R"("model": {"type": "BPE", "unk_token": "u", "fuse_unk": true, "byte_fallback": true, )"
      R"("vocab": {"u": 0, "_": 1, "a": 2, "_a": 3, "<0xC3>": 4}, "merges": ["_ a"]}})";
  for (const std::string& good : {small(), characters}) {
    test::check_truncations(good, open);
    const std::size_t opened = test::check_flips(good, 0, good.size(), open);
    CHECK(opened > 0);
    CHECK(opened < good.size() * 8 / 2);
  }
}

TEST_CASE("utf-8: each maximal invalid part is one replacement") {
  CHECK(repaired_utf8("a\xF0\x9F\x99z") == "a\uFFFDz");
  CHECK(repaired_utf8("\xC0\xAF") == "\uFFFD\uFFFD");
  CHECK(repaired_utf8("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(repaired_utf8("\xE2\x82") == "\uFFFD");
  CHECK(complete_utf8("ab\xE2\x82") == 2);
  CHECK(complete_utf8("ab\xE2\x82\xAC") == 5);
}

TEST_CASE("stream decoder: text appears when its character is complete") {
  const auto bytes = byte_tokenizer();
  StreamDecoder decoder(*bytes);
  CHECK(decoder.feed(0xE2) == "");
  CHECK(decoder.feed(0x82) == "");
  CHECK(decoder.feed(0xAC) == "€");
  CHECK(decoder.feed(0xE2) == "");
  CHECK(decoder.flush() == "\uFFFD");
}

TEST_CASE("bytes: any text survives, and display is printable") {
  const auto bytes = byte_tokenizer();
  const std::string text("\0\xFF \n", 4);
  const auto ids = bytes->encode(text);
  CHECK(*ids == std::vector<std::int32_t>{0, 255, 32, 10});
  CHECK(bytes->display(32) == "␣");
  CHECK(bytes->display(10) == "↵");
  CHECK(bytes->display(255) == "\\xff");
}
