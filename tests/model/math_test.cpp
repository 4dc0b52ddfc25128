// The operations against values worked out by hand, and the vector kernels against the oracle and each other.
#include <doctest/doctest.h>

#include <limits>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

template <class Real>
Rows<const Real> row(const std::vector<Real>& values) {
  return {values.data(), 1, static_cast<std::int64_t>(values.size())};
}
template <class Real>
Rows<Real> row(std::vector<Real>& values) {
  return {values.data(), 1, static_cast<std::int64_t>(values.size())};
}

// The written values have six or seven digits; float32 adds a few units in its last place.
template <class Real>
void check_near(const std::vector<Real>& ours, const std::vector<double>& expected) {
  REQUIRE(ours.size() == expected.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(i);
    CHECK(std::fabs(static_cast<double>(ours[i]) - expected[i]) <= 6e-7 + 5e-7 * std::fabs(expected[i]));
  }
}

// One tile of a scan with a single channel and a single state.
template <class Real>
struct TinyScan {
  TinyScan(bool per_head, std::int64_t heads, std::vector<Real> rates, std::vector<Real> skips)
      : A(per_head ? heads : 16), D(std::move(skips)), h(static_cast<std::size_t>(heads) * 16),
        y(static_cast<std::size_t>(heads)) {
    std::copy(rates.begin(), rates.end(), A.begin());
    scan = {.per_head = per_head,
            .heads = heads,
            .width = 1,
            .states = 1,
            .heads_per_group = heads,
            .A = A.data(),
            .D = D.data(),
            .h = h.data(),
            .y = row(y)};
  }
  void step(Math<Real>& math, const std::vector<Real>& dt, const std::vector<Real>& u, const std::vector<Real>& B,
            const std::vector<Real>& C) {
    scan.dt = row(dt);
    scan.u = row(u);
    scan.B = row(B);
    scan.C = row(C);
    math.scan(scan);
  }
  std::vector<Real> states() const {
    std::vector<Real> out;
    for (std::size_t head = 0; head < h.size() / 16; ++head) out.push_back(h[head * 16]);
    return out;
  }
  std::vector<Real> A, D, h, y;
  Scan<Real> scan;
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Values of every kind a kernel may meet.
std::vector<float> odd_values(std::size_t count) {
  std::vector<float> values = {0.0f,
                               -0.0f,
                               1.0f,
                               -1.0f,
                               20.0f,
                               -20.0f,
                               88.0f,
                               -88.0f,
                               -87.3365f,
                               -87.33f,
                               1e-40f,
                               -1e-40f,
                               1e30f,
                               -1e30f,
                               kInfinity,
                               -kInfinity,
                               std::numeric_limits<float>::quiet_NaN(),
                               3.4e38f,
                               1e-6f};
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 10);
  while (values.size() < count) values.push_back(normal(random));
  values.resize(count);
  return values;
}

bool same_numbers(const std::vector<float>& a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], 4) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
  return a.size() == b.size();
}

// A matrix of a stored type with random weights, and its bytes.
struct Stored {
  Stored(DType type, std::int64_t rows, std::int64_t cols)
      : bytes(static_cast<std::size_t>(rows * cols) * size_of(type) + 2) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::byte* at = bytes.data() + 2;  // weights may begin at any even address
    for (std::int64_t i = 0; i < rows * cols; ++i, at += size_of(type)) {
      const float value = normal(random);
      const std::uint16_t half = type == DType::bf16 ? bf16_from_float(value) : f16_from_float(value);
      if (type == DType::f32)
        std::memcpy(at, &value, 4);
      else
        std::memcpy(at, &half, 2);
    }
    matrix = {bytes.data() + 2, type, rows, cols};
  }
  std::vector<std::byte> bytes;
  Matrix matrix;
};

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("math: softplus and silu have their known values", Real, float, double) {
  Math<Real> math;
  const std::vector<Real> raw = {0, 1, Real(0.5), -10, 20}, zero(5);
  std::vector<Real> dt(5), act(3);
  math.time_step(row(raw), zero, 0, std::numeric_limits<Real>::infinity(), row(dt));
  check_near(dt, {0.693147, 1.313262, 0.974077, 4.53989e-5, 20});
  CHECK(std::fabs(static_cast<double>(dt[3]) / 4.53989e-5 - 1) < 2e-6);
  const std::vector<Real> x = {1, 2, -1};
  math.silu(row(x), row(act));
  check_near(act, {0.731059, 1.761594, -0.268941});
}

TEST_CASE_TEMPLATE("math: the time step is softplus of raw plus bias, kept within its limits", Real, float, double) {
  Math<Real> math;
  const std::vector<Real> raw = {-10, 0, 5}, bias = {0, 1, 0};
  std::vector<Real> dt(3);
  math.time_step(row(raw), bias, Real(0.5), 3, row(dt));
  check_near(dt, {0.5, 1.313262, 3});
}

TEST_CASE_TEMPLATE("math: the convolution's first weight meets the oldest input", Real, float, double) {
  Math<Real> math;
  const std::vector<Real> window = {0, 0, 0, 1, 2, 3, 4, 5}, w = {Real(0.1), Real(0.2), Real(0.3), Real(0.4)},
                          bias = {Real(0.05)};
  std::vector<Real> y(5), act(5);
  math.convolve({window.data(), 8, 1}, 4, w, bias, {y.data(), 5, 1});
  check_near(y, {0.45, 1.15, 2.05, 3.05, 4.05});
  math.silu(row(std::as_const(y)), row(act));
  check_near(act, {0.274788, 0.873438, 1.816193, 2.912087, 3.980648});
}

TEST_CASE_TEMPLATE("math: a Mamba-1 channel by hand", Real, float, double) {
  Math<Real> math;
  TinyScan<Real> tiny(false, 1, {-2}, {Real(0.5)});
  const std::vector<Real> u = {1, 0, 2, -1}, raw = {0, 0, 1, -10}, zero(1), one = {1};
  const std::vector<double> decay = {.25, .25, .0723295, .9999092}, h = {.693147, .173287, 2.639057, 2.638772},
                            y = {1.193147, .173287, 3.639057, 2.138772};
  for (std::size_t t = 0; t < 4; ++t) {
    std::vector<Real> dt(1), factors(16);
    math.time_step(row(std::vector<Real>{raw[t]}), zero, 0, std::numeric_limits<Real>::infinity(), row(dt));
    tiny.step(math, dt, {u[t]}, one, one);
    check_near(tiny.states(), {h[t]});
    check_near(tiny.y, {y[t]});
    tiny.scan.dt = row(std::as_const(dt));
    math.scan_decay(tiny.scan, 0, factors.data());
    check_near(std::vector<Real>{factors[0]}, {decay[t]});
  }
}

TEST_CASE_TEMPLATE("math: two Mamba-2 heads by hand", Real, float, double) {
  Math<Real> math;
  TinyScan<Real> tiny(true, 2, {-1, Real(-0.5)}, {1, 2});
  const std::vector<Real> bias = {Real(0.1), Real(-0.2)};
  const auto step = [&](const std::vector<Real>& raw, const std::vector<Real>& x, Real b, Real c,
                        const std::vector<double>& dts, const std::vector<double>& decays, const std::vector<double>& h,
                        const std::vector<double>& y) {
    std::vector<Real> dt(2), decay(2);
    math.time_step(row(raw), bias, 0, std::numeric_limits<Real>::infinity(), row(dt));
    check_near(dt, dts);
    tiny.step(math, dt, x, {b}, {c});
    check_near(tiny.states(), h);
    check_near(tiny.y, y);
    tiny.scan.dt = row(std::as_const(dt));
    math.scan_decay(tiny.scan, 0, decay.data());
    check_near(decay, decays);
  };
  step({0, Real(0.3)}, {1, 2}, Real(0.5), 2, {.7443967, .7443967}, {.4750208, .6892175}, {.3721983, .7443967},
       {1.7443967, 5.4887933});
  step({1, -1}, {-1, 1}, 1, 1, {1.3873353, .2632825}, {.2497399, .8766555}, {-1.2943826, .9158619},
       {-2.2943826, 2.9158619});
}

TEST_CASE_TEMPLATE("math: norms, whole and by groups, after the gate", Real, float, double) {
  Math<Real> math;
  const std::vector<Real> x = {1, 2, 3, 4}, z = {0, 1, -1, 2}, ones(4, 1);
  std::vector<Real> y(4), gated(4);
  const auto epsilon = static_cast<Real>(1e-5);
  math.rms_norm(row(x), ones, epsilon, 1, row(y));
  check_near(y, {.365148, .730296, 1.095444, 1.460593});
  math.gate(row(x), row(z), row(gated));
  math.rms_norm(row(std::as_const(gated)), ones, epsilon, 1, row(y));
  check_near(y, {0, .403813, -.222832, 1.946093});
  math.rms_norm(row(std::as_const(gated)), ones, epsilon, 2, row(y));
  check_near(y, {0, 1.414207, -.160879, 1.405033});
}

TEST_CASE("numbers: bfloat16 rounds to the nearest, ties to even") {
  CHECK(bf16_from_float(1.00390625f) == 0x3F80);
  CHECK(bf16_from_float(1.01171875f) == 0x3F82);
  CHECK(bf16_from_float(0.1f) == 0x3DCD);
  CHECK(bf16_from_float(1.0f / 3) == 0x3EAB);
  CHECK(bf16_from_float(-2.7182817f) == 0xC02E);
  CHECK(float_from_bf16(0xC02E) == -2.71875f);
  CHECK(float_from_bf16(0x3F82) == 1.015625f);
  CHECK(std::isnan(float_from_bf16(bf16_from_float(std::numeric_limits<float>::signaling_NaN()))));
}

TEST_CASE("numbers: half precision has its known values") {
  CHECK(float_from_f16(0x0001) == 5.9604645e-8f);
  CHECK(float_from_f16(0x03FF) == 6.0975552e-5f);
  CHECK(float_from_f16(0x0400) == 6.1035156e-5f);
  CHECK(float_from_f16(0x7BFF) == 65504.0f);
  CHECK(float_from_f16(0x2E66) == 0.0999755859375f);
  CHECK(float_from_f16(0xFC00) == -kInfinity);
  CHECK(f16_from_float(65519.9f) == 0x7BFF);
  CHECK(f16_from_float(65520.0f) == 0x7C00);
}

TEST_CASE("numbers: all 65536 values of both 16-bit types survive the way through float32") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if (!std::isnan(float_from_f16(half))) wrong += f16_from_float(float_from_f16(half)) != half;
    if (!std::isnan(float_from_bf16(half))) wrong += bf16_from_float(float_from_bf16(half)) != half;
  }
  CHECK(wrong == 0);
}

TEST_CASE("kernels: silu and softplus stay within 4e-7 of the exact values") {
  Math<float> math;
  std::vector<float> x, y, dt;
  for (float value = -110; value < 110; value += 0.013f) x.push_back(value);
  y.resize(x.size());
  dt.resize(x.size());
  const std::vector<float> zero(x.size());
  math.silu(row(std::as_const(x)), row(y));
  math.time_step(row(std::as_const(x)), zero, 0, kInfinity, row(dt));
  double worst_silu = 0, worst_step = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = x[i], e = std::exp(-std::fabs(exact));
    const double silu = exact >= 0 ? exact / (1 + e) : exact * e / (1 + e), step = std::fmax(exact, 0) + std::log1p(e);
    // e^x is zero below 2^-126, which silu multiplies by x: 110 x 2^-126.
    worst_silu = std::fmax(worst_silu, (std::fabs(y[i] - silu) - 1.3e-36) / std::fabs(silu));
    worst_step = std::fmax(worst_step, (std::fabs(dt[i] - step) - 1.2e-38) / step);
  }
  CHECK(worst_silu < 4e-7);
  CHECK(worst_step < 4e-7);
}

TEST_CASE("kernels: a product has the same bits for one token and for many, on every instruction set") {
  for (const DType type : {DType::f32, DType::bf16, DType::f16})
    for (const std::int64_t cols : {1, 15, 16, 17, 40, 131}) {
      constexpr std::int64_t rows = 61, tokens = 7;
      const Stored w(type, rows, cols);
      const std::vector<float> bias = random_values(rows, 5),
                               x = random_values(static_cast<std::size_t>(tokens * cols), 6);
      const Rows<const float> inputs(x.data(), tokens, cols);
      std::vector<float> first(tokens * rows);
      for (const char* name : instruction_sets()) {
        Math<float> math(1, name);
        std::vector<float> many(tokens * rows), single(tokens * rows);
        math.linear(w.matrix, bias, inputs, {many.data(), tokens, rows});
        for (std::int64_t t = 0; t < tokens; ++t)
          math.linear(w.matrix, bias, inputs.rows(t, 1), {single.data() + t * rows, 1, rows});
        CAPTURE(name);
        CAPTURE(cols);
        CHECK(same_bits(many, single));
        if (std::string(name) == "generic") first = many;
        CHECK(same_bits(many, first));
      }
      Math<double> oracle;
      const std::vector<double> exact_x(x.begin(), x.end()), exact_bias(bias.begin(), bias.end());
      std::vector<double> exact(tokens * rows);
      oracle.linear(w.matrix, exact_bias, {exact_x.data(), tokens, cols}, {exact.data(), tokens, rows});
      double worst = 0;
      for (std::size_t i = 0; i < exact.size(); ++i)
        worst = std::fmax(worst, std::fabs(exact[i] - static_cast<double>(first[i])));
      CHECK(worst < 131 * 6e-8 * 16);  // operations x unit x the largest product of normal numbers
    }
}

TEST_CASE("kernels: every operation gives the same bits on every instruction set, for NaN and infinities too") {
  for (const std::size_t n : {1, 5, 16, 19, 33, 64, 77}) {
    const std::vector<float> x = odd_values(n), z = random_values(n, 4), w = random_values(4 * n, 8);
    std::vector<std::vector<float>> first;
    for (const char* name : instruction_sets()) {
      Math<float> math(1, name);
      std::vector<std::vector<float>> results(6, std::vector<float>(n));
      math.silu(row(x), row(results[0]));
      math.time_step(row(x), z, 0.01f, 5, row(results[1]));
      math.gate(row(z), row(x), row(results[2]));
      math.rms_norm(row(z), std::span(w).first(n), 1e-5f, 1, row(results[3]));
      math.convolve({w.data(), 4, static_cast<std::int64_t>(n)}, 4, w, z, row(results[4]));
      results[5] = z;
      math.add(row(x), row(results[5]));
      CAPTURE(name);
      CAPTURE(n);
      if (first.empty()) first = results;
      for (std::size_t i = 0; i < results.size(); ++i) CHECK(same_numbers(results[i], first[i]));
    }
  }
}

TEST_CASE("math: a convolution without bias begins at zero") {
  Math<float> math;
  const std::vector<float> window = {1, 2}, w = {3};
  std::vector<float> y(2);
  math.convolve({window.data(), 2, 1}, 1, w, {}, {y.data(), 2, 1});
  CHECK(y == std::vector<float>{3, 6});
}
