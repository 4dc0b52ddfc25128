// Drift: its identities, and what the rules on it find. Source: analysis.md 3.2.
#include "tracer/detect/drift.h"

#include <numbers>
#include <random>

#include "tests/detect/feed.h"

using namespace lab;
using namespace lab::test;

TEST_CASE("drift: growth, turn and the drift of document 2 belong together") {
  std::mt19937 random(31);
  std::normal_distribution<float> normal;
  for (const float scale : {0.1f, 1.0f, 12.0f})
    for (int i = 0; i < 50; ++i) {
      std::vector<float> a(40), b(40);
      for (std::size_t k = 0; k < a.size(); ++k) {
        a[k] = normal(random);
        b[k] = scale * (normal(random) + a[k]);
      }
      const DriftStep step = drift_between(a, b);
      const double r = std::exp(step.growth);
      // Sums of forty doubles: a few rounding units of the largest term.
      REQUIRE(step.seed_drift * step.seed_drift == doctest::Approx((r - 1) * (r - 1) + 2 * r * step.turn).epsilon(1e-12));
    }
}

TEST_CASE("drift: an orthogonal turn is 1.414 and a reversal 2 by document 2, and only a ninefold norm can pass 10") {
  const std::vector<float> a{3, 0}, turned{0, 3}, reversed{-3, 0}, against{-27.1f, 0}, along{33.1f, 0};
  CHECK(drift_between(a, turned).seed_drift == doctest::Approx(std::numbers::sqrt2).epsilon(1e-15));
  CHECK(drift_between(a, turned).turn == 1);
  CHECK(drift_between(a, turned).growth == 0);
  CHECK(drift_between(a, reversed).seed_drift == 2);
  CHECK(drift_between(a, against).seed_drift > 10);
  CHECK(drift_between(a, std::vector<float>{-26.9f, 0}).seed_drift < 10);
  CHECK(drift_between(a, along).seed_drift > 10);
}

TEST_CASE("drift: from nothing it is undefined, not infinite") {
  const DriftStep step = drift_between(std::vector<float>{0, 0}, std::vector<float>{1, 0});
  CHECK(std::isnan(step.growth));
  CHECK(std::isnan(step.turn));
  CHECK(std::isnan(step.seed_drift));
  CHECK(std::isnan(drift_between(std::vector<float>{1, 0}, std::vector<float>{0, 0}).turn));
}

TEST_CASE("drift: growth of 1 % a token is found at the end of the third chunk") {
  Watched watched({rule_of("drift"), rule_of("drift-document-2")});
  const std::int64_t begin = 2 * kDriftChunk;
  for (std::int64_t t = 0; t < begin + 4 * kDriftChunk; ++t) {
    const double norm = std::pow(1.01, static_cast<double>(std::max<std::int64_t>(0, t + 1 - begin)));
    watched.see(of_state({static_cast<float>(norm), 0}));
    if (t + 1 == begin + kDriftChunk) CHECK(watched.monitor.measured(1, 0) == doctest::Approx(std::pow(1.01, 512) - 1).epsilon(1e-5));
  }
  REQUIRE(watched.alerts.size() == 2);
  CHECK(watched.alerts[0].rule == 1);  // by a factor of 163 in one chunk
  CHECK(watched.alerts[0].finding.token == begin + kDriftChunk - 1);
  CHECK(watched.alerts[1].rule == 0);
  CHECK(watched.alerts[1].finding.token == begin + 3 * kDriftChunk - 1);
  CHECK(watched.alerts[1].finding.value == doctest::Approx(512 * std::log(1.01)).epsilon(1e-6));
}

TEST_CASE("drift: two chunks of growth are not enough, and three of shrinking are") {
  Watched watched(rule_of("drift"));
  const auto chunks = [&](std::initializer_list<double> norms) {
    for (const double norm : norms)
      for (int t = 0; t < kDriftChunk; ++t) watched.see(of_norm(norm));
  };
  chunks({1, 1, 4, 16, 16, 16});
  CHECK(watched.alerts.empty());
  chunks({7, 3});
  CHECK(watched.alerts.empty());
  chunks({1});
  REQUIRE(watched.alerts.size() == 1);
  CHECK(watched.alerts[0].finding.value == doctest::Approx(std::log(16.0 / 7)).epsilon(1e-6));
}

TEST_CASE("drift: a norm that goes up and down does not drift") {
  Watched watched(rule_of("drift"));
  for (int chunk = 0; chunk < 12; ++chunk)
    for (int t = 0; t < kDriftChunk; ++t) watched.see(of_norm(chunk % 2 ? 5 : 1));
  CHECK(watched.alerts.empty());
  CHECK(watched.monitor.measured(0, 0) == 0);
}

TEST_CASE("turn: a chunk that turns as it never did is found, whatever the norm") {
  Watched watched(rule_of("turn"));
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  double angle = 0;
  for (int chunk = 0; chunk < 140; ++chunk) {
    angle += chunk == 139 ? 1.5 : 0.2 + 0.02 * normal(random);
    for (int t = 0; t < kDriftChunk; ++t) watched.see(of_state({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))}));
  }
  REQUIRE(watched.alerts.size() == 1);
  CHECK(watched.alerts[0].finding.token == 140 * kDriftChunk - 1);
}
