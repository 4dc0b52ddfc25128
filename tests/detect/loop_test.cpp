// Loops of every period, by themselves and in what a model would have chosen.
#include <doctest/doctest.h>

#include <numeric>
#include <random>

#include "tracer/detect/stuck.h"

using namespace lab;

namespace {

constexpr std::size_t kVocabulary = 128;

/// 100 tokens drawn at random, then 0 .. period-1 again and again.
std::vector<std::int32_t> looping(std::int64_t period, std::int64_t length) {
  std::mt19937 random(static_cast<unsigned>(period));
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(static_cast<std::int32_t>(64 + random() % 64));
  for (std::int64_t i = 0; i < length; ++i) ids.push_back(static_cast<std::int32_t>(i % period));
  return ids;
}

/// Shows tokens to a detector; each is the first choice of the one before it unless `chosen` is false.
std::vector<Finding> show(const std::vector<std::int32_t>& ids, bool chosen) {
  StuckTokens detector;
  std::vector<Finding> found;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    std::vector<float> logits(kVocabulary);
    for (std::size_t v = 0; v < kVocabulary; ++v)
      logits[v] = static_cast<float>((v * 37 + t * 11) % 101) / 5;  // tells something, so only loops are found
    if (chosen && t + 1 < ids.size()) logits[static_cast<std::size_t>(ids[t + 1])] = 30;
    detector.see({.token = static_cast<std::int64_t>(t), .id = ids[t], .logits = logits}, found);
  }
  return found;
}

}  // namespace

TEST_CASE("loop: every period from 1 to 64 is found with its third repetition, and not a token before") {
  for (std::int64_t period = 1; period <= 64; ++period) {
    CAPTURE(period);
    const auto ids = looping(period, 3 * period);
    CHECK(loop_period(ids, 1) == period);
    CHECK(loop_period(std::span(ids).first(ids.size() - 1), 1) != period);
  }
  CHECK(loop_period(looping(65, 300), 1) == 0);
  CHECK(loop_period(looping(1, 0), 1) == 0);
  CHECK(loop_period({}, 1) == 0);
}

TEST_CASE("loop: the period is the one that comparing all tokens finds") {
  std::mt19937 random(11);
  int found = 0;
  for (int round = 0; round < 3000; ++round) {
    // Few letters and a repeated part, so that periods within periods are common.
    std::vector<std::int32_t> part(1 + random() % 9), ids;
    for (auto& id : part) id = static_cast<std::int32_t>(random() % 2);
    for (int i = 0; i < 60; ++i)
      ids.push_back(i < 20 ? static_cast<std::int32_t>(random() % 2) : part[static_cast<std::size_t>(i) % part.size()]);
    const std::size_t least = 1 + random() % 40;
    std::int64_t expected = 0;
    for (std::size_t p = 1; p <= 20 && expected == 0; ++p) {
      std::size_t same = 0;  // tokens at the end that are the one `p` before
      while (same + p < ids.size() && ids[ids.size() - 1 - same] == ids[ids.size() - 1 - same - p]) ++same;
      if (same + p >= std::max(3 * p, least)) expected = static_cast<std::int64_t>(p);
    }
    CHECK(loop_period(ids, static_cast<std::int64_t>(least)) == expected);
    found += expected > 0;
  }
  CHECK(found > 1000);
}

TEST_CASE("loop: a model that chooses its own loop is told of once, after three repetitions and 32 tokens") {
  for (std::int64_t period = 1; period <= 64; ++period) {
    CAPTURE(period);
    const auto found = show(looping(period, 400), true);
    REQUIRE(found.size() == 1);
    CHECK(found[0].value == static_cast<double>(period));
    CHECK(found[0].token == 100 + std::max<std::int64_t>(3 * period, 32) - 1);
  }
}

TEST_CASE("loop: tokens that repeat and are not what the model would choose are no loop of its own") {
  for (const std::int64_t period : {1, 2, 7, 64}) CHECK(show(looping(period, 400), false).empty());
}
