// Elements of a tensor as people write them.
#include <doctest/doctest.h>

#include "model/state_slice.h"

namespace lab {
namespace {

const std::vector<std::int64_t> kShape{3, 4, 5};

std::vector<std::int64_t> elements(const std::string& text, const std::vector<std::int64_t>& shape = kShape) {
  const auto slice = StateSlice::parse(text, shape);
  REQUIRE_MESSAGE(slice, (slice ? "" : slice.error().text()));
  std::vector<std::int64_t> flat;
  slice->for_each([&](std::int64_t i) { flat.push_back(i); });
  CHECK(static_cast<std::int64_t>(flat.size()) == slice->count());
  return flat;
}

TEST_CASE("slice: numbers, ranges and whole axes name elements in logical order") {
  CHECK(elements("2, 1, 3") == std::vector<std::int64_t>{2 * 20 + 1 * 5 + 3});
  CHECK(elements("1,:,4") == std::vector<std::int64_t>{24, 29, 34, 39});
  CHECK(elements(" 0 , 1:3 , 3: ") == std::vector<std::int64_t>{8, 9, 13, 14});
  CHECK(elements(":2, 0, 0") == std::vector<std::int64_t>{0, 20});
  CHECK(elements("2").size() == 20);
  CHECK(elements("2").front() == 40);
  CHECK(elements("").size() == 60);
  CHECK(elements(":").size() == 60);
  CHECK(StateSlice::parse("0:3", kShape)->is_whole());
  CHECK_FALSE(StateSlice::parse("0:2", kShape)->is_whole());
}

TEST_CASE("slice: of a cache without rows there is only all") {
  CHECK(elements("", {0, 4}).empty());
  CHECK(elements(":, 2", {0, 4}).empty());
  CHECK(StateSlice::parse("0", {0, 4}).error().code == Code::out_of_range);
}

TEST_CASE("slice: what names no elements is refused, saying what there is") {
  for (const char* text : {"3", "0, 4", "0, 0, 5", "2:2", "2:1", "1:4", "0, 2:5", "9223372036854775807", "0:9223372036854775807"}) {
    INFO(text);
    const auto slice = StateSlice::parse(text, kShape);
    REQUIRE_FALSE(slice);
    CHECK(slice.error().code == Code::out_of_range);
    CHECK(slice.error().field == "at");
    CHECK(slice.error().expected.find("[3, 4, 5]") != std::string::npos);
  }
  for (const char* text : {"x", "-1", "1.5", "1,,2", "0,", ",", "1:2:3", "99999999999999999999", "0x1", "+1"}) {
    INFO(text);
    const auto slice = StateSlice::parse(text, kShape);
    REQUIRE_FALSE(slice);
    CHECK(slice.error().code == Code::malformed);
  }
  const auto many = StateSlice::parse("0,0,0,0", kShape);
  REQUIRE_FALSE(many);
  CHECK(many.error().message == "the tensor has fewer axes");
}

}  // namespace
}  // namespace lab
