// The safetensors container: what must be refused, by code and field, and what must load.
#include <doctest/doctest.h>

#include <cmath>
#include <deque>

#include "model/base/hash.h"
#include "tests/files/damage.h"
#include "tests/files/support.h"

using namespace lab;
using namespace lab::test;

namespace {

// One entry of a header.
std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}
const std::string kA = entry("a", "F32", "[2]", "[0,8]"), kB = entry("b", "F32", "[1]", "[8,12]");

void check(const std::string& bytes, Code code, const std::string& field) {
  const Error error = refusal(bytes);
  INFO(bytes.substr(0, 200));
  CAPTURE(error.text());
  CHECK(name_of(error.code) == std::string(name_of(code)));
  CHECK(error.field == field);
}
void check_header(const std::string& header, std::size_t data, Code code, const std::string& field) {
  check(image(header, data), code, field);
}

// What every table must promise: ranges within the data, sizes that agree, bytes that can be read.
void check_table(const TensorTable& table, std::string_view bytes) {
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  for (const TensorView& tensor : table.all()) {
    REQUIRE(tensor.data >= first);
    REQUIRE(tensor.data + tensor.bytes <= first + bytes.size());
    REQUIRE(static_cast<std::size_t>(tensor.elements()) * size_of(tensor.dtype) == tensor.bytes);
    hash_bytes(tensor.data, tensor.bytes);
    REQUIRE(table.find(tensor.name) == &tensor);
  }
}

}  // namespace

TEST_CASE("safetensors: a file too short for its length is refused [ST1]") {
  for (std::size_t size = 0; size < 8; ++size) check(std::string(size, '\1'), Code::truncated, "header");
}

TEST_CASE("safetensors: an impossible header length is refused without wrapping [ST2]") {
  const std::string rest = "{}      ";
  check(image_with_length(0, rest), Code::malformed, "header");
  check(image_with_length(1, rest), Code::malformed, "header");
  check(image_with_length(9, rest), Code::truncated, "header");
  check(image_with_length(100'000'001, rest), Code::too_large, "header");
  for (const std::uint64_t length :
       {std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7, ~std::uint64_t{0} - 8})
    check(image_with_length(length, rest), Code::too_large, "header");
}

TEST_CASE("safetensors: other kinds of files are named by what they are [ST3]") {
  for (const auto& [start, name] : {std::pair<std::string, std::string>{"<!DOCTYPE html><html>", "a web page"},
                                    {"<html><body>", "a web page"},
                                    {"version https://git-lfs.github.com/spec/v1\n", "Git LFS"},
                                    {std::string("PK\3\4\x14\0\0\0\x08\0", 10), "zip"},
                                    {std::string("GGUF\3\0\0\0\0\0\0\0", 12), "GGUF"},
                                    {"\x80\x02}q\x01(X\x05", "pickle"}}) {
    const Error error = refusal(start + std::string(64, ' '));
    CHECK(error.code == Code::wrong_kind);
    CHECK(error.found.find(name) != std::string::npos);
  }
}

TEST_CASE("safetensors: a header of 640 bytes, which begins like a pickle, loads") {
  for (const std::size_t length : {0x280u, 0x480u}) {
    std::string header = "{" + kA + "}";
    header.resize(length, ' ');
    CHECK(parse_image(image(header, 8)));
  }
}

TEST_CASE("safetensors: a header that is no JSON object is refused with the byte's place [ST4]") {
  check_header("\xEF\xBB\xBF{}", 0, Code::malformed, "header");
  check_header(" {}", 0, Code::malformed, "header");
  check_header("[]", 0, Code::malformed, "header");
  check_header("{\"\xFF\":1}", 0, Code::malformed, "header");
  check_header("{" + kA + ",}", 8, Code::malformed, "header");
  check_header("{" + kA, 8, Code::malformed, "header");
  check_header("{" + kA + "}}", 8, Code::malformed, "header");
  check_header("{}" + std::string(6, '\0'), 0, Code::malformed, "header");
  const Error error = refusal(image("{" + kA + ",}", 8));
  CHECK(error.offset == static_cast<std::int64_t>(8 + 1 + kA.size() + 1));
}

TEST_CASE("safetensors: deep nesting is refused on a flat stack [ST5]") {
  check_header("{\"a\":" + std::string(100'000, '[') + "}", 0, Code::malformed, "a");
  check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}", 4, Code::malformed, "a.shape");
  check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,4]}}", 4, Code::malformed, "a.shape");
  check_header("{\"a\":{\"note\":" + std::string(100'000, '[') + "}}", 4, Code::malformed, "a.note");
  check_header("{\"__metadata__\":{\"a\":{}}}", 0, Code::malformed, "__metadata__.a");
}

TEST_CASE("safetensors: a name that appears twice is refused by name [ST6]") {
  check_header("{" + kA + "," + kA + "}", 8, Code::duplicate, "a");
  check_header("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, Code::duplicate, "__metadata__.k");
  check_header("{\"__metadata__\":{},\"__metadata__\":{}}", 0, Code::duplicate, "__metadata__");
}

TEST_CASE("safetensors: a field that is doubled or missing is refused, an unknown one is mentioned [ST7]") {
  check_header(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8, Code::duplicate,
               "a.dtype");
  check_header(R"({"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}})", 8, Code::duplicate, "a.shape");
  check_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"data_offsets":[0,8]}})", 8, Code::duplicate,
               "a.data_offsets");
  check_header(R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8, Code::missing, "a.dtype");
  check_header(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8, Code::missing, "a.shape");
  check_header(R"({"a":{"dtype":"F32","shape":[2]}})", 8, Code::missing, "a.data_offsets");
  const auto table =
      parse_image(image(R"({"a":{"dtype":"F32","note":["x",1.5,null],"shape":[2],"data_offsets":[0,8]}})", 8));
  REQUIRE(table);
  REQUIRE(table->warnings().size() == 1);
  CHECK(table->warnings()[0].find("a.note") != std::string::npos);
}

TEST_CASE("safetensors: values of another type are refused where they stand") {
  check_header(R"({"a":7})", 0, Code::malformed, "a");
  check_header("{" + kA + R"(,"b":7})", 8, Code::malformed, "b");
  check_header("{" + kA + R"(,"b":[8,12]})", 8, Code::malformed, "b");
  check_header(R"({"b":[1,2]})", 0, Code::malformed, "b");
  check_header(R"({"b":"text"})", 0, Code::malformed, "b");
  check_header(R"({"b":null})", 0, Code::malformed, "b");
  check_header(R"({"a":{"dtype":["F32"],"shape":[2],"data_offsets":[0,8]}})", 8, Code::malformed, "a.dtype");
  check_header(R"({"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}})", 8, Code::malformed, "a.dtype");
  check_header(R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", 8, Code::malformed, "a.shape");
  check_header(R"({"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}})", 8, Code::malformed, "a.shape");
  check_header(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8, Code::malformed, "a.shape");
  check_header(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8, Code::malformed, "a.shape");
  check_header(R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", 8, Code::too_large,
               "a.shape");
}

TEST_CASE("safetensors: ranges that are no ranges are refused by tensor [ST8]") {
  const auto with = [](const char* offsets) { return "{" + entry("a", "F32", "[2]", offsets) + "}"; };
  check_header(with("[8,0]"), 8, Code::mismatch, "a");
  check_header(with("[0,12]"), 8, Code::truncated, "a");
  check_header(with("[0,18446744073709551615]"), 8, Code::truncated, "a");
  check_header(with("[18446744073709551615,7]"), 8, Code::mismatch, "a");
  check_header(with("[9007199254740993,9007199254741001]"), 8, Code::truncated, "a");
  for (const char* wrong : {"[-8,0]", "[0.0,8.0]", "[\"0\",8]", "[0,null]", "8", "{}"})
    check_header(with(wrong), 8, Code::malformed, "a.data_offsets");
  for (const char* wrong : {"[]", "[8]", "[0,8,8]"}) check_header(with(wrong), 8, Code::malformed, "a.data_offsets");
}

TEST_CASE("safetensors: holes, overlaps and bytes left over are refused with their neighbours [ST9]") {
  check_header("{" + entry("a", "F32", "[1]", "[4,8]") + "}", 8, Code::overlap, "a");
  check_header("{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[8,12]") + "}", 12,
               Code::overlap, "b");
  check_header("{" + kA + "," + entry("b", "F32", "[1]", "[4,8]") + "}", 8, Code::overlap, "b");
  check_header("{" + kA + "," + entry("b", "F32", "[2]", "[0,8]") + "}", 8, Code::overlap, "b");
  check_header("{" + kA + "}", 9, Code::mismatch, "data");
  check_header("{}", 1, Code::mismatch, "data");
  const Error hole = refusal(
      image("{" + entry("first", "F32", "[1]", "[0,4]") + "," + entry("second", "F32", "[1]", "[8,12]") + "}", 12));
  CHECK(hole.message.find("first") != std::string::npos);
}

TEST_CASE("safetensors: element counts that overflow are refused [ST10]") {
  for (const char* shape :
       {"[4294967296,4294967296]", "[2305843009213693952,2]", "[9223372036854775807]", "[4611686018427387904,4,0]"})
    check_header("{" + entry("a", "F32", shape, "[0,4]") + "}", 4, Code::too_large, "a");
  check_header("{" + entry("a", "U8", "[8589934592,1073741824,0]", "[0,0]") + "}", 0, Code::too_large, "a");
}

TEST_CASE("safetensors: a size one element off is refused with both numbers [ST11]") {
  for (const char* shape : {"[1]", "[3]"})
    check_header("{" + entry("a", "F32", shape, "[0,8]") + "}", 8, Code::mismatch, "a");
  const Error error = refusal(image("{" + entry("a", "F32", "[3]", "[0,8]") + "}", 8));
  CHECK(error.expected == "12 bytes for F32 [3]");
}

TEST_CASE("safetensors: number types that are not supported are refused by name [ST12]") {
  for (const char* type : {"F4", "F8_E4M3", "C64", "f32", ""}) {
    check_header("{" + entry("a", type, "[2]", "[0,8]") + "}", 8, Code::unsupported, "a.dtype");
    CHECK(refusal(image("{" + entry("a", type, "[2]", "[0,8]") + "}", 8)).found == type);
  }
}

TEST_CASE("safetensors: unusual files that are valid load [ST13]") {
  std::deque<std::string> kept;  // tables point into their images
  const auto loads = [&](const std::string& header, std::size_t data) {
    const std::string& bytes = kept.emplace_back(image(header, data));
    const auto table = parse_image(bytes);
    INFO(header);
    REQUIRE_MESSAGE(table, table.error().text());
    check_table(*table, bytes);
    return *table;
  };
  loads("{}", 0);
  loads("{}     ", 0);
  loads("{" + kB + "," + kA + "}  \n\t", 12);
  loads(R"({"__metadata__":null,)" + kA + "}", 8);
  loads(R"({"__metadata__":{},)" + kA + "}", 8);
  CHECK(*loads(R"({"__metadata__":{"format":"pt"},)" + kA + "}", 8).metadata("format") == "pt");
  CHECK(loads("{" + entry("scalar", "F64", "[]", "[0,8]") + "}", 8).find("scalar")->elements() == 1);
  CHECK(loads("{" + entry("empty", "F32", "[0,5]", "[0,0]") + "," + kA + "}", 8).find("empty")->bytes == 0);
  const TensorTable odd =
      loads("{" + entry("half", "BF16", "[1]", "[0,2]") + "," + entry("whole", "F32", "[1]", "[2,6]") + "}", 6);
  float value;
  std::memcpy(&value, odd.find("whole")->data, 4);  // begins at an address that is no multiple of 4
  CHECK(hash_bytes(&value, 4) == hash_bytes("\1\1\1\1", 4));
  for (const char* type : {"BOOL", "U8", "I8"}) loads("{" + entry("a", type, "[8]", "[0,8]") + "}", 8);
  for (const char* type : {"F64", "I64", "U64"}) loads("{" + entry("a", type, "[1]", "[0,8]") + "}", 8);
}

TEST_CASE("safetensors: crowds of tensors and long texts meet a budget [ST14]") {
  std::string crowd = "{";
  for (int i = 0; i <= 200'000; ++i)
    crowd += entry(std::to_string(i), "U8", "[0]", "[0,0]") + (i < 200'000 ? "," : "}");
  check_header(crowd, 0, Code::too_large, "header");
  check_header("{" + entry(std::string((1 << 20) + 1, 'n'), "F32", "[2]", "[0,8]") + "}", 8, Code::too_large, "header");
  CHECK(parse_image(image("{" + entry(std::string(1 << 20, 'n'), "F32", "[2]", "[0,8]") + "}", 8)));
  check_header(R"({"__metadata__":{"k":")" + std::string(50 << 20, 'v') + "\"}}", 0, Code::too_large, "__metadata__");
  std::string keys = R"({"__metadata__":{)";
  for (int i = 0; i <= 100'000; ++i) keys += "\"" + std::to_string(i) + R"(":"",)";
  keys.back() = '}';
  check_header(keys + "}", 0, Code::too_large, "__metadata__");
  std::string fields = R"({"a":{)";
  for (int i = 0; i < 100; ++i) fields += "\"f" + std::to_string(i) + "\":1,";
  fields.back() = '}';
  check_header(fields + "}", 0, Code::too_large, "a");
  std::string ones = "[1";
  for (int i = 0; i < 32; ++i) ones += ",1";
  check_header("{" + entry("a", "U8", ones + "]", "[0,1]") + "}", 1, Code::too_large, "a.shape");
}

TEST_CASE("safetensors: metadata holds text and nothing else, and foreign names are shown escaped [ST15]") {
  for (const char* value : {"1", "null", "true", "[]", "1.5"})
    check_header(std::string(R"({"__metadata__":{"k":)") + value + "}}", 0, Code::malformed, "__metadata__.k");
  for (const char* value : {"1", "[]", "\"text\""})
    check_header(std::string(R"({"__metadata__":)") + value + "}", 0, Code::malformed, "__metadata__");
  const Error error = refusal(image(R"({"a\u0000\u001b[31m":7})", 0));
  CHECK(error.text().find("a\\x00\\x1b[31m") != std::string::npos);
}

TEST_CASE("safetensors: cut at any byte it is refused") {
  const std::string good = image("{" + kA + "," + kB + R"(,"__metadata__":{"format":"pt"}})", 12);
  REQUIRE(parse_image(good));
  for (std::size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(parse_image(std::string_view(good).substr(0, size)));
}

TEST_CASE("safetensors: with any bit of the header flipped it is refused, or is the valid file it now is") {
  const std::string good = image("{" + kA + "," + kB + R"(,"__metadata__":{"format":"pt"}}  )", 12);
  const std::size_t header_end = good.size() - 12;
  int opened = 0;
  for (std::size_t bit = 0; bit < header_end * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    if (const auto table = parse_image(bad)) {
      ++opened;
      check_table(*table, bad);
    }
  }
  CHECK(opened > 0);  // letters of names may change
  CHECK(opened < static_cast<int>(header_end) * 8 / 4);
}

TEST_CASE("safetensors: a header that claims 2^60 elements costs no memory") {
  const long before = peak_kilobytes();
  for (const char* shape : {"[1152921504606846976]", "[1073741824,1073741824]"}) {
    check_header("{" + entry("a", "U8", shape, "[0,1152921504606846976]") + "}", 4, Code::truncated, "a");
    check_header("{" + entry("a", "U8", shape, "[0,4]") + "}", 4, Code::mismatch, "a");
  }
  CHECK(peak_kilobytes() - before < 32 << 10);
}

TEST_CASE("safetensors: weights of every value load and are not looked at [ST16]") {
  const Folder folder;
  const std::vector<float> values = {NAN, INFINITY, -INFINITY, 0, 1e-42f};
  REQUIRE(write_safetensors(folder.at("w.safetensors"), {{"w", DType::f32, {5}, values.data()}}, {{"format", "pt"}}));
  const auto table = open_safetensors(folder.at("w.safetensors"));
  REQUIRE(table);
  CHECK(std::memcmp(table->find("w")->data, values.data(), 20) == 0);
  CHECK(table->find("w")->shape == std::vector<std::int64_t>{5});
  CHECK(*table->metadata("format") == "pt");
}
