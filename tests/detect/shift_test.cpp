// The window cosine, its windows and its sketch. Source: analysis.md 3.4.
#include "tracer/detect/shift.h"

#include <random>

#include "tests/detect/feed.h"

using namespace lab;
using namespace lab::test;

namespace {

std::vector<float> normal_vector(std::mt19937& random, std::size_t size, float around = 0) {
  std::normal_distribution<float> normal(around);
  std::vector<float> values(size);
  for (float& value : values) value = normal(random);
  return values;
}

}  // namespace

TEST_CASE("context shift: an orthogonal switch has the cosine of its share of the window, and is found once") {
  Watched watched(rule_of("context-shift", 0.36));
  const Made before = of_state({2, 0, 0}), after = of_state({0, 2, 0});
  for (int t = 0; t < 400; ++t) watched.see(before);
  CHECK(watched.monitor.measured(0, 0) == 1);
  for (int k = 1; watched.alerts.empty(); ++k) {
    REQUIRE(k <= 16);
    watched.see(after);
    const double old = 16 - k, now = k;
    CHECK(watched.monitor.measured(0, 0) == doctest::Approx(old / std::hypot(old, now)).epsilon(1e-6));  // a float
  }
  CHECK(watched.alerts[0].finding.token == 400 + 11);  // 4 of 16 old: 0.316; 5 of 16: 0.414
  CHECK(watched.alerts[0].finding.text.find("last 16 tokens points away from the 96 before: cosine 0.316") != std::string::npos);
  for (int t = 0; t < 1000; ++t) watched.see(after);
  CHECK(watched.alerts.size() == 1);
}

TEST_CASE("context shift: it is live when the reference holds 32, and again so after an alarm") {
  Watched watched(rule_of("context-shift", 0.36));
  const auto live_after = [&](const Made& made) {
    int tokens = 0;
    do {
      watched.see(made);
      ++tokens;
    } while (std::isnan(watched.monitor.measured(0, 0)));
    return tokens;
  };
  CHECK(live_after(of_state({1, 0})) == 48);
  while (watched.alerts.empty()) watched.see(of_state({0, 1}));
  CHECK(live_after(of_state({0, 1})) == 48);
}

TEST_CASE("context shift: running sums are the sums of the windows after 10,000 vectors") {
  std::mt19937 random(8);
  TwoWindows windows(16, 96, 20);
  std::vector<std::vector<double>> all;
  for (int t = 0; t < 10000; ++t) {
    const auto vector = normal_vector(random, 20, t < 5000 ? 1e12f : 0.5f);  // what large numbers leave behind must go
    all.emplace_back(vector.begin(), vector.end());
    windows.add(all.back());
  }
  std::vector<double> recent(20), before(20);
  for (std::size_t t = 0; t < 112; ++t)
    for (std::size_t i = 0; i < 20; ++i) (t < 16 ? recent : before)[i] += all[all.size() - 1 - t][i];
  CHECK(windows.cosine() == doctest::Approx(cosine(recent, before)).epsilon(1e-13));
}

TEST_CASE("context shift: a value that is not finite empties the windows instead of staying in the sums") {
  Watched watched(rule_of("context-shift", 0.36));
  for (int t = 0; t < 100; ++t) watched.see(of_state({1, 1}));
  watched.see(of_state({1, kNan}));
  CHECK(std::isnan(watched.monitor.measured(0, 0)));
  for (int t = 0; t < 48; ++t) watched.see(of_state({1, 1}));
  CHECK(watched.monitor.measured(0, 0) == doctest::Approx(1));
}

TEST_CASE("context shift: residual streams are compared where the rule says so") {
  Rule rule = rule_of("context-shift", 0.36);
  rule.of = "residual";
  Watched watched(rule);
  CHECK(watched.monitor.needs().residuals);
  CHECK_FALSE(watched.monitor.needs().states);
  for (int t = 0; t < 200; ++t) {
    Made made = of_state({1, 1});
    made.residual = t < 150 ? std::vector<float>{1, 0} : std::vector<float>{0, 1};
    watched.see(made);
  }
  CHECK(watched.alerts.size() == 1);
}

TEST_CASE("count sketch: small vectors stay as they are, large ones keep their inner products within three deviations") {
  std::mt19937 random(12);
  CHECK(CountSketch(4096).width() == 4096);
  const CountSketch sketch(20000);
  REQUIRE(sketch.width() == CountSketch::kWidth);
  double squares = 0;
  for (int i = 0; i < 40; ++i) {
    const auto a = normal_vector(random, 20000), noise = normal_vector(random, 20000);
    std::vector<float> b(a.size());
    for (std::size_t k = 0; k < a.size(); ++k) b[k] = 0.6f * a[k] + 0.8f * noise[k];
    std::vector<double> small_a(sketch.width()), small_b(sketch.width());
    sketch.apply(a, small_a);
    sketch.apply(b, small_b);
    const double error = cosine(small_a, small_b) - cosine(std::vector<double>(a.begin(), a.end()), std::vector<double>(b.begin(), b.end()));
    squares += error * error;
  }
  // (1 - cos^2) / sqrt(width) for a cosine between sketches, as of a sample of `width` pairs.
  const double expected = (1 - 0.36) / std::sqrt(2048.0);
  CHECK(std::sqrt(squares / 40) < 1.4 * expected);
  CHECK(std::sqrt(squares / 40) > 0.6 * expected);
}

TEST_CASE("successive cosine: fires as often as the dead time allows while states differ, as document 2 would reset") {
  Watched watched(rule_of("successive-cosine"));
  for (int t = 0; t < 640; ++t) watched.see(of_state(t % 2 ? std::vector<float>{1, 0} : std::vector<float>{0, 1}));
  CHECK(watched.alerts.size() == 10);
  Watched slow(rule_of("successive-cosine"));
  // A state that slides to an orthogonal one with a half-life of two tokens never falls below 0.8.
  double old = 1;
  for (int t = 0; t < 100; ++t) {
    if (t >= 50) old *= std::sqrt(0.5);
    slow.see(of_state({static_cast<float>(old), static_cast<float>(1 - old)}));
  }
  CHECK(slow.alerts.empty());
}
