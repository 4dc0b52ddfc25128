// The GGUF container: what must be refused, by code and field, and what must load.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "model/base/hash.h"
#include "tests/files/gguf_image.h"
#include "tests/files/support.h"

using namespace lab;
using namespace lab::test;

namespace {

Error refusal_of(const std::string& bytes) {
  const auto parsed = gguf_of(bytes, "test.gguf");
  REQUIRE(!parsed);
  CHECK(parsed.error().file == "test.gguf");
  CHECK_FALSE(parsed.error().message.empty());
  return parsed.error();
}

void check(const std::string& bytes, Code code, const std::string& field) {
  const Error error = refusal_of(bytes);
  CAPTURE(error.text());
  CHECK(name_of(error.code) == std::string(name_of(code)));
  CHECK(error.field == field);
}
void check(const GgufImage& image, Code code, const std::string& field) { check(image.bytes(), code, field); }

// A small file with every kind of thing in it.
GgufImage sample() {
  GgufImage image;
  image.string("general.architecture", "mamba").integer("mamba.block_count", 2).number("mamba.epsilon", 1e-5f);
  image.array("list", GgufType::i32, 3, bytes_of(1) + bytes_of(-2) + bytes_of(3));
  return image.ones("a.weight", {3, 2}).ones("b", {5});
}

}  // namespace

TEST_CASE("gguf: a file of versions 2 and 3 is read with its keys, shapes and data") {
  for (const std::uint32_t version : {2u, 3u}) {
    GgufImage image = sample();
    image.version = version;
    const std::string bytes = image.bytes();
    const auto gguf = gguf_of(bytes);
    REQUIRE_MESSAGE(gguf, gguf.error().text());
    CHECK(gguf->version == version);
    REQUIRE(gguf->metadata.size() == 4);
    CHECK(gguf->metadata[1].key == "mamba.block_count");
    CHECK(gguf->find("general.architecture")->string() == "mamba");
    CHECK(gguf->find("absent") == nullptr);
    const TensorView* a = gguf->tensors.find("a.weight");
    REQUIRE(a);
    CHECK(a->shape == std::vector<std::int64_t>{2, 3});
    CHECK(a->dtype == DType::f32);
    CHECK(a->bytes == 24);
    CHECK(a->file == "test.gguf");
    CHECK(std::memcmp(a->data, bytes_of(1.0f).data(), 4) == 0);
    CHECK(gguf->tensors.find("b")->data == a->data + 32);
    CHECK(gguf->tensors.warnings().empty());
  }
}

TEST_CASE("gguf: values of every type are read as what they are, and convert to nothing else") {
  GgufImage image;
  image.value("u8", GgufType::u8, std::uint8_t{200}).value("i8", GgufType::i8, std::int8_t{-100});
  image.value("u16", GgufType::u16, std::uint16_t{60000}).value("i16", GgufType::i16, std::int16_t{-30000});
  image.value("u32", GgufType::u32, 4000000000u).value("i32", GgufType::i32, -2000000000);
  image.value("u64", GgufType::u64, std::uint64_t{1} << 62).value("i64", GgufType::i64, -(std::int64_t{1} << 62));
  image.value("huge", GgufType::u64, std::uint64_t{1} << 63);
  image.value("f32", GgufType::f32, 0.5f)
      .value("f64", GgufType::f64, 0.1)
      .boolean("yes", true)
      .string("text", "\xC3\xA9");
  image.array("texts", GgufType::string, 2, counted("") + counted("ab")).array("none", GgufType::f32, 0, "");
  const std::string bytes = image.bytes();
  const auto gguf = gguf_of(bytes);
  REQUIRE_MESSAGE(gguf, gguf.error().text());
  const auto at = [&](const char* key) { return *gguf->find(key); };
  CHECK(at("u8").integer() == 200);
  CHECK(at("i8").integer() == -100);
  CHECK(at("u16").integer() == 60000);
  CHECK(at("i16").integer() == -30000);
  CHECK(at("u32").integer() == 4000000000);
  CHECK(at("i32").integer() == -2000000000);
  CHECK(at("u64").integer() == std::int64_t{1} << 62);
  CHECK(at("i64").integer() == -(std::int64_t{1} << 62));
  CHECK_FALSE(at("huge").integer().has_value());
  CHECK(at("huge").number() == 0x1p63);
  CHECK(at("f32").number() == 0.5);
  CHECK(at("f64").number() == 0.1);
  CHECK(at("u8").number() == 200.0);
  CHECK(at("yes").boolean() == true);
  CHECK(at("text").string() == "\xC3\xA9");
  CHECK_FALSE(at("f32").integer().has_value());
  CHECK_FALSE(at("u8").boolean().has_value());
  CHECK_FALSE(at("yes").integer().has_value());
  CHECK_FALSE(at("text").number().has_value());
  const auto texts = at("texts").items();
  REQUIRE(texts.size() == 2);
  CHECK(texts[0].string() == "");
  CHECK(texts[1].string() == "ab");
  CHECK_FALSE(at("texts").string().has_value());
  CHECK(at("texts").brief() == "an array of 2 strings");
  CHECK(at("none").items().empty());
  CHECK(at("text").items().empty());
}

TEST_CASE("gguf: booleans of another byte and text that is no UTF-8 are kept and shown escaped [GG10]") {
  GgufImage image;
  image.value("flag", GgufType::boolean, std::uint8_t{7}).string("text", "\xFFz");
  const std::string bytes = image.bytes();
  const auto gguf = gguf_of(bytes);
  REQUIRE(gguf);
  CHECK_FALSE(gguf->find("flag")->boolean().has_value());
  CHECK(gguf->find("flag")->brief() == "a byte 7 for a boolean");
  CHECK(gguf->find("text")->brief() == "\"\\xffz\"");
}

TEST_CASE("gguf: what is no GGUF file is named by what it looks like [GG1]") {
  check("", Code::truncated, "magic");
  check("GGU", Code::truncated, "magic");
  check("GGML" + std::string(60, '\0'), Code::wrong_kind, "magic");
  CHECK(refusal_of("<!DOCTYPE html>").found == "a web page");
  CHECK(refusal_of("version https://git-lfs.github.com/spec/v1\n").found.find("Git LFS") != std::string::npos);
}

TEST_CASE("gguf: other versions are refused by number [GG1]") {
  for (const std::uint32_t version : {0u, 1u, 4u, 1000u}) {
    GgufImage image = sample();
    image.version = version;
    check(image, Code::unsupported, "version");
    CHECK(refusal_of(image.bytes()).found == std::to_string(version));
  }
}

TEST_CASE("gguf: a big-endian file is named and refused [GG1]") {
  GgufImage image = sample();
  image.version = __builtin_bswap32(3);
  check(image, Code::unsupported, "version");
  CHECK(refusal_of(image.bytes()).message == "the file is big-endian");
  CHECK(refusal_of(image.bytes()).offset == 4);
}

TEST_CASE("gguf: counts beyond what the file can hold are refused before anything is kept [GG2]") {
  for (const std::uint64_t count :
       {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1'000'000'000}, std::uint64_t{100}}) {
    GgufImage image = sample();
    image.tensor_count = count;
    check(image, Code::too_large, "tensor_count");
    image = sample();
    image.key_count = count;
    check(image, Code::too_large, "metadata_kv_count");
  }
}

TEST_CASE("gguf: crowds of keys and tensors meet a budget [GG2]") {
  GgufImage image;
  image.keys.assign(14 * 100'001, '\0');
  image.key_count = 100'001;
  check(image, Code::too_large, "metadata_kv_count");
  image = {};
  image.tensors.assign(33 * 200'001, '\0');
  image.tensor_count = 200'001;
  check(image, Code::too_large, "tensor_count");
}

TEST_CASE("gguf: keys that are empty, too long, doubled or hold a zero are refused [GG3]") {
  check(GgufImage().integer("", 1), Code::malformed, "key 0");
  check(GgufImage().integer("a", 1).integer(std::string("a\0b", 3), 1), Code::malformed, "key 1");
  check(GgufImage().integer(std::string(65536, 'k'), 1), Code::too_large, "key 0");
  CHECK(gguf_of(GgufImage().integer(std::string(65535, 'k'), 1).bytes()));
  check(GgufImage().integer("a", 1).integer("b", 1).string("a", ""), Code::duplicate, "a");
}

TEST_CASE("gguf: a string longer than the rest of the file is refused by its key [GG3]") {
  for (const std::uint64_t length : {std::uint64_t{3}, std::uint64_t{1} << 30}) {
    GgufImage image;
    image.value("text", 8, bytes_of(length) + "ab");
    check(image.header(), Code::truncated, "text");
  }
  for (const std::uint64_t length : {(std::uint64_t{1} << 30) + 1, ~std::uint64_t{0}, ~std::uint64_t{7}}) {
    GgufImage image;
    image.value("text", 8, bytes_of(length) + "ab");
    check(image, Code::too_large, "text");
  }
}

TEST_CASE("gguf: types of values that nobody knows are refused by their key [GG4]") {
  for (const std::uint32_t type : {13u, 255u, ~0u}) {
    check(GgufImage().value("a", type, std::string(8, '\0')), Code::unsupported, "a");
    GgufImage image;
    image.value("list", 9, bytes_of(type) + bytes_of<std::uint64_t>(1) + std::string(8, '\0'));
    check(image, Code::unsupported, "list");
  }
}

TEST_CASE("gguf: arrays of arrays are refused [GG4]") {
  check(GgufImage().array("list", GgufType::array, 1, bytes_of(4u) + bytes_of<std::uint64_t>(0)), Code::unsupported,
        "list");
}

TEST_CASE("gguf: an array of more elements than the file can hold is refused by its key [GG4]") {
  for (const std::uint64_t count : {std::uint64_t{3}, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    GgufImage image;
    image.array("list", GgufType::u64, count, std::string(16, '\0'));
    check(image.header(), Code::too_large, "list");
    image = {};
    image.array("texts", GgufType::string, count, counted("a") + counted(""));
    check(image.header(), Code::too_large, "texts");
  }
  GgufImage image;
  image.array("texts", GgufType::string, 2, counted("a") + bytes_of<std::uint64_t>(1000));
  check(image.header(), Code::truncated, "texts");
  image = {};
  image.array("crowd", GgufType::u8, (4u << 20) + 1, std::string((4u << 20) + 1, '\0'));
  check(image, Code::too_large, "crowd");
}

TEST_CASE("gguf: an alignment that is no power of two from 8 to 4096 is refused [GG5]") {
  for (const std::uint32_t alignment : {0u, 1u, 3u, 4u, 24u, 33u, 8192u, 1u << 31})
    check(GgufImage().integer("general.alignment", alignment), Code::out_of_range, "general.alignment");
  check(GgufImage().value("general.alignment", GgufType::u64, std::uint64_t{32}), Code::out_of_range,
        "general.alignment");
  check(GgufImage().string("general.alignment", "32"), Code::out_of_range, "general.alignment");
  check(GgufImage().array("general.alignment", GgufType::u32, 1, bytes_of(32u)), Code::out_of_range,
        "general.alignment");
  for (const std::uint32_t alignment : {8u, 64u, 4096u}) {
    GgufImage image;
    image.alignment = alignment;
    image.integer("general.alignment", alignment).ones("a", {3}).ones("b", {3});
    const std::string bytes = image.bytes();
    const auto gguf = gguf_of(bytes);
    REQUIRE_MESSAGE(gguf, gguf.error().text());
    CHECK(gguf->tensors.find("b")->data - gguf->tensors.find("a")->data == std::max<std::ptrdiff_t>(alignment, 16));
  }
}

TEST_CASE("gguf: numbers of dimensions that cannot be are refused by tensor [GG6]") {
  check(GgufImage().info("a", {}, 0, 0), Code::out_of_range, "a");
  check(GgufImage().info("a", {1, 1, 1, 1, 1}, 0, 0), Code::out_of_range, "a");
  GgufImage image;
  image.tensors = counted("a") + bytes_of(~0u) + std::string(64, '\0');
  image.tensor_count = 1;
  check(image, Code::out_of_range, "a");
}

TEST_CASE("gguf: extents whose product overflows are refused, an extent of zero is not [GG6]") {
  for (const std::vector<std::uint64_t>& extents : {std::vector<std::uint64_t>{std::uint64_t{1} << 63},
                                                    {std::uint64_t{1} << 32, std::uint64_t{1} << 31},
                                                    {std::uint64_t{1} << 62},
                                                    {0, std::uint64_t{1} << 32, std::uint64_t{1} << 32}})
    check(GgufImage().info("a", extents, 0, 0), Code::too_large, "a");
  const std::string bytes = GgufImage().info("a", {0, 7}, 0, 0).ones("b", {2}).bytes();
  const auto gguf = gguf_of(bytes);
  REQUIRE_MESSAGE(gguf, gguf.error().text());
  CHECK(gguf->tensors.find("a")->bytes == 0);
}

TEST_CASE("gguf: rows that are no whole blocks are refused by tensor [GG6]") {
  check(GgufImage().info("a", {33, 2}, 8, 0), Code::mismatch, "a");
  check(GgufImage().info("a", {32, 8}, 12, 0), Code::mismatch, "a");
  GgufImage image;
  image.data.assign(3 * 2 * 34, '\0');
  const std::string bytes = image.info("a", {64, 3}, 8, 0).bytes();
  const auto gguf = gguf_of(bytes);
  REQUIRE_MESSAGE(gguf, gguf.error().text());
  CHECK(gguf->tensors.find("a")->bytes == 204);
}

TEST_CASE("gguf: types of weights that cannot be read are refused by name [GG7]") {
  for (const auto& [type, name] :
       {std::pair{10u, "Q2_K"}, {16u, "IQ2_XXS"}, {4u, "type 4"}, {39u, "MXFP4"}, {~0u, "type 4294967295"}}) {
    check(GgufImage().info("a", {256}, type, 0), Code::unsupported, "a");
    CHECK(refusal_of(GgufImage().info("a", {256}, type, 0).bytes()).message == std::string(name) + " is not supported");
  }
}

TEST_CASE("gguf: a tensor that does not follow the one before it is refused [GG8]") {
  const auto with_offset = [](std::uint64_t offset) {
    GgufImage image;
    image.ones("a", {9});
    image.data.resize(256);
    return image.info("b", {2}, 0, offset);
  };
  CHECK(gguf_of(with_offset(64).bytes()));
  check(with_offset(36), Code::malformed, "b");
  check(with_offset(0), Code::overlap, "b");
  check(with_offset(32), Code::overlap, "b");
  check(with_offset(96), Code::overlap, "b");
  check(with_offset(std::uint64_t{1} << 40), Code::overlap, "b");
  check(with_offset(~std::uint64_t{31}), Code::overlap, "b");
  check(GgufImage().info("a", {1}, 0, 32), Code::overlap, "a");
}

TEST_CASE("gguf: data cut by one byte is refused by tensor [GG8]") {
  const std::string bytes = sample().bytes();
  check(bytes.substr(0, bytes.size() - 1), Code::truncated, "b");
  check(GgufImage().info("a", {1000}, 0, 0), Code::truncated, "a");
  check(GgufImage().info("a", {1000}, 0, 0).header(), Code::truncated, "a");
}

TEST_CASE("gguf: padding after the last tensor is nothing, more bytes are mentioned") {
  std::string bytes = sample().bytes();
  bytes.resize(bytes.size() + 12);  // b ends at 20 of 32
  CHECK(gguf_of(bytes)->tensors.warnings().empty());
  bytes.resize(bytes.size() + 1);
  REQUIRE(gguf_of(bytes)->tensors.warnings().size() == 1);
}

TEST_CASE("gguf: tensors' names that are empty, too long or doubled are refused") {
  check(GgufImage().ones("", {1}), Code::malformed, "tensor 0");
  check(GgufImage().ones("a", {1}).ones(std::string(64, 'n'), {1}), Code::too_large, "tensor 1");
  CHECK(gguf_of(GgufImage().ones(std::string(63, 'n'), {1}).bytes()));
  check(GgufImage().ones("a", {1}).ones("a", {1}), Code::duplicate, "a");
}

TEST_CASE("gguf: of a header larger than 128 MiB no more is read") {
  GgufImage image;
  const std::string megabytes(4u << 20, '\0');
  for (int i = 0; i < 33; ++i) image.array(std::to_string(i), GgufType::u8, megabytes.size(), megabytes);
  check(image, Code::too_large, "31");
}

// ---- models in several files

namespace {

GgufImage part(std::uint16_t number, std::uint16_t count, std::int32_t tensors) {
  GgufImage image;
  image.value("split.no", GgufType::u16, number).value("split.count", GgufType::u16, count);
  return image.value("split.tensors.count", GgufType::i32, tensors);
}
std::string part_file(int number, int count) {
  return "m-0000" + std::to_string(number) + "-of-0000" + std::to_string(count) + ".gguf";
}
void fill(const Folder& folder) {
  folder.put(part_file(1, 3), part(0, 3, 2).string("general.name", "whole").bytes());  // keys alone, as some writers do
  folder.put(part_file(2, 3), part(1, 3, 2).ones("a", {3}).bytes());
  folder.put(part_file(3, 3), part(2, 3, 2).ones("b", {4}).bytes());
}

void check_parts(const Folder& folder, Code code, const std::string& file, const std::string& field) {
  const auto opened = open_gguf(folder.at(part_file(1, 3)));
  REQUIRE(!opened);
  CAPTURE(opened.error().text());
  CHECK(name_of(opened.error().code) == std::string(name_of(code)));
  CHECK(opened.error().file == folder.at(file));
  CHECK(opened.error().field == field);
}

}  // namespace

TEST_CASE("gguf: any part of a split model opens all of it") {
  const Folder folder;
  fill(folder);
  for (int number = 1; number <= 3; ++number) {
    const auto gguf = open_gguf(folder.at(part_file(number, 3)));
    REQUIRE_MESSAGE(gguf, gguf.error().text());
    CHECK((*gguf)->find("general.name")->string() == "whole");
    CHECK((*gguf)->tensors.all().size() == 2);
    const TensorView* b = (*gguf)->tensors.find("b");
    REQUIRE(b);
    CHECK(b->file == part_file(3, 3));
    CHECK(std::memcmp(b->data, bytes_of(1.0f).data(), 4) == 0);
  }
}

TEST_CASE("gguf: parts that are missing are named") {
  const Folder folder;
  fill(folder);
  std::filesystem::remove(folder.path / part_file(2, 3));
  std::filesystem::remove(folder.path / part_file(3, 3));
  check_parts(folder, Code::missing, part_file(1, 3), "split.count");
  const std::string message = open_gguf(folder.at(part_file(1, 3))).error().message;
  CHECK(message.find(part_file(2, 3) + ", " + part_file(3, 3)) != std::string::npos);
}

TEST_CASE("gguf: a part of another number, model or name is refused by file") {
  const Folder folder;
  fill(folder);
  folder.put(part_file(2, 3), part(2, 3, 2).ones("a", {3}).bytes());
  check_parts(folder, Code::mismatch, part_file(2, 3), "split.no");
  folder.put(part_file(2, 3), part(1, 4, 2).ones("a", {3}).bytes());
  check_parts(folder, Code::mismatch, part_file(2, 3), "split.count");
  folder.put(part_file(2, 3), GgufImage().string("split.no", "1").bytes());
  check_parts(folder, Code::out_of_range, part_file(2, 3), "split.no");
  folder.put(part_file(2, 3), "GGUF");
  check_parts(folder, Code::truncated, part_file(2, 3), "version");
  fill(folder);
  folder.put("alone.gguf", part(0, 3, 2).bytes());
  CHECK(open_gguf(folder.at("alone.gguf")).error().field == "split.count");
  CHECK(open_gguf(folder.at("alone.gguf")).error().code == Code::mismatch);
}

TEST_CASE("gguf: names that do not tell the parts, and counts that cannot be, are refused by field") {
  struct Case {
    const char* name;
    GgufImage image;
    Code code;
    const char* field;
  };
  const auto with = [](const char* key, GgufType type, auto number) {
    GgufImage image;
    image.value("split.no", GgufType::u16, std::uint16_t{0});
    return image.value(key, type, number);
  };
  const GgufImage first = part(0, 3, 2);
  const Case cases[] = {
      {"m.gguf", first, Code::mismatch, "split.count"},
      {"m-1-of-3.gguf", first, Code::mismatch, "split.count"},
      {"m-0001-of-0003.gguf", first, Code::mismatch, "split.count"},
      {"m-000001-of-000003.gguf", first, Code::mismatch, "split.count"},
      {"m_00001_of_00003.gguf", first, Code::mismatch, "split.count"},
      {"m-00001-OF-00003.gguf", first, Code::mismatch, "split.count"},
      {"m-00001-of-00003.GGUF", first, Code::mismatch, "split.count"},
      {"m-00001-of-00003.gguf.part", first, Code::mismatch, "split.count"},
      {"m-00001-of-00003", first, Code::mismatch, "split.count"},
      {"m-0000x-of-00003.gguf", first, Code::mismatch, "split.count"},
      {"m-+0001-of-00003.gguf", first, Code::mismatch, "split.count"},
      {"-00001-of-00003.gguf", first, Code::mismatch, "split.count"},
      {"m-00001-of-00002.gguf", first, Code::mismatch, "split.count"},
      {"m-00001-of-00000.gguf", first, Code::mismatch, "split.count"},
      {"m-00000-of-00003.gguf", first, Code::mismatch, "split.count"},
      {"m-00004-of-00003.gguf", first, Code::mismatch, "split.count"},
      {"n-00001-of-00003.gguf", first, Code::missing, "split.count"},
      {"n-00003-of-00003.gguf", first, Code::missing, "split.count"},
      {"a.gguf", with("split.count", GgufType::i32, -1), Code::out_of_range, "split.count"},
      {"a.gguf", with("split.count", GgufType::u32, 100'000u), Code::out_of_range, "split.count"},
      {"a.gguf", with("split.count", GgufType::u64, ~std::uint64_t{0}), Code::out_of_range, "split.count"},
      {"a.gguf", with("split.count", GgufType::f32, 3.0f), Code::out_of_range, "split.count"},
      {"a.gguf", with("split.count", GgufType::boolean, std::uint8_t{1}), Code::out_of_range, "split.count"},
      {"a.gguf", GgufImage().string("split.count", "3"), Code::out_of_range, "split.count"},
      {"a.gguf", GgufImage().array("split.count", GgufType::u16, 1, bytes_of(std::uint16_t{3})), Code::out_of_range, "split.count"},
  };
  for (const Case& one : cases) {
    const Folder folder;
    fill(folder);
    CAPTURE(one.name);
    const auto opened = open_gguf(folder.put(one.name, one.image.bytes()));
    REQUIRE(!opened);
    CHECK(name_of(opened.error().code) == std::string(name_of(one.code)));
    CHECK(opened.error().field == one.field);
    CHECK(opened.error().file == folder.at(one.name));
    if (one.code == Code::mismatch) CHECK(opened.error().found == one.name);
  }
}

TEST_CASE("gguf: parts whose keys are of another kind are refused by file and key") {
  const auto second = [](const char* key, GgufType type, auto number) {
    GgufImage image;
    if (key != std::string("split.no")) image.value("split.no", GgufType::u16, std::uint16_t{1});
    if (key != std::string("split.count")) image.value("split.count", GgufType::u16, std::uint16_t{3});
    return image.value(key, type, number).ones("a", {3}).bytes();
  };
  const std::tuple<std::string, Code, const char*> cases[] = {
      {second("split.no", GgufType::u16, std::uint16_t{0}), Code::mismatch, "split.no"},
      {second("split.no", GgufType::u16, std::uint16_t{3}), Code::mismatch, "split.no"},
      {second("split.no", GgufType::i32, -1), Code::out_of_range, "split.no"},
      {second("split.no", GgufType::f32, 1.0f), Code::out_of_range, "split.no"},
      {second("split.no", GgufType::u64, ~std::uint64_t{0}), Code::out_of_range, "split.no"},
      {second("split.count", GgufType::u16, std::uint16_t{1}), Code::mismatch, "split.count"},
      {second("split.count", GgufType::u16, std::uint16_t{0}), Code::mismatch, "split.count"},
      {second("split.count", GgufType::f64, 3.0), Code::out_of_range, "split.count"},
      {GgufImage().ones("a", {3}).bytes(), Code::mismatch, "split.count"},
      {"", Code::truncated, "magic"},
      {"<html>", Code::wrong_kind, "magic"}};
  for (const auto& [bytes, code, field] : cases) {
    const Folder folder;
    fill(folder);
    folder.put(part_file(2, 3), bytes);
    check_parts(folder, code, part_file(2, 3), field);
  }
  for (const std::int32_t announced : {-1, 0, 1, 3, INT32_MAX}) {
    const Folder folder;
    fill(folder);
    folder.put(part_file(1, 3), part(0, 3, announced).bytes());
    check_parts(folder, announced < 0 ? Code::out_of_range : Code::mismatch, part_file(1, 3), "split.tensors.count");
  }
}

TEST_CASE("gguf: a tensor in two parts, and parts of too few tensors, are refused") {
  const Folder folder;
  fill(folder);
  folder.put(part_file(3, 3), part(2, 3, 2).ones("a", {4}).bytes());
  check_parts(folder, Code::duplicate, part_file(3, 3), "a");
  folder.put(part_file(3, 3), part(2, 3, 2).bytes());
  check_parts(folder, Code::mismatch, part_file(1, 3), "split.tensors.count");
}
