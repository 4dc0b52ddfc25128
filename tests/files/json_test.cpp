// JSON from strangers: bounded, exact about numbers, and nothing twice.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "model/files/json.h"
#include "tests/files/damage.h"

using namespace lab;

namespace {

constexpr JsonLimits kConfig{.bare_non_finite = true};

Error refusal(const std::string& text, const JsonLimits& limits = {}) {
  auto json = parse_json(text, limits, "test.json");
  INFO(text.substr(0, 100));
  REQUIRE(!json);
  CHECK(json.error().file == "test.json");
  return json.error();
}

Json parsed(const std::string& text, const JsonLimits& limits = {}) {
  auto json = parse_json(text, limits, "test.json");
  INFO(text.substr(0, 100));
  REQUIRE_MESSAGE(json, json.error().text());
  return json.take();
}

}  // namespace

TEST_CASE("json: what is no JSON is refused with the byte's place") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "nul",
                           "1 2",
                           "{} x",
                           "\"\\x\"",
                           "\"a\nb\"",
                           "+1",
                           "01",
                           ".5",
                           "1.",
                           "// c\n1",
                           "'a'",
                           "\"\xFF\"",
                           "\"\xED\xA0\x80\"",
                           "\"\\ud800\"",
                           "\"\\ud800x\"",
                           "NaN",
                           "Infinity"})
    CHECK(refusal(text).code == Code::malformed);
  CHECK(refusal("{\"a\":1,}").offset == 7);
  CHECK(refusal("[1, 2, x]").offset == 7);
}

TEST_CASE("json: a zero byte and a byte order mark are refused") {
  const Error zero = refusal(std::string("{}\0{}", 5));
  CHECK(zero.code == Code::malformed);
  CHECK(zero.offset == 2);
  CHECK(refusal("\xEF\xBB\xBF{}").offset == 0);
}

TEST_CASE("json: a key that appears twice is refused by name, at any depth") {
  const Error error = refusal(R"({"a": {"b": 1, "c": 2, "b": 3}})");
  CHECK(error.code == Code::duplicate);
  CHECK(error.field == "b");
  parsed(R"({"a": {"b": 1}, "b": {"a": 1}})");
}

TEST_CASE("json: whole numbers convert only when they are written and fit as such") {
  const auto integer = [](const char* text) { return parsed(text).integer(); };
  CHECK(integer("4294967297") == 4294967297);
  CHECK(integer("9223372036854775807") == INT64_MAX);
  CHECK(integer("-9223372036854775808") == INT64_MIN);
  CHECK(integer("-0") == 0);
  for (const char* text : {"9223372036854775808", "18446744073709551616", "-9223372036854775809", "1.0", "1e2", "1.9",
                           "\"1\"", "true", "null", "[]"})
    CHECK_FALSE(integer(text));
}

TEST_CASE("json: numbers keep the value they are written with") {
  CHECK(parsed("9007199254740993").text() == "9007199254740993");
  CHECK(parsed("0.1").number() == 0.1);
  CHECK(parsed("-1e-5").number() == -1e-5);
  CHECK_FALSE(parsed("\"1\"").number());
  CHECK_FALSE(parsed("true").number());
}

TEST_CASE("json: a number beyond double is refused with its field") {
  const Error error = refusal(R"({"a": {"b": 1e400}})");
  CHECK(error.code == Code::out_of_range);
  CHECK(error.field == "b");
}

TEST_CASE("json: bare Infinity and NaN are numbers in configuration files [CF1]") {
  const Json json = parsed(
      R"({"a": [0.0, Infinity], "b": -Infinity, "c": NaN, "d": {"__float__": "Infinity"}, "e": "Infinity, NaN"})",
      kConfig);
  CHECK(json.find("a")->items()[1].number() == std::numeric_limits<double>::infinity());
  CHECK(json.find("b")->number() == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(*json.find("c")->number()));
  CHECK(json.find("d")->number() == std::numeric_limits<double>::infinity());
  CHECK(json.find("e")->text() == "Infinity, NaN");
  CHECK(json.find("a")->items()[1].brief() == "Infinity");
}

TEST_CASE("json: words that only look like non-finite numbers are refused") {
  for (const char* text : {"Infinityx", "xNaN", "+Infinity", "--Infinity", "1Infinity", "{Infinity: 1}", "-NaN",
                           "infinity", "[1-Infinity]"})
    CHECK(refusal(text, kConfig).code == Code::malformed);
  CHECK(parsed(R"(["\"", "NaN \\", "\\\"NaN"])", kConfig).items()[2].text() == "\\\"NaN");
  CHECK_FALSE(parsed(R"({"__float__": "1.5"})", kConfig).number());
  CHECK_FALSE(parsed(R"({"__float__": 5})", kConfig).number());
  CHECK_FALSE(parsed(R"({"__float__": "NaN", "b": 1})", kConfig).number());
}

TEST_CASE("json: every limit is kept") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  parsed(nested(16));
  CHECK(refusal(nested(17)).code == Code::too_large);
  CHECK(refusal(std::string(100'000, '[')).code == Code::too_large);
  std::string objects;
  for (int i = 0; i < 17; ++i) objects += "{\"a\":";
  CHECK(refusal(objects).code == Code::too_large);
  CHECK(refusal("[1,2,3]", {.values = 3}).code == Code::too_large);
  parsed("[1,2]", {.values = 3});
  CHECK(refusal("[1,2,3]", {.bytes = 6}).code == Code::too_large);
  CHECK(refusal("\"abcd\"", {.string_bytes = 3}).code == Code::too_large);
  CHECK(refusal("{\"abcd\":1}", {.string_bytes = 3}).code == Code::too_large);
}

TEST_CASE("json: objects are found by key, and other kinds hold nothing") {
  const Json json = parsed(R"({"a": null, "b": [1, "x"], "": true})");
  CHECK(json.find("a")->is_null());
  CHECK(json.find("")->boolean() == true);
  CHECK(json.find("c") == nullptr);
  CHECK(json.find("b")->find("a") == nullptr);
  CHECK(json.find("b")->items().size() == 2);
  CHECK(json.find("b")->brief() == "an array of 2");
  CHECK(json.find("b")->items()[1].brief() == "\"x\"");
}

TEST_CASE("json: a text of more values than allowed is refused in little memory, however many keys it has") {
  std::string text = "{";
  for (int i = 0; i < 1'200'000; ++i) text.append(i > 0 ? ",\"" : "\"").append(std::to_string(i)).append("\":0");
  const test::Spent spent;
  CHECK(refusal(text + "}", {.bytes = 64 << 20, .values = 1'200'000}).code == Code::too_large);
  spent.check();
}
