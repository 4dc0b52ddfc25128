// Sampling against distributions worked out by hand.
#include "app/core/sampler.h"

#include <cmath>
#include <limits>
#include <map>

#include <doctest/doctest.h>

namespace lab {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Tokens 0 to 3 with probabilities 0.15, 0.5, 0.05, 0.3.
std::vector<float> logits() {
  std::vector<float> values;
  for (const double p : {0.15, 0.5, 0.05, 0.3}) values.push_back(static_cast<float>(std::log(p)));
  return values;
}
const std::vector<bool> kAll(4, true);

// Which token the distribution `probabilities`, in order of drawing, gives at a position.
std::int32_t expected(const std::vector<std::pair<std::int32_t, double>>& probabilities, std::int64_t seed,
                      std::int64_t position) {
  const double random = random_at(seed, position);
  double sum = 0;
  for (const auto& [id, p] : probabilities)
    if (random < (sum += p)) return id;
  return probabilities.back().first;
}

void check_draws(const Sampling& sampling, const std::vector<std::pair<std::int32_t, double>>& probabilities) {
  std::map<std::int32_t, double> probability(probabilities.begin(), probabilities.end());
  for (std::int64_t position = 0; position < 500; ++position) {
    const Result<NextToken> next = sample(logits(), sampling, position, kAll);
    REQUIRE(next);
    CHECK(next->id == expected(probabilities, sampling.seed, position));
    CHECK(next->probability == doctest::Approx(probability[next->id]).epsilon(1e-6));
  }
}

TEST_CASE("sampler: greedy takes the largest logit, of equal ones the lowest id") {
  const Sampling greedy{.greedy = true};
  CHECK(sample(logits(), greedy, 0, kAll)->id == 1);
  CHECK(sample(std::vector<float>{1, 3, 3, 2}, greedy, 5, kAll)->id == 1);
  CHECK(sample(logits(), greedy, 0, kAll)->probability == doctest::Approx(0.5).epsilon(1e-6));
}

TEST_CASE("sampler: the plain distribution is drawn in the order of ids") {
  check_draws({.seed = 3}, {{0, 0.15}, {1, 0.5}, {2, 0.05}, {3, 0.3}});
}

TEST_CASE("sampler: a temperature of one half squares the probabilities") {
  const double sum = 0.0225 + 0.25 + 0.0025 + 0.09;
  check_draws({.temperature = 0.5, .seed = 4},
              {{0, 0.0225 / sum}, {1, 0.25 / sum}, {2, 0.0025 / sum}, {3, 0.09 / sum}});
}

TEST_CASE("sampler: top-k keeps the k most probable and scales them to one") {
  check_draws({.top_k = 2, .seed = 5}, {{1, 0.625}, {3, 0.375}});
  check_draws({.top_k = 1, .seed = 5}, {{1, 1.0}});
}

TEST_CASE("sampler: top-p keeps the fewest that reach the share, at least one") {
  check_draws({.top_p = 0.7, .seed = 6}, {{1, 0.625}, {3, 0.375}});
  check_draws({.top_p = 0.9, .seed = 6}, {{1, 0.5 / 0.95}, {3, 0.3 / 0.95}, {0, 0.15 / 0.95}});
  check_draws({.top_p = 0.01, .seed = 6}, {{1, 1.0}});
}

TEST_CASE("sampler: top-p counts shares of what top-k has left") {
  check_draws({.top_k = 3, .top_p = 0.6, .seed = 7}, {{1, 0.625}, {3, 0.375}});  // 0.5 / 0.95 < 0.6
}

TEST_CASE("sampler: the random number depends on seed and position and nothing else") {
  CHECK(random_at(1, 2) == random_at(1, 2));
  CHECK(random_at(1, 2) != random_at(2, 1));
  CHECK(random_at(1, 2) != random_at(1, 3));
  double sum = 0;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    const double random = random_at(-5, i);
    CHECK(random >= 0);
    CHECK(random < 1);
    sum += random;
  }
  CHECK(sum / 10'000 == doctest::Approx(0.5).epsilon(0.03));  // five standard deviations of a mean of 10,000
}

TEST_CASE("sampler: rows without a token are never sampled, however probable") {
  std::vector<float> values = logits();
  values[1] = 100;
  const std::vector<bool> without{true, false, true, true};
  CHECK(sample(values, {.greedy = true}, 0, without)->id == 3);
  for (std::int64_t position = 0; position < 200; ++position) CHECK(sample(values, {}, position, without)->id != 1);
  CHECK(next_tokens(values, 1, -1, without).best.front().id == 3);
}

TEST_CASE("sampler: which rows have a token is asked of the tokenizer") {
  const auto tokenizer = byte_tokenizer();
  const std::vector<bool> sampleable = sampleable_tokens(tokenizer.get(), 260);
  CHECK(sampleable[255]);
  CHECK_FALSE(sampleable[256]);
  CHECK_FALSE(sampleable[259]);
  CHECK(sampleable_tokens(nullptr, 3) == std::vector<bool>{true, true, true});
}

TEST_CASE("sampler: NaN is impossible, and NaN for all is refused") {
  CHECK(sample(std::vector<float>{kNaN, 1, kNaN, 0}, {.greedy = true}, 0, kAll)->id == 1);
  const Result<NextToken> refused = sample(std::vector<float>(4, kNaN), {}, 0, kAll);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().field == "logits");
  CHECK_FALSE(sample(std::vector<float>(4, -std::numeric_limits<float>::infinity()), {.greedy = true}, 0, kAll));
}

TEST_CASE("sampler: an infinite logit takes everything") {
  std::vector<float> values = logits();
  values[2] = std::numeric_limits<float>::infinity();
  CHECK(sample(values, {}, 9, kAll)->id == 2);
  CHECK(sample(values, {}, 9, kAll)->probability == 1);
}

TEST_CASE("sampler: meaningless settings are refused by field") {
  CHECK(check({.temperature = 0}).error().field == "temperature");
  CHECK(check({.temperature = std::numeric_limits<double>::infinity()}).error().field == "temperature");
  CHECK(check({.top_k = -1}).error().field == "top_k");
  CHECK(check({.top_p = 0}).error().field == "top_p");
  CHECK(check({.top_p = 1.5}).error().field == "top_p");
  CHECK(check({.top_p = std::numeric_limits<double>::quiet_NaN()}).error().field == "top_p");
  CHECK(check({}));
}

TEST_CASE("sampler: what is expected next is sorted, with its entropy and the rank of what came") {
  const NextTokens next = next_tokens(logits(), 12, 3, kAll);
  CHECK(next.position == 12);
  REQUIRE(next.best.size() == 4);
  CHECK(next.best[0].id == 1);
  CHECK(next.best[1].id == 3);
  CHECK(next.best[2].id == 0);
  CHECK(next.best[3].id == 2);
  CHECK(next.best[0].probability == doctest::Approx(0.5).epsilon(1e-6));
  const double bits = -(0.15 * std::log2(0.15) + 0.5 * std::log2(0.5) + 0.05 * std::log2(0.05) + 0.3 * std::log2(0.3));
  CHECK(next.entropy_bits == doctest::Approx(bits).epsilon(1e-6));
  CHECK(next.came == 3);
  CHECK(next.came_rank == 1);
  CHECK(next.came_probability == doctest::Approx(0.3).epsilon(1e-6));
  CHECK(next_tokens(logits(), 12, -1, kAll).came_rank == -1);
}

}  // namespace
}  // namespace lab
