// Limits from runs in which nothing happens. Source: analysis.md 3.3.
#include "tracer/detect/calibrate.h"

#include <random>

#include "tests/detect/feed.h"

using namespace lab;
using namespace lab::test;

namespace {

/// Norms of a run in which nothing happens: independent (0) or autocorrelated.
class Noise {
 public:
  Noise(unsigned seed, double correlation) : random_(seed), correlation_(correlation) {}
  double next() {
    last_ = correlation_ * last_ + std::sqrt(1 - correlation_ * correlation_) * normal_(random_);
    return 10 + last_;
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<double> normal_;
  double correlation_, last_ = 0;
};

Rule user_rule(const std::string& side) {
  Rule rule = rule_of("track", 0);
  rule.side = side;
  return rule;
}

Calibration calibrate(const Rule& rule, double correlation, int tokens) {
  Calibration calibration(rule, quiet_layers(1));
  Noise noise(11, correlation);
  for (int t = 0; t < tokens; ++t) {
    const Made made = of_norm(noise.next());
    const LayerSample sample{made.statistics, {}, {}};
    calibration.see({.token = t, .layers = std::span(&sample, 1)});
  }
  return calibration;
}

}  // namespace

TEST_CASE("calibration: alarms are counted after dead time") {
  const std::vector<float> values{0, 2, 2, 0, 2, 0, 0, 2, kNan, 2};
  CHECK(count_alarms(values, 1, Worse::higher, 0) == 5);
  CHECK(count_alarms(values, 1, Worse::higher, 1) == 5);
  CHECK(count_alarms(values, 1, Worse::higher, 3) == 3);  // at 1, 4, 7
  CHECK(count_alarms(values, 1, Worse::higher, 100) == 1);
  CHECK(count_alarms(values, 2, Worse::higher, 0) == 0);
  CHECK(count_alarms(values, 1, Worse::lower, 0) == 4);
}

TEST_CASE("calibration: the Poisson interval is that of the tables") {
  CHECK(poisson_interval(0).low == 0);
  CHECK(poisson_interval(0).high == doctest::Approx(3.6889).epsilon(1e-4));  // -ln 0.025
  CHECK(poisson_interval(1).low == doctest::Approx(0.025318).epsilon(1e-4));
  CHECK(poisson_interval(10).low == doctest::Approx(4.7954).epsilon(1e-4));
  CHECK(poisson_interval(10).high == doctest::Approx(18.3904).epsilon(1e-4));
}

TEST_CASE("calibration: independent values get the limit of their closed form") {
  // Alarms come every 1/p + dead - 1 tokens: p = 1 / (500 - 63) has its limit 2.835 deviations above.
  const CalibratedLimit made = calibrate(user_rule("above"), 0, 200000).limit(0, 500);
  CHECK(made.alarms <= 400);
  CHECK(made.alarms >= 390);
  CHECK(made.limit == doctest::Approx(12.835).epsilon(0.005));
  CHECK(made.in_so_many.low > 0.85);
  CHECK(made.in_so_many.high < 1.15);
  CHECK(calibrate(user_rule("below"), 0, 200000).limit(0, 500).limit == doctest::Approx(20 - 12.835).epsilon(0.01));
}

TEST_CASE("calibration: other runs of the same kind give the rate that was asked for, autocorrelated or not") {
  for (const std::string side : {"above", "below"})
    for (const double correlation : {0.0, 0.95}) {
      const Rule rule = calibrate(user_rule(side), correlation, 70000).calibrated(5000, "noise");
      CHECK(rule.origin == "calibrated on noise, 1 in 5,000");
      Watched watched(rule);
      Noise other(12, correlation);
      for (int t = 0; t < 140000; ++t) watched.see(of_norm(other.next()));
      // 28 are expected; limits from 14 are uncertain by 27 % more: three deviations of both.
      CHECK(watched.alerts.size() >= 8);
      CHECK(watched.alerts.size() <= 60);
    }
}

TEST_CASE("calibration: too little text is said by the interval, and what is never measured is never found") {
  const CalibratedLimit made = calibrate(user_rule("above"), 0, 1000).limit(0, 5000);
  CHECK(made.alarms == 0);
  CHECK(made.in_so_many.high == doctest::Approx(3.6889 * 5).epsilon(1e-4));
  Rule shift = rule_of("context-shift");
  const Rule nothing = calibrate(shift, 0, 100).calibrated(5000, "nothing");
  CHECK_FALSE(is_beyond(-1, nothing.layer_limits[0], Worse::lower));
  CHECK(check_rule(nothing, 1));
  CHECK_FALSE(nothing.self_calibrated);
}

TEST_CASE("calibration: runs begin anew") {
  Calibration calibration(rule_of("norm-jump"), quiet_layers(1));
  for (int run = 0; run < 3; ++run) {
    if (run > 0) calibration.next_run();
    for (int t = 0; t < 30; ++t) {
      const Made made = of_norm(run == 1 ? 100 : 1);
      const LayerSample sample{made.statistics, {}, {}};
      calibration.see({.token = t, .layers = std::span(&sample, 1)});
    }
  }
  CHECK(calibration.tokens() == 90);
  CHECK(calibration.limit(0, 1000).limit == 1);
}
