// BPE of characters: byte fallback, unknown characters, marks for spaces, and the decoders that belong to them. Ids are
// those of the `tokenizers` package 0.23.3 on the same files.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/text/tokenizer.h"

using namespace lab;

namespace {

using Ids = std::vector<std::int32_t>;

const std::string kReplace = R"({"type": "Replace", "pattern": {"String": "▁"}, "content": " "})";
const std::string kStrip = R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})";

std::string sequence(const char* name, const std::string& parts) {
  return std::string(R"({"type": "Sequence", ")") + name + R"(": [)" + parts + "]}";
}

// A tokenizer.json from the insides of its parts.
struct File {
  std::string vocabulary = R"("<unk>": 0, "▁": 1, "a": 2, "b": 3, "x": 4, "▁a": 5)", merges = R"(["▁", "a"])", added;
  std::string normalizer =
      sequence("normalizers", R"({"type": "Prepend", "prepend": "▁"},)"
                              R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})");
  std::string pre = "null", post = "null";
  std::string decoder = sequence("decoders", kReplace + R"(, {"type": "ByteFallback"}, {"type": "Fuse"}, )" + kStrip);
  std::string model = R"("unk_token": "<unk>", "fuse_unk": true, )";
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

Ids encode(const File& file, const std::string& text) { return open(file)->encode(text).take(); }

void check_refused(const File& file, Code code, const std::string& field) {
  const auto opened = parse_tokenizer(file.json(), "t.json");
  INFO(file.json());
  REQUIRE(!opened);
  CAPTURE(opened.error().text());
  CHECK(name_of(opened.error().code) == std::string(name_of(code)));
  CHECK(opened.error().field == field);
  CHECK(opened.error().file == "t.json");
}

File metaspace(const std::string& options) {
  return {.vocabulary = R"("<unk>": 0, "▁": 1, "a": 2, "b": 3, "x": 4, "▁a": 6)",
          .added = R"({"id": 7, "content": "<e>"})",
          .normalizer = "null",
          .pre = R"({"type": "Metaspace", "replacement": "▁", )" + options + "}"};
}

// Bytes of é and €, and letters beside them.
const File kBytes{
    .vocabulary = R"("<unk>": 0, "a": 1, "<0xC3>": 2, "<0xA9>": 3, "<0xE2>": 4, "<0x82>": 5, "<0xAC>": 6)",
    .merges = "",
    .normalizer = "null",
    .model = R"("unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, )"};

}  // namespace

TEST_CASE("characters: a mark is put in front of each text and stands for spaces") {
  CHECK(encode({}, "a b") == Ids{5, 1, 3});
  CHECK(encode({}, " a") == Ids{1, 5});
  CHECK(encode({}, "") == Ids{});
  const auto tokenizer = open({});
  CHECK(tokenizer->decode(Ids{5, 1, 3}) == "a b");
  CHECK(tokenizer->display(5) == "␣a");
  const auto pieces = tokenizer->encode_pieces(" xa").take();
  REQUIRE(pieces.size() == 4);
  CHECK(pieces[0].end == 0);  // the mark that nothing in the text stands for
  CHECK(pieces[1].end == 1);
  CHECK(pieces[3].end == 3);
}

TEST_CASE("characters: a character without token is its bytes, or unknown where one of them has no token") {
  CHECK(encode(kBytes, "éa€") == Ids{2, 3, 1, 4, 5, 6});
  CHECK(encode(kBytes, "日日a") == Ids{0, 1});
  // The reference keeps what is unknown back until the next character with a token of its own.
  CHECK(encode(kBytes, "日é日日a") == Ids{2, 3, 0, 1});
  CHECK(encode(kBytes, "日éa") == Ids{2, 3, 0, 1});
  File lower = kBytes;
  lower.vocabulary = R"("<unk>": 0, "<0xc3>": 1, "<0xa9>": 2)";
  CHECK(encode(lower, "é") == Ids{0});
}

TEST_CASE("characters: pieces keep their order where unknown characters wait") {
  std::size_t end = 0;
  for (const Piece& piece : open(kBytes)->encode_pieces("日é日éa").take()) {
    CHECK(piece.begin <= piece.end);
    CHECK(piece.end >= end);
    end = piece.end;
  }
  CHECK(end == 11);
}

TEST_CASE("characters: unknown ones in a row are one token where the file fuses them, and none where it has none") {
  const auto with = [](const char* model) { return File{.normalizer = "null", .model = model}; };
  CHECK(encode(with(R"("unk_token": "<unk>", "fuse_unk": true, )"), "日日a日") == Ids{0, 2, 0});
  CHECK(encode(with(R"("unk_token": "<unk>", )"), "日日a日") == Ids{0, 0, 2, 0});
  CHECK(encode(with(""), "日日a日") == Ids{2});
}

TEST_CASE("characters: a run of byte tokens is UTF-8 as a whole, or one replacement a token") {
  const auto tokenizer = open(kBytes);
  CHECK(tokenizer->decode(Ids{4, 5, 6}) == "€");
  CHECK(tokenizer->decode(Ids{4, 5}) == "\uFFFD\uFFFD");
  CHECK(tokenizer->decode(Ids{4, 5, 6, 4}) == "\uFFFD\uFFFD\uFFFD\uFFFD");
  CHECK(tokenizer->decode(Ids{4, 1, 5}) == "\uFFFDa\uFFFD");
  StreamDecoder stream(*tokenizer);
  for (const std::int32_t id : {4, 5, 6}) CHECK(stream.feed(id) == "");
  CHECK(stream.feed(1) == "€a");
  CHECK(stream.feed(2) == "");
  CHECK(stream.flush() == "\uFFFD");
}

TEST_CASE("characters: one space is taken from the start of the text, not of a token") {
  const auto tokenizer = open({});
  CHECK(tokenizer->decode(Ids{1, 1, 2}) == " a");
  CHECK(tokenizer->decode(Ids{2, 5}) == "a a");
  CHECK(tokenizer->decode(Ids{1}) == "");
  StreamDecoder stream(*tokenizer);
  CHECK(stream.feed(1) == "");
  CHECK(stream.feed(5) == " a");
}

TEST_CASE("characters: the metaspace puts its mark in front of every text, the first or none") {
  const auto ids = [](const std::string& scheme, const std::string& text) {
    const Ids whole = encode(metaspace(R"("split": false, "prepend_scheme": ")" + scheme + "\""), text);
    CHECK(encode(metaspace(R"("prepend_scheme": ")" + scheme + "\""), text) == whole);  // with splits the same here
    return whole;
  };
  CHECK(ids("always", "a<e>a b") == Ids{6, 7, 6, 1, 3});
  CHECK(ids("first", "a<e>a b") == Ids{6, 7, 2, 1, 3});
  CHECK(ids("never", "a<e>a b") == Ids{2, 7, 2, 1, 3});
  CHECK(ids("first", "<e>a") == Ids{7, 2});
  CHECK(ids("always", " a") == Ids{6});
  CHECK(ids("always", "▁a") == Ids{6});
  CHECK(encode(metaspace(R"("add_prefix_space": false)"), "a") == Ids{2});
  CHECK(encode(metaspace(R"("add_prefix_space": true)"), "a") == Ids{6});
}

TEST_CASE("characters: words of a metaspace begin at each mark and do not merge across it") {
  File file = metaspace(R"("prepend_scheme": "never")");
  file.vocabulary += R"(, "a▁": 8)";
  file.merges = R"(["a", "▁"])";
  CHECK(encode(file, "a a") == Ids{2, 1, 2});
  file.pre = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": false})";
  CHECK(encode(file, "a a") == Ids{8, 2});
}

TEST_CASE("characters: added tokens that are normalised are looked for as they become") {
  const File file{.added = R"({"id": 6, "content": "<e>", "normalized": true})"};
  CHECK(encode(file, "<e>b") == Ids{6, 3});
  CHECK(encode(file, "a <e>b") == Ids{5, 6, 3});
  CHECK(encode(file, " <e>") == Ids{1, 6});
  CHECK(encode(file, "a<e>b") == Ids{5, 0, 3});  // no mark in front of it
}

TEST_CASE("characters: of two equal merges the last rank counts") {
  const std::string vocabulary = R"("a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4)";
  const auto with = [&](const char* merges) {
    return File{.vocabulary = vocabulary, .merges = merges, .normalizer = "null", .model = ""};
  };
  CHECK(encode(with(R"("a b", "b c")"), "abc") == Ids{3, 2});
  CHECK(encode(with(R"("a b", "b c", "a b")"), "abc") == Ids{0, 4});
}

TEST_CASE("characters: components that do not fit together are refused by name") {
  const auto with_pre = [](const std::string& parts) { return File{.pre = sequence("pretokenizers", parts)}; };
  const std::string space = R"({"type": "Metaspace", "replacement": "▁"})";
  const std::string split =
      R"({"type": "Split", "pattern": {"Regex": "\\p{N}"}, "behavior": "Isolated", "invert": false})";
  const std::string bytes = R"({"type": "ByteLevel", "add_prefix_space": false})";
  check_refused(with_pre(space + "," + space), Code::unsupported, "pre_tokenizer.pretokenizers.type");
  check_refused(with_pre(split + "," + space), Code::unsupported, "pre_tokenizer.pretokenizers.type");
  check_refused(with_pre(bytes + "," + split), Code::unsupported, "pre_tokenizer.pretokenizers.type");
  check_refused(with_pre(split), Code::unsupported, "pre_tokenizer");
  check_refused(with_pre(bytes), Code::unsupported, "decoder");
  check_refused({.decoder = R"({"type": "ByteLevel"})"}, Code::unsupported, "pre_tokenizer");
  check_refused({.decoder = "null"}, Code::missing, "decoder");
}

TEST_CASE("characters: parts with values that are not done are refused by field") {
  const auto with_split = [](const std::string& rest) {
    return File{.pre = R"({"type": "Split", "pattern": {"Regex": "\\p{N}"}, )" + rest + "}"};
  };
  check_refused(with_split(R"("behavior": "Removed")"), Code::unsupported, "pre_tokenizer.behavior");
  check_refused(with_split(R"("behavior": "Isolated", "invert": true)"), Code::unsupported, "pre_tokenizer.invert");
  check_refused({.pre = R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Isolated"})"}, Code::unsupported,
                "pre_tokenizer.pattern");
  check_refused({.pre = R"({"type": "Metaspace", "replacement": ""})"}, Code::malformed, "pre_tokenizer.replacement");
  check_refused({.pre = R"({"type": "Metaspace", "replacement": "▁▁"})"}, Code::malformed, "pre_tokenizer.replacement");
  check_refused(metaspace(R"("prepend_scheme": "last")"), Code::unsupported, "pre_tokenizer.prepend_scheme");
  check_refused({.normalizer = R"({"type": "Prepend"})"}, Code::malformed, "normalizer.prepend");
  check_refused({.normalizer = R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "x"})"},
                Code::unsupported, "normalizer.pattern");
  check_refused({.normalizer = R"({"type": "Replace", "pattern": {"String": ""}, "content": "x"})"}, Code::malformed,
                "normalizer.pattern");
  check_refused({.normalizer = R"({"type": "Replace", "pattern": {"String": "x"}})"}, Code::malformed,
                "normalizer.content");
}

TEST_CASE("characters: replacements that make texts grow without bound are refused") {
  const std::string grow = R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aaa"})";
  check_refused({.normalizer = sequence("normalizers", grow + "," + grow)}, Code::too_large,
                "normalizer.normalizers.content");
  check_refused({.decoder = sequence("decoders", grow + "," + grow)}, Code::too_large, "decoder.decoders.content");
  check_refused({.normalizer = R"({"type": "Prepend", "prepend": ")" + std::string(257, 'x') + "\"}"}, Code::too_large,
                "normalizer.prepend");
}

TEST_CASE("characters: decoders in another order or with other values are refused by field") {
  const auto with = [](const std::string& parts) { return File{.decoder = sequence("decoders", parts)}; };
  const std::string fuse = R"({"type": "Fuse"})", fallback = R"({"type": "ByteFallback"})";
  check_refused(with(fallback + "," + kReplace), Code::unsupported, "decoder.decoders.type");
  check_refused(with(kReplace + "," + kStrip), Code::unsupported, "decoder.decoders.type");
  check_refused(with(R"({"type": "ByteLevel"}, )" + fuse), Code::unsupported, "decoder.decoders.type");
  check_refused(with(fuse + R"(, {"type": "Strip", "content": "x", "start": 1, "stop": 0})"), Code::unsupported,
                "decoder.decoders.content");
  check_refused(with(fuse + R"(, {"type": "Strip", "content": " ", "start": 1, "stop": 1})"), Code::unsupported,
                "decoder.decoders.stop");
  check_refused(with(fuse + R"(, {"type": "Strip", "content": " ", "start": -1, "stop": 0})"), Code::out_of_range,
                "decoder.decoders.start");
}

TEST_CASE("characters: tokens that are named and not there, or there twice, are refused") {
  check_refused({.model = R"("unk_token": "<none>", )"}, Code::missing, "model.unk_token");
  check_refused({.model = R"("dropout": 0.1, )"}, Code::unsupported, "model.dropout");
  check_refused({.added = R"({"id": 2, "content": "<e>"})"}, Code::duplicate, "added_tokens.0.id");
  const auto with_template = [](const std::string& single) {
    return File{.post = R"({"type": "TemplateProcessing", "single": [)" + single +
                        R"(], "special_tokens": {"<s>": {"ids": [99]}}})"};
  };
  check_refused(with_template(R"({"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}})"), Code::out_of_range,
                "post_processor.special_tokens");
  check_refused(with_template(""), Code::unsupported, "post_processor.single");
  check_refused(with_template(R"({"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}})"), Code::unsupported,
                "post_processor.single");
}
