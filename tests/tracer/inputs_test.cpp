#include "tracer/trace/inputs.h"

#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

using namespace lab;

TEST_CASE("inputs: a pulse is one token, a sine has its period, zero is zero") {
  const auto pulse = make_input("pulse:amp=2.5,at=3", 5, 2);
  REQUIRE(pulse);
  CHECK(*pulse == std::vector<float>{0, 0, 0, 0, 0, 0, 2.5f, 2.5f, 0, 0});
  CHECK(*make_input("pulse", 2, 1) == std::vector<float>{1, 0});
  CHECK(*make_input("zero", 2, 2) == std::vector<float>(4));

  const auto sine = make_input("sine:period=8,amp=3", 17, 2);
  REQUIRE(sine);
  CHECK((*sine)[0] == 0);
  CHECK((*sine)[2 * 2] == doctest::Approx(3));
  CHECK((*sine)[2 * 6 + 1] == doctest::Approx(-3));
  CHECK((*sine)[2 * 3] == doctest::Approx(3 * std::sin(2 * std::numbers::pi * 3 / 8)));
  CHECK((*make_input("sine", 33, 1))[8] == doctest::Approx(1));
}

TEST_CASE("inputs: random values are normal with the asked deviation, and the same only for the same seed") {
  const std::int64_t n = 100'000;
  const auto values = make_input("random:seed=3,amp=2", n / 10, 10);
  REQUIRE(values);
  double sum = 0, squares = 0, fourth = 0;
  for (const float value : *values) {
    const double x = value / 2.0;
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  // Four standard errors of the mean, the variance and the fourth moment (3, with variance 96) of a normal sample.
  const double error = 4 / std::sqrt(static_cast<double>(n));
  CHECK(std::abs(sum / n) < error);
  CHECK(std::abs(squares / n - 1) < error * std::sqrt(2.0));
  CHECK(std::abs(fourth / n - 3) < error * std::sqrt(96.0));
  CHECK(*make_input("random:seed=3", 7, 3) == *make_input("random:seed=3,amp=1", 7, 3));
  CHECK(*make_input("random:seed=3", 7, 3) != *make_input("random:seed=4", 7, 3));
  CHECK(*make_input("random", 7, 3) == *make_input("random:seed=1", 7, 3));
}

TEST_CASE("inputs: what is not understood is refused by name") {
  struct Case {
    const char *spec, *field;
  };
  for (const Case& c : {Case{"", "input"}, {"noise", "input"}, {"pulse:amp", "pulse"}, {"pulse:period=3", "pulse.period"},
                        {"pulse:amp=1,amp=2", "pulse.amp"}, {"pulse:at=5", "pulse.at"}, {"pulse:at=-1", "pulse.at"},
                        {"pulse:at=1.5", "pulse.at"}, {"pulse:amp=", "pulse.amp"}, {"pulse:amp=nan", "pulse.amp"},
                        {"sine:period=0", "sine.period"}, {"sine:period=-4", "sine.period"}, {"sine:amp=1e40", "sine.amp"},
                        {"random:seed=-1", "random.seed"}, {"random:seed=1x", "random.seed"}, {"zero:amp=1", "zero.amp"},
                        {"pulse:amp=1;at=2", "pulse.amp"}}) {
    CAPTURE(c.spec);
    const auto input = make_input(c.spec, 5, 2);
    REQUIRE(!input);
    CHECK(input.error().code == Code::bad_argument);
    CHECK(input.error().field == c.field);
    CHECK(!input.error().expected.empty());
  }
  CHECK(make_input("zero", 0, 2).error().code == Code::out_of_range);
  CHECK(make_input("zero", std::int64_t{1} << 40, 1 << 20).error().code == Code::out_of_range);
}
