// Rules of discretisation against closed forms: constant time steps and inputs make every one of them a geometric series.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tracer/analysis/discretisation.h"

using namespace lab;

namespace {

constexpr double kRounding = 0x1p-52;

/// Channels whose steps, inputs and rates stay the same over all tokens.
Recurrence constant(std::int64_t tokens, std::vector<float> rates, float step, float x, float b, float start) {
  Recurrence r{.tokens = tokens, .channels = 1, .states = std::ssize(rates), .A = std::move(rates)};
  r.h.assign(r.A.size(), start);
  r.steps.assign(static_cast<std::size_t>(tokens), step);
  r.x.assign(static_cast<std::size_t>(tokens), x);  // dt times the input
  r.B.assign(static_cast<std::size_t>(tokens) * r.A.size(), b);
  return r;
}

/// h after t + 1 tokens of h <- a h + w.
double geometric(double a, double w, double start, std::int64_t t) {
  const double power = std::pow(a, static_cast<double>(t + 1));
  return power * start + (a == 1 ? w * static_cast<double>(t + 1) : w * (1 - power) / (1 - a));
}

const DiscretisationCurve& curve(const std::vector<DiscretisationCurve>& all, Discretisation rule, bool clamped = false) {
  for (const DiscretisationCurve& each : all)
    if (each.rule == rule && each.is_clamped == clamped) return each;
  FAIL("there is no such curve");
  return all.front();
}

std::vector<DiscretisationCurve> curves_of(const Recurrence& r, const StepBounds* bounds = nullptr) {
  DiscretisationBench bench(r.tokens, bounds);
  bench.add(r);
  return bench.finish();
}

}  // namespace

TEST_CASE("discretisation: the steps are those of the books") {
  for (const double z : {-1e-9, -0.01, -0.5, -1.0, -2.0, -3.5}) {
    CHECK(discrete_step(Discretisation::exact, z).keep == std::exp(z));
    CHECK(discrete_step(Discretisation::exact, z).write == 1);
    CHECK(discrete_step(Discretisation::euler, z).keep == 1 + z);
    CHECK(discrete_step(Discretisation::euler, z).write == 1);
    CHECK(discrete_step(Discretisation::zero_order_hold, z).keep == std::exp(z));
    // (e^z - 1) / z as the mean of e^(s z) over s in [0, 1], by Simpson's rule on 2000 pieces.
    double mean = 0;
    constexpr int kPieces = 2000;
    for (int i = 0; i <= kPieces; ++i) mean += (i == 0 || i == kPieces ? 1 : i % 2 ? 4 : 2) * std::exp(z * i / kPieces);
    CHECK(discrete_step(Discretisation::zero_order_hold, z).write == doctest::Approx(mean / (3 * kPieces)).epsilon(1e-12));
    CHECK(discrete_step(Discretisation::bilinear, z).keep == (2 + z) / (2 - z));
    CHECK(discrete_step(Discretisation::bilinear, z).write == 2 / (2 - z));
  }
  CHECK(discrete_step(Discretisation::zero_order_hold, 0).write == 1);
}

TEST_CASE("discretisation: errors over time are those of the geometric series") {
  constexpr std::int64_t kTokens = 60;
  const float step = 0.25f, x = 0.75f, b = -0.5f, start = 2;
  for (const float rate : {-0.05f, -1.0f, -3.0f, -7.5f}) {
    INFO(rate);
    const auto curves = curves_of(constant(kTokens, {rate}, step, x, b, start));
    const double z = static_cast<double>(step) * static_cast<double>(rate), write = static_cast<double>(x) * static_cast<double>(b);
    for (int i = 0; i < kDiscretisations; ++i) {
      const auto rule = static_cast<Discretisation>(i);
      const DiscreteStep by = discrete_step(rule, z);
      for (std::int64_t t = 0; t < kTokens; ++t) {
        const double exact = geometric(std::exp(z), write, start, t), ours = geometric(by.keep, by.write * write, start, t);
        const double size = std::fabs(start) + std::fabs(write) * static_cast<double>(t + 1);
        // Two sums of t + 1 rounded terms, and a closed form of as many.
        const double tolerance = 16 * kRounding * static_cast<double>(t + 2) * size * std::max(1.0, std::pow(std::fabs(by.keep), static_cast<double>(t + 1))) / std::fabs(exact);
        CHECK(std::fabs(curve(curves, rule).error[static_cast<std::size_t>(t)] - std::fabs(ours - exact) / std::fabs(exact)) <= tolerance);
      }
    }
    CHECK(curve(curves, Discretisation::exact).error == std::vector<double>(kTokens));
  }
}

TEST_CASE("discretisation: under a constant input zero-order hold is the solution of the differential equation") {
  constexpr std::int64_t kTokens = 40;
  const float rate = -1.5f, step = 0.5f, x = 0.5f, b = 1.25f;  // the input itself is x / step
  const Recurrence r = constant(kTokens, {rate}, step, x, b, 3);
  const auto curves = curves_of(r);
  const double A = rate, input = static_cast<double>(x) / static_cast<double>(step) * static_cast<double>(b), z = static_cast<double>(step) * A;
  for (std::int64_t t = 0; t < kTokens; ++t) {
    const double time = static_cast<double>(step) * static_cast<double>(t + 1);
    const double solution = std::exp(A * time) * 3 + (std::exp(A * time) - 1) / A * input, exact = geometric(std::exp(z), static_cast<double>(x) * static_cast<double>(b), 3, t);
    CHECK(curve(curves, Discretisation::zero_order_hold).error[static_cast<std::size_t>(t)] == doctest::Approx(std::fabs(solution - exact) / std::fabs(exact)).epsilon(1e-12));
  }
}

TEST_CASE("discretisation: Euler grows where dt |A| is above 2, and is told when single precision ends") {
  const Recurrence r = constant(200, {-8, -1}, 0.5f, 0, 0, 1);  // 1 - 4 = -3 and 1 - 0.5
  const auto curves = curves_of(r);
  const DiscretisationCurve& euler = curve(curves, Discretisation::euler);
  CHECK(euler.largest_keep == 3);
  CHECK(euler.growing == 0.5);
  std::int64_t overflow = 0;
  while (std::pow(3.0, static_cast<double>(overflow + 1)) <= static_cast<double>(std::numeric_limits<float>::max())) ++overflow;
  CHECK(euler.first_overflow == overflow);
  for (const auto rule : {Discretisation::exact, Discretisation::zero_order_hold, Discretisation::bilinear}) {
    CHECK(curve(curves, rule).first_overflow == -1);
    CHECK(curve(curves, rule).growing == 0);
    CHECK(curve(curves, rule).largest_keep <= 1);
  }
  // The largest of the two cells alone counts in the long run.
  CHECK(euler.error[19] == doctest::Approx(std::pow(3.0, 20) / std::exp(-0.5 * 20)).epsilon(1e-9));
}

TEST_CASE("discretisation: clamped time steps scale what is written and bound what is kept") {
  const Recurrence r = constant(30, {-8}, 0.5f, 0.25f, 1, 1);
  const StepBounds bounds{0.001, 0.125};
  const auto curves = curves_of(r, &bounds);
  CHECK(curves.size() == 2 * kDiscretisations);
  for (int i = 0; i < kDiscretisations; ++i) {
    const auto rule = static_cast<Discretisation>(i);
    const DiscreteStep by = discrete_step(rule, -1);  // 0.125 * -8
    const double write = 0.25 / 0.5 * 0.125;
    for (std::int64_t t = 0; t < 30; ++t) {
      const double exact = geometric(std::exp(-4), 0.25, 1, t), ours = geometric(by.keep, by.write * write, 1, t);
      CHECK(curve(curves, rule, true).error[static_cast<std::size_t>(t)] == doctest::Approx(std::fabs(ours - exact) / exact).epsilon(1e-12));
    }
  }
  CHECK(curve(curves, Discretisation::euler, true).largest_keep == 0);
  CHECK(curve(curves, Discretisation::euler, false).largest_keep == 3);
  CHECK(curve(curves, Discretisation::euler, true).name == "Euler, Δ in [0.001, 0.125]");
}

TEST_CASE("discretisation: channels one after the other are all of them together, and a state of zeros has no error") {
  const Recurrence a = constant(20, {-1, -2}, 0.5f, 1, 1, 1), b = constant(20, {-0.5f, -3}, 0.25f, -1, 2, 0);
  DiscretisationBench bench(20, nullptr);
  bench.add(a);
  bench.add(b);
  const auto both = bench.finish(), only_a = curves_of(a), only_b = curves_of(b);
  const auto squares = [](double z_1, double z_2, double step_write, double start, std::int64_t t) {
    return std::pow(geometric(std::exp(z_1), step_write, start, t), 2) + std::pow(geometric(std::exp(z_2), step_write, start, t), 2);
  };
  for (std::int64_t t = 0; t < 20; ++t) {
    const double of_a = squares(-0.5, -1, 1, 1, t), of_b = squares(-0.125, -0.75, -2, 0, t);
    const auto at = static_cast<std::size_t>(t);
    const double a_error = curve(only_a, Discretisation::euler).error[at], b_error = curve(only_b, Discretisation::euler).error[at];
    const double expected = std::sqrt((a_error * a_error * of_a + b_error * b_error * of_b) / (of_a + of_b));
    CHECK(curve(both, Discretisation::euler).error[at] == doctest::Approx(expected).epsilon(1e-9));
  }
  const auto zeros = curves_of(constant(3, {-1}, 0.5f, 0, 0, 0));
  for (const double error : curve(zeros, Discretisation::euler).error) CHECK(std::isnan(error));
}
