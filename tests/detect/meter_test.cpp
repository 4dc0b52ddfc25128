// What every measuring rule does: limits, dead time, self-calibration; and the rules on single statistics.
#include "tracer/detect/meter.h"

#include <bit>
#include <random>

#include "tests/detect/feed.h"
#include "tracer/detect/norms.h"

using namespace lab;
using namespace lab::test;

namespace {

Rule track(const std::string& statistic, const std::string& side, double limit) {
  Rule rule = rule_of("track", limit);
  rule.statistic = statistic;
  rule.side = side;
  return rule;
}

std::vector<std::int64_t> tokens_of(const Watched& watched) {
  std::vector<std::int64_t> tokens;
  for (const Alert& alert : watched.alerts) tokens.push_back(alert.finding.token);
  return tokens;
}

}  // namespace

TEST_CASE("rule: an event is found at its first token, once, however long it lasts") {
  Watched watched(track("h_norm", "above", 2));
  for (int t = 0; t < 500; ++t) watched.see(of_norm(t >= 100 && t < 400 ? 3 : 1));
  CHECK(tokens_of(watched) == std::vector<std::int64_t>{100});
  CHECK(watched.alerts[0].finding.value == 3);
  CHECK(watched.alerts[0].finding.limit == 2);
  CHECK(watched.alerts[0].finding.text == "h_norm is 3, above 2");
}

TEST_CASE("rule: events within the dead time are one, and one that outlasts it is found at its end") {
  Watched watched(track("h_norm", "above", 2));
  for (int t = 0; t < 400; ++t) watched.see(of_norm(t == 10 || t == 30 || t == 73 || t == 74 || t >= 130 ? 3 : 1));
  CHECK(tokens_of(watched) == std::vector<std::int64_t>{10, 74, 138});
}

TEST_CASE("rule: held for five tokens, below, and in one layer only") {
  Rule rule = track("decay_mean", "below", 0.5);
  rule.held = 5;
  rule.layer = 1;
  Watched watched({rule}, 2);
  const auto see = [&](double first, double second, int tokens) {
    for (int t = 0; t < tokens; ++t) watched.see({Made().set(Statistic::decay_mean, first), Made().set(Statistic::decay_mean, second)});
  };
  see(0.1, 0.9, 20);
  see(0.1, 0.4, 4);
  see(0.1, 0.5, 1);
  CHECK(watched.alerts.empty());
  see(0.1, 0.4, 5);
  REQUIRE(watched.alerts.size() == 1);
  CHECK(watched.alerts[0].finding.layer == 1);
  CHECK(watched.alerts[0].finding.token == 29);
}

TEST_CASE("rule: layers have limits of their own") {
  Rule rule = track("h_norm", "above", 99);
  rule.layer_limits = {5, 1};
  Watched watched({rule}, 2);
  watched.see({of_norm(4), of_norm(4)});
  REQUIRE(watched.alerts.size() == 1);
  CHECK(watched.alerts[0].finding.layer == 1);
  CHECK(watched.alerts[0].finding.limit == 1);
}

TEST_CASE("rule: what a layer has not is never beyond a limit") {
  for (const std::string side : {"above", "below"}) {
    Watched watched(track("gate_mean", side, 0));
    for (int t = 0; t < 10; ++t) watched.see(Made().set(Statistic::gate_mean, kNan));
    CHECK(watched.alerts.empty());
    CHECK(std::isnan(watched.monitor.measured(0, 0)));
  }
}

TEST_CASE("norm bands of document 2: healthy from 0.1 to 10") {
  Watched watched({rule_of("norm-low", 0.1), rule_of("norm-high", 10)});
  for (const double norm : {0.11, 9.9, 0.09, 10.1}) watched.see(of_norm(norm));
  REQUIRE(watched.alerts.size() == 2);
  CHECK(watched.alerts[0].finding.token == 2);
  CHECK(watched.alerts[1].finding.token == 3);
}

TEST_CASE("norm rules leave out layers whose state grows with every token") {
  std::vector<LayerInfo> layers(1, LayerInfo{.kind = "attention", .parts = {"k", "v"}});
  for (const std::string kind : {"norm-high", "norm-jump", "explosion", "norm-ceiling", "drift"}) {
    Monitor monitor({rule_of(kind)}, layers);
    for (int t = 0; t < 1600; ++t) {
      const Made made = of_norm(std::pow(1.01, t));
      const LayerSample sample{made.statistics, {}, {}};
      CHECK_MESSAGE(monitor.see({.token = t, .layers = std::span(&sample, 1)}).empty(), kind);
    }
  }
}

TEST_CASE("norm jump: the norm over the median of exactly the 24 before it") {
  Watched watched(rule_of("norm-jump", 1.8));
  for (int t = 0; t < 24; ++t) {
    watched.see(of_norm(t < 12 ? 1 : 3));
    CHECK(std::isnan(watched.monitor.measured(0, 0)));
  }
  watched.see(of_norm(3.5));
  CHECK(watched.monitor.measured(0, 0) == doctest::Approx(1.75));  // the median of twelve 1 and twelve 3 is 2
  watched.see(of_norm(6));
  CHECK(watched.monitor.measured(0, 0) == doctest::Approx(2));     // now of eleven 1, twelve 3 and 3.5
  CHECK(tokens_of(watched) == std::vector<std::int64_t>{25});
}

TEST_CASE("closed gates: the mean of eight tokens counts, not one of them") {
  Watched watched(rule_of("closed-gates", 0.5));
  for (int t = 0; t < 40; ++t) watched.see(Made().set(Statistic::gate_shut, t == 20 || t >= 30 ? 1 : 0.1));
  // (8 - k) 0.1 + k > 4 from k = 4 on.
  CHECK(tokens_of(watched) == std::vector<std::int64_t>{33});
}

TEST_CASE("saturated decay: a layer that forgets nothing") {
  Watched watched(rule_of("saturated-decay"));
  for (int t = 0; t < 40; ++t) watched.see(Made().set(Statistic::decay_mean, t < 20 ? 0.998 : 0.9999));
  CHECK(tokens_of(watched).size() == 1);
}

TEST_CASE("dead channels: three of four elements that are not written for a whole block") {
  Watched watched(rule_of("dead-channels", 0.5));
  for (int t = 0; t < 64; ++t) watched.see(of_state({1, t == 5 ? 1e-3f : 0.0f, 1e-3f, 0}));
  CHECK(watched.monitor.measured(0, 0) == 0.25f);
  for (int t = 0; t < 64; ++t) watched.see(of_state({1, 9e-7f, 0, 0}));
  CHECK(watched.monitor.measured(0, 0) == 0.75f);
  CHECK(tokens_of(watched) == std::vector<std::int64_t>{127});
}

TEST_CASE("self-calibration: deviations from the median of the run, without the last 32 values") {
  std::mt19937 random(3);
  std::normal_distribution<double> normal(5, 2);
  SelfScale scale;
  std::vector<double> seen;
  for (int t = 0; t < 1000; ++t) {
    const double value = normal(random), score = scale.see(value);
    // Refreshed after every 32nd value, from those that had waited by then.
    const std::size_t known = seen.size() / 32 * 32 < 64 + 32 ? 0 : seen.size() / 32 * 32 - 32;
    if (known == 0) {
      CHECK(std::isnan(score));
    } else {
      std::vector<double> old(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(known));
      const double median = median_of(old);
      for (double& x : old) x = std::abs(x - median);
      REQUIRE(score == doctest::Approx((value - median) / (1.4826 * median_of(old))).epsilon(1e-12));
    }
    seen.push_back(value);
  }
}

TEST_CASE("NaN or Inf: found wherever it is, by layer, in debug and in optimised builds") {
  for (const float bad : {kNan, kInf, -kInf, std::bit_cast<float>(0xffc00001u)}) {
    for (int i = 0; i < kStatistics; ++i) {
      const auto which = static_cast<Statistic>(i);
      if (!(kScanStatistics & bit(which))) continue;
      Watched watched({rule_of("non-finite")}, 3);
      Made made;
      made.statistics[static_cast<std::size_t>(i)] = bad;
      watched.see({Made(), Made(), Made()});
      watched.see({Made(), made, Made()});
      REQUIRE(watched.alerts.size() == 1);
      CHECK(watched.alerts[0].finding.layer == 1);
      CHECK(watched.alerts[0].finding.token == 1);
      CHECK(watched.alerts[0].finding.text.find(name_of(which)) != std::string::npos);
    }
    for (std::size_t place = 0; place < 5; ++place) {
      Watched watched({rule_of("non-finite")}, 2);
      Made made;
      made.residual.assign(5, 1.0f);
      made.residual[place] = bad;
      std::vector<float> logits(5, 0.0f);
      watched.see({Made(), made}, logits);
      logits[place] = bad;
      watched.see({Made(), Made()}, logits);
      REQUIRE(watched.alerts.size() == 2);
      CHECK(watched.alerts[0].finding.layer == 1);
      CHECK(watched.alerts[1].finding.layer == -1);
      CHECK(watched.alerts[1].finding.text == "1 of 5 logits are NaN or infinite");
    }
  }
  Watched watched(rule_of("non-finite"));
  watched.see(Made().set(Statistic::h_nonfinite, 7));
  REQUIRE(watched.alerts.size() == 1);
  CHECK(watched.alerts[0].finding.value == 7);
}
