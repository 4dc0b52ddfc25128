// Growth without end, growth that ends, spikes. Source: analysis.md 3.7, tests (a) to (d).
#include "tracer/detect/explosion.h"

#include <numbers>
#include <random>

#include "tests/detect/feed.h"

using namespace lab;
using namespace lab::test;

namespace {

/// f_t = decay f_(t-1) + write.
struct Recurrence {
  double decay, write, f = 0;
  Made next(double written) {
    f = decay * f + written;
    return of_norm(f).set(Statistic::write_norm, written).set(Statistic::decay_mean, decay);
  }
  Made next() { return next(write); }
};

std::vector<Rule> growth_rules() { return {rule_of("explosion"), rule_of("norm-ceiling"), rule_of("norm-high", 100)}; }

int alerts_of(const Watched& watched, int rule) {
  return static_cast<int>(std::count_if(watched.alerts.begin(), watched.alerts.end(), [&](const Alert& a) { return a.rule == rule; }));
}

}  // namespace

TEST_CASE("Theil-Sen: the slope of a line, whatever a quarter of its points is") {
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) values.push_back(i % 4 == 1 ? 1000.0 * (i % 3) : 3 - 0.25 * i);
  CHECK(theil_sen(values, 2) == doctest::Approx(-0.125).epsilon(0.05));
  CHECK(theil_sen(std::vector<double>{1, 3}, 4) == 0.5);
  CHECK(std::isnan(theil_sen(std::vector<double>{1}, 1)));
}

TEST_CASE("explosion: a state that climbs to its ceiling does not explode, though document 2 warns") {
  Watched watched(growth_rules());
  Recurrence state{0.999, 1};
  for (int t = 0; t < 12000; ++t) watched.see(state.next());
  CHECK(state.f == doctest::Approx(1000).epsilon(1e-4));
  CHECK(alerts_of(watched, 0) == 0);
  CHECK(alerts_of(watched, 1) == 0);
  CHECK(alerts_of(watched, 2) == 1);
}

TEST_CASE("explosion: a decay of 1.001 doubles the state every 693.5 tokens, is found and said") {
  Watched watched(growth_rules());
  Recurrence state{1.001, 0, 10};
  for (int t = 0; t < 3000; ++t) watched.see(state.next());
  REQUIRE(alerts_of(watched, 1) == 1);
  const auto& found = std::find_if(watched.alerts.begin(), watched.alerts.end(), [](const Alert& a) { return a.rule == 1; })->finding;
  CHECK(found.token == 1024 + static_cast<int>(std::log(3.0) / std::log(1.001)));
  CHECK(found.text.find("doubles every 693.5 tokens") != std::string::npos);
  CHECK(found.text.find("there is no ceiling") != std::string::npos);

  const auto layers = quiet_layers(1);
  Explosion alone(rule_of("explosion"), layers);
  Recurrence again{1.001, 0, 10};
  std::vector<Finding> none;
  for (int t = 0; t < 300; ++t) {
    const Made made = again.next();
    const LayerSample sample{made.statistics, {}, {}};
    alone.see({.token = t, .layers = std::span(&sample, 1)}, none);
  }
  CHECK(std::numbers::ln2 / alone.slope(0) == doctest::Approx(693.5).epsilon(0.01));
  CHECK(alone.measured(0) == doctest::Approx(0.1).epsilon(1e-3));
}

TEST_CASE("explosion: one large write is a spike, and how fast it goes is said") {
  for (const double decay : {0.9, 0.95, 0.99}) {
    Watched watched(growth_rules());
    Recurrence state{decay, 1};
    for (int t = 0; t < 5000; ++t) watched.see(state.next(t == 2000 ? 1e4 : 1));
    CHECK(alerts_of(watched, 0) == 0);
    REQUIRE(alerts_of(watched, 1) == 1);
    const auto& found = std::find_if(watched.alerts.begin(), watched.alerts.end(), [](const Alert& a) { return a.rule == 1; })->finding;
    CHECK(found.token == 2000);
    CHECK(found.text.starts_with("spike"));
    if (decay == 0.9) CHECK(found.text.find("halves in 6.58 tokens") != std::string::npos);
  }
}

TEST_CASE("explosion: 1 % a token is found within 150 tokens, in a norm that wavers by a tenth") {
  std::mt19937 random(77);
  std::normal_distribution<double> normal;
  Watched watched(growth_rules());
  double wave = 0;
  for (int t = 0; t < 4000; ++t) {
    wave = 0.9 * wave + 0.1 * std::sqrt(1 - 0.81) * normal(random);
    watched.see(of_norm(5 * std::exp(wave + std::max(0, t - 3700) * std::log(1.01))));
  }
  REQUIRE(alerts_of(watched, 0) == 1);
  CHECK(watched.alerts[0].finding.token > 3700);
  CHECK(watched.alerts[0].finding.token <= 3850);
  CHECK(watched.alerts[0].finding.text.starts_with("explosion"));
}

TEST_CASE("explosion: a step to another level is not growth") {
  Watched watched(rule_of("explosion"));
  for (int t = 0; t < 4000; ++t) watched.see(of_norm(t / 500 % 2 ? 1 : 4));
  CHECK(watched.alerts.empty());
}

TEST_CASE("explosion: growth back to a size that the state had before is none") {
  Watched watched(rule_of("explosion"));
  for (int t = 0; t < 600; ++t) watched.see(of_norm(40));
  for (int t = 0; t < 3000; ++t) watched.see(of_norm(39 * std::exp(0.006 * (t % 500 - 500))));
  CHECK(watched.alerts.empty());
}

TEST_CASE("explosion: a state that was emptied starts anew") {
  Watched watched(rule_of("explosion"));
  for (int t = 0; t < 300; ++t) watched.see(of_norm(1));
  CHECK(watched.monitor.measured(0, 0) == 0);
  watched.see(of_norm(0));
  CHECK(std::isnan(watched.monitor.measured(0, 0)));
  for (int t = 0; t < 255; ++t) watched.see(of_norm(1));
  CHECK(std::isnan(watched.monitor.measured(0, 0)));
  watched.see(of_norm(1));
  CHECK(watched.monitor.measured(0, 0) == 0);
}
