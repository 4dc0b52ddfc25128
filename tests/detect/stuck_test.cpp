// Stuck tokens and hidden states that do not vary: closed forms, and the same window by plain sums in double.
#include "tracer/detect/stuck.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

using namespace lab;

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr std::size_t kVocabulary = 64;

/// A token that chose `logits` and, where given, left residual rows.
struct Row {
  std::int32_t id = 0;
  std::vector<float> logits, embedding;
  std::vector<std::vector<float>> residuals;
};

std::vector<Finding> show(Detector& detector, const std::vector<Row>& rows, std::size_t first = 0,
                          std::size_t last = SIZE_MAX) {
  std::vector<Finding> found;
  for (std::size_t t = first; t < std::min(last, rows.size()); ++t) {
    std::vector<LayerSample> layers;
    for (const auto& residual : rows[t].residuals) layers.push_back({.residual = residual});
    detector.see({.token = static_cast<std::int64_t>(t),
                  .id = rows[t].id,
                  .layers = layers,
                  .embedding = rows[t].embedding,
                  .logits = rows[t].logits},
                 found);
  }
  return found;
}

/// 64 positions that read different tokens; `logits(t)` gives what each says.
template <class Logits>
std::vector<Row> window(Logits logits, std::size_t count = 64) {
  std::vector<Row> rows;
  for (std::size_t t = 0; t < count; ++t)
    rows.push_back({.id = static_cast<std::int32_t>(t % 50), .logits = logits(t)});
  return rows;
}

std::vector<float> certain(std::size_t token) {
  std::vector<float> logits(kVocabulary, kNever);
  logits[token] = 3;
  return logits;
}

/// Rows of normal numbers: four layers after an embedding, all different.
std::vector<Row> random_rows(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const auto draw = [&](std::size_t n, float mean) {
    std::vector<float> values(n);
    for (float& value : values) value = mean + normal(random);
    return values;
  };
  std::vector<Row> rows;
  for (std::size_t t = 0; t < count; ++t) {
    Row row{.id = static_cast<std::int32_t>(random() % 40), .logits = draw(kVocabulary, 0), .embedding = draw(8, 0.5f)};
    for (int l = 0; l < 4; ++l) row.residuals.push_back(draw(8, static_cast<float>(l)));
    rows.push_back(std::move(row));
  }
  return rows;
}

double entropy_of(const std::vector<double>& p) {
  double sum = 0;
  for (const double x : p) sum -= x > 0 ? x * std::log(x) : 0;
  return sum;
}

}  // namespace

TEST_CASE("stuck: positions that are each certain of another token carry all the information there is") {
  StuckTokens detector;
  CHECK(show(detector, window([](std::size_t t) { return certain(t); })).empty());
  REQUIRE(detector.window());
  CHECK(detector.window()->mean_entropy == doctest::Approx(0).epsilon(1e-15));
  CHECK(detector.window()->information() == doctest::Approx(std::log(64)).epsilon(1e-12));
  CHECK(detector.window()->relative_information() == doctest::Approx(1).epsilon(1e-12));
  CHECK(detector.window()->share == 1.0 / 64);
  CHECK(detector.window()->run == 1);
}

TEST_CASE("stuck: two distributions that take turns carry ln 2 less their entropy") {
  const double p = 0.8;
  StuckTokens detector;
  show(detector, window([&](std::size_t t) {
         std::vector<float> logits(kVocabulary, kNever);
         logits[t % 2] = static_cast<float>(std::log(p)), logits[1 - t % 2] = static_cast<float>(std::log(1 - p));
         return logits;
       }));
  // The logits are rounded to float: 1e-7 of their size.
  const double entropy = -p * std::log(p) - (1 - p) * std::log(1 - p);
  CHECK(detector.window()->information() == doctest::Approx(std::log(2) - entropy).epsilon(1e-6));
  CHECK(detector.window()->share == 0.5);
}

TEST_CASE("stuck: the same first choice at every position is stuck, no choice at all is flat, and NaN is neither") {
  StuckTokens stuck, flat, broken;
  const auto found = show(stuck, window([](std::size_t) { return certain(7); }));
  REQUIRE(found.size() == 1);
  CHECK(found[0].token == 63);
  CHECK(found[0].layer == -1);
  CHECK(found[0].value == 0);
  CHECK(found[0].text.find("were not looked at") != std::string::npos);
  CHECK(stuck.verdict() == StuckVerdict::stuck);
  CHECK(stuck.window()->run == 64);
  CHECK(stuck.window()->commonest == 7);
  CHECK(show(flat, window([](std::size_t) { return std::vector<float>(kVocabulary, 1.0f); })).size() == 1);
  CHECK(flat.verdict() == StuckVerdict::flat);
  CHECK(show(broken, window([](std::size_t) { return std::vector<float>(kVocabulary, NAN); })).empty());
  CHECK(broken.verdict() == StuckVerdict::none);
}

TEST_CASE("stuck: fifteen different tokens are too few to judge, sixteen are enough") {
  for (const int distinct : {15, 16}) {
    std::vector<Row> rows = window([](std::size_t) { return certain(7); });
    for (Row& row : rows) row.id %= distinct;
    StuckTokens detector;
    CHECK(show(detector, rows).size() == (distinct == 16 ? 1u : 0u));
  }
}

TEST_CASE("stuck: what lasts is said once, and again when it comes back") {
  StuckTokens detector;
  const auto found =
      show(detector, window([](std::size_t t) { return t < 300 || t >= 500 ? certain(7) : certain(t % 64); }, 700));
  REQUIRE(found.size() == 2);
  CHECK(found[0].token == 63);
  CHECK(found[1].token > 500);
}

TEST_CASE("stuck: a token that says no logits begins a new window") {
  std::vector<Row> rows = window([](std::size_t) { return certain(7); }, 120);
  rows[40].logits.clear();
  StuckTokens detector;
  const auto found = show(detector, rows);
  REQUIRE(found.size() == 1);
  CHECK(found[0].token == 104);
}

TEST_CASE("stuck: information and variation are those of the last 64 rows") {
  const auto rows = random_rows(64 * 5 + 16, 20261128);
  StuckTokens stuck;
  NonVaryingStates states;
  for (std::size_t end = 16; end <= rows.size(); end += 16) {
    show(stuck, rows, end - 16, end), show(states, rows, end - 16, end);
    if (end < 64) continue;
    std::vector<double> mean(kVocabulary);
    double entropy = 0;
    for (std::size_t t = end - 64; t < end; ++t) {
      std::vector<double> p(kVocabulary);
      double sum = 0;
      for (std::size_t v = 0; v < kVocabulary; ++v) sum += p[v] = std::exp(static_cast<double>(rows[t].logits[v]));
      for (std::size_t v = 0; v < kVocabulary; ++v) p[v] /= sum, mean[v] += p[v] / 64;
      entropy += entropy_of(p) / 64;
    }
    CAPTURE(end);
    CHECK(stuck.window()->entropy_of_mean == doctest::Approx(entropy_of(mean)).epsilon(1e-12));
    CHECK(stuck.window()->mean_entropy == doctest::Approx(entropy).epsilon(1e-12));
    for (std::size_t place = 0; place <= 4; ++place) {
      const auto row_of = [&](std::size_t t) { return place == 0 ? rows[t].embedding : rows[t].residuals[place - 1]; };
      std::vector<double> centre(8);
      double squares = 0, spread = 0;
      for (std::size_t t = end - 64; t < end; ++t)
        for (std::size_t i = 0; i < 8; ++i) centre[i] += row_of(t)[i] / 64.0, squares += std::pow(row_of(t)[i], 2) / 64;
      for (std::size_t t = end - 64; t < end; ++t)
        for (std::size_t i = 0; i < 8; ++i) spread += std::pow(row_of(t)[i] - centre[i], 2) / 64;
      CHECK(states.variation()[place] == doctest::Approx(spread / squares).epsilon(1e-12));
    }
  }
}

TEST_CASE("states: a vector that turns around a fixed one varies by the share of its square") {
  std::vector<Row> rows = window([](std::size_t) { return std::vector<float>{}; });
  for (std::size_t t = 0; t < rows.size(); ++t)
    rows[t].embedding = {t % 2 ? 3.0f : -3.0f, 4}, rows[t].residuals = {{0, 0}, {2, 2}};
  NonVaryingStates detector;
  show(detector, rows);
  CHECK(detector.variation() == std::vector<double>{9.0 / 25, 0, 0});
}

TEST_CASE("states: the first place that lets less than a tenth through is named, be it the embedding or a layer") {
  // Place p turns by `turns[p]` around a vector of length 1, so it varies by turn^2 / (1 + turn^2).
  const auto named = [](std::vector<float> turns, bool has_embedding) -> std::optional<int> {
    std::vector<Row> rows = window([](std::size_t) { return std::vector<float>{}; });
    for (std::size_t t = 0; t < rows.size(); ++t)
      for (std::size_t p = 0; p < turns.size(); ++p) {
        std::vector<float> x{1, t % 2 ? turns[p] : -turns[p]};
        if (p == 0 && has_embedding) rows[t].embedding = x;
        if (p > 0) rows[t].residuals.push_back(x);
      }
    NonVaryingStates detector;
    const auto found = show(detector, rows);
    if (found.empty()) return std::nullopt;
    CHECK(found.size() == 1);
    CHECK(detector.measured(found[0].layer) < 0.1f);
    CHECK(found[0].value == doctest::Approx(detector.measured(found[0].layer)));
    return found[0].layer;
  };
  CHECK(named({1, 1, 1, 1}, true) == std::nullopt);
  CHECK(named({0.1f, 1, 1, 1}, true) == -1);
  CHECK(named({1, 0, 1, 1}, true) == 0);
  CHECK(named({1, 1, 0.2f, 0.01f}, true) == 1);
  CHECK(named({1, 1, 1, 0}, true) == 2);
  CHECK(named({0, 0.1f, 1, 1}, false) == 0);
  CHECK(named({0, 1, 1, 1}, false) == std::nullopt);
}

TEST_CASE("stuck: a detector that was cloned in the middle finds and measures the same bits as one that went on") {
  auto rows = random_rows(700, 5);
  for (std::size_t t = 200; t < 420; ++t) rows[t].logits = certain(3), rows[t].residuals[2] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (const std::size_t cut : {1u, 63u, 64u, 100u, 263u, 400u, 431u}) {
    CAPTURE(cut);
    StuckTokens whole_stuck, first_stuck;
    NonVaryingStates whole_states, first_states;
    for (const auto& [whole, first] :
         {std::pair<Detector&, Detector&>(whole_stuck, first_stuck), {whole_states, first_states}}) {
      const auto expected = show(whole, rows);
      auto found = show(first, rows, 0, cut);
      const auto second = first.clone();
      for (const Finding& finding : show(*second, rows, cut)) found.push_back(finding);
      REQUIRE(!expected.empty());
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].token == expected[i].token);
        CHECK(found[i].layer == expected[i].layer);
        CHECK(found[i].value == expected[i].value);
        CHECK(found[i].text == expected[i].text);
      }
      CHECK((second->measured(-1) == whole.measured(-1)));
    }
  }
}
