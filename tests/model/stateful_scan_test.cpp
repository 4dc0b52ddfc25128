// The scan with its state in the open: against closed forms in double precision, under composition, for every split.
#include <doctest/doctest.h>

#include "model/math/stateful_scan.h"
#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

// Operands that own their numbers, in double; a float problem has the same numbers rounded once.
template <class Real>
struct Problem {
  std::int64_t tokens = 0, channels = 0, states = 0, heads = 1, groups = 1;
  bool ssd = false;
  std::vector<Real> u, delta, B, C, A, D, z, bias, h0;

  ScanInputs<Real> inputs(std::int64_t first = 0, std::int64_t count = -1) const {
    const std::int64_t n = count < 0 ? tokens - first : count, steps = ssd ? heads : channels;
    const auto rows = [&](const std::vector<Real>& values, std::int64_t width) { return Rows<const Real>(values.data() + first * width, n, width); };
    return {.channels = channels, .states = states, .heads = heads, .groups = groups, .u = rows(u, channels), .delta = rows(delta, steps),
            .B = rows(B, groups * states), .C = rows(C, groups * states), .A = A, .D = D,
            .z = z.empty() ? Rows<const Real>() : rows(z, channels), .delta_bias = bias};
  }
  Result<ScanResult<Real>> run(const ScanInputs<Real>& in, const ScanState<Real>& x0, Math<Real>& math) const {
    return ssd ? ssd_scan(in, x0, math) : selective_scan(in, x0, math);
  }
  ScanResult<Real> done(const ScanInputs<Real>& in, const ScanState<Real>& x0, Math<Real>& math) const {
    auto result = run(in, x0, math);
    REQUIRE_MESSAGE(result, result.error().text());
    return result.take();
  }
};

std::vector<double> normal(std::mt19937& random, std::int64_t count, double scale, double shift) {
  std::normal_distribution<double> distribution;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) value = static_cast<float>(scale * distribution(random) + shift);  // exact in both precisions
  return values;
}

Problem<double> random_problem(bool ssd, std::int64_t tokens, unsigned seed) {
  std::mt19937 random(seed);
  Problem<double> p{.tokens = tokens, .channels = 24, .states = 5, .ssd = ssd};
  if (ssd) p.heads = 4, p.groups = 2;
  else p.channels = 37;  // two tiles and a rest
  const std::int64_t steps = ssd ? p.heads : p.channels;
  p.u = normal(random, tokens * p.channels, 1, 0);
  p.delta = normal(random, tokens * steps, 1, -1);
  p.B = normal(random, tokens * p.groups * p.states, 1, 0);
  p.C = normal(random, tokens * p.groups * p.states, 1, 0);
  p.A = normal(random, ssd ? steps : p.channels * p.states, 1, 0);
  for (double& rate : p.A) rate = -std::fabs(rate) - 0.125;
  p.D = normal(random, steps, 1, 0);
  p.z = normal(random, tokens * p.channels, 1, 0);
  p.bias = normal(random, steps, 0.5, 0);
  p.h0 = normal(random, p.channels * p.states, 1, 0);
  return p;
}

Problem<float> single(const Problem<double>& p) {
  const auto f = [](const std::vector<double>& values) { return std::vector<float>(values.begin(), values.end()); };
  return {p.tokens, p.channels, p.states, p.heads, p.groups, p.ssd, f(p.u), f(p.delta), f(p.B), f(p.C), f(p.A), f(p.D), f(p.z), f(p.bias), f(p.h0)};
}

// What a scan is, written as the sum that the recurrence stands for: no state is carried on.
struct ClosedForm {
  explicit ClosedForm(const Problem<double>& p) : p_(p) {}

  double step(std::int64_t t, std::int64_t c) const {
    const std::int64_t steps = p_.ssd ? p_.heads : p_.channels, at = p_.ssd ? c / (p_.channels / p_.heads) : c;
    const double raw = p_.delta[static_cast<std::size_t>(t * steps + at)] + p_.bias[static_cast<std::size_t>(at)];
    return std::log1p(std::exp(raw));
  }
  double rate(std::int64_t c, std::int64_t n) const {
    return p_.A[static_cast<std::size_t>(p_.ssd ? c / (p_.channels / p_.heads) : c * p_.states + n)];
  }
  double selected(const std::vector<double>& rows, std::int64_t t, std::int64_t c, std::int64_t n) const {
    const std::int64_t group = c / (p_.channels / p_.groups);
    return rows[static_cast<std::size_t>((t * p_.groups + group) * p_.states + n)];
  }
  double elapsed(std::int64_t first, std::int64_t last, std::int64_t c) const {
    double sum = 0;
    for (std::int64_t t = first; t < last; ++t) sum += step(t, c);
    return sum;
  }
  // After `tokens` tokens.
  double h(std::int64_t tokens, std::int64_t c, std::int64_t n, bool with_start) const {
    double sum = with_start ? std::exp(rate(c, n) * elapsed(0, tokens, c)) * p_.h0[static_cast<std::size_t>(c * p_.states + n)] : 0;
    for (std::int64_t s = 0; s < tokens; ++s)
      sum += std::exp(rate(c, n) * elapsed(s + 1, tokens, c)) * step(s, c) * p_.u[static_cast<std::size_t>(s * p_.channels + c)] * selected(p_.B, s, c, n);
    return sum;
  }
  double out(std::int64_t t, std::int64_t c, bool with_start) const {
    const std::int64_t at = p_.ssd ? c / (p_.channels / p_.heads) : c;
    const auto place = static_cast<std::size_t>(t * p_.channels + c);
    double y = p_.D[static_cast<std::size_t>(at)] * p_.u[place];
    for (std::int64_t n = 0; n < p_.states; ++n) y += selected(p_.C, t, c, n) * h(t + 1, c, n, with_start);
    return y * p_.z[place] / (1 + std::exp(-p_.z[place]));
  }

 private:
  const Problem<double>& p_;
};

template <class Real>
double relative_error(const std::vector<Real>& ours, const std::vector<double>& reference) {
  REQUIRE(ours.size() == reference.size());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    error += std::pow(static_cast<double>(ours[i]) - reference[i], 2);
    size += reference[i] * reference[i];
  }
  return std::sqrt(error / size);
}

template <class Real>
void compare_with_closed_form(const Problem<Real>& ours, const Problem<double>& p, bool with_start, double limit) {
  Math<Real> math;
  const ClosedForm form(p);
  const ScanResult<Real> result = ours.done(ours.inputs(), with_start ? ScanState<Real>{.h = ours.h0, .decay = {}, .log_decay = {}} : ScanState<Real>(), math);
  std::vector<double> out, h, decay, log_decay;
  for (std::int64_t t = 0; t < p.tokens; ++t)
    for (std::int64_t c = 0; c < p.channels; ++c) out.push_back(form.out(t, c, with_start));
  for (std::int64_t c = 0; c < p.channels; ++c)
    for (std::int64_t n = 0; n < p.states; ++n) {
      h.push_back(form.h(p.tokens, c, n, with_start));
      log_decay.push_back(form.rate(c, n) * form.elapsed(0, p.tokens, c));
      decay.push_back(std::exp(log_decay.back()));
    }
  CHECK(relative_error(result.out, out) < limit);
  CHECK(relative_error(result.xT.h, h) < limit);
  CHECK(relative_error(result.xT.decay, decay) < limit);
  CHECK(relative_error(result.xT.log_decay, log_decay) < limit);
}

template <class Real>
bool same_bits(const ScanState<Real>& a, const ScanState<Real>& b) {
  return test::same_bits(a.h, b.h) && test::same_bits(a.decay, b.decay) && test::same_bits(a.log_decay, b.log_decay);
}

}  // namespace

// A sum of 13 terms of size about 1, each with a few roundings: float 13 x 4 x 6e-8 = 3e-6, double 13 x 4 x 1e-16.
TEST_CASE("stateful scan: output, last state and product of decays are those of the closed form, with x0 and without") {
  for (const bool ssd : {false, true})
    for (const bool with_start : {false, true}) {
      CAPTURE(ssd);
      CAPTURE(with_start);
      const Problem<double> p = random_problem(ssd, 13, 3);
      compare_with_closed_form<double>(p, p, with_start, 1e-14);
      compare_with_closed_form<float>(single(p), p, with_start, 3e-6);
    }
}

TEST_CASE_TEMPLATE("stateful scan: every split leaves the bits of the whole", Real, float, double) {
  for (const bool ssd : {false, true}) {
    const Problem<double> p = random_problem(ssd, 9, 5);
    Problem<Real> ours;
    if constexpr (std::is_same_v<Real, float>) ours = single(p);
    else ours = p;
    Math<Real> math;
    const ScanState<Real> x0{.h = ours.h0, .decay = {}, .log_decay = {}};
    const ScanResult<Real> whole = ours.done(ours.inputs(), x0, math);
    for (std::int64_t cut = 0; cut <= p.tokens; ++cut) {
      CAPTURE(ssd);
      CAPTURE(cut);
      const ScanResult<Real> first = ours.done(ours.inputs(0, cut), x0, math), second = ours.done(ours.inputs(cut), first.xT, math);
      CHECK(same_bits(second.xT, whole.xT));
      std::vector<Real> out = first.out;
      out.insert(out.end(), second.out.begin(), second.out.end());
      CHECK(test::same_bits(out, whole.out));
    }
    ScanState<Real> x = x0;
    for (std::int64_t t = 0; t < p.tokens; ++t) x = ours.done(ours.inputs(t, 1), x, math).xT;
    CHECK(same_bits(x, whole.xT));
  }
}

TEST_CASE("stateful scan: one, two and four threads and every instruction set leave the same bits") {
  for (const bool ssd : {false, true}) {
    const Problem<float> p = single(random_problem(ssd, 40, 6));
    Math<float> alone;
    const ScanState<float> x0{.h = p.h0, .decay = {}, .log_decay = {}};
    const ScanResult<float> whole = p.done(p.inputs(), x0, alone);
    for (const char* instructions : instruction_sets())
      for (const int threads : {1, 2, 4}) {
        Math<float> math(threads, instructions);
        const ScanResult<float> again = p.done(p.inputs(), x0, math);
        CHECK(test::same_bits(again.out, whole.out));
        CHECK(same_bits(again.xT, whole.xT));
      }
  }
}

TEST_CASE("stateful scan: scans that began anew compose to the whole, and h_T = P h_0 + h") {
  for (const bool ssd : {false, true}) {
    const Problem<double> p = random_problem(ssd, 11, 7);
    Math<double> math;
    const ScanState<double> whole = p.done(p.inputs(), {}, math).xT;
    for (std::int64_t cut = 0; cut <= p.tokens; ++cut) {
      CAPTURE(cut);
      const auto both = compose(p.done(p.inputs(cut), {}, math).xT, p.done(p.inputs(0, cut), {}, math).xT);
      REQUIRE(both);
      CHECK(relative_error(both->h, whole.h) < 1e-14);
      CHECK(relative_error(both->decay, whole.decay) < 1e-14);
      CHECK(relative_error(both->log_decay, whole.log_decay) < 1e-14);
    }
    const ScanState<double> with_start = p.done(p.inputs(), {.h = p.h0, .decay = {}, .log_decay = {}}, math).xT;
    std::vector<double> expected = whole.h;
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += whole.decay[i] * p.h0[i];
    CHECK(relative_error(with_start.h, expected) < 1e-14);
    CHECK(test::same_bits(with_start.decay, whole.decay));
    const auto other = random_problem(!ssd, 2, 1);
    CHECK_FALSE(compose(whole, other.done(other.inputs(), {}, math).xT));
  }
}

TEST_CASE("stateful scan: no tokens give back x0, and x0 itself is never changed") {
  const Problem<double> p = random_problem(false, 6, 8);
  Math<double> math;
  const ScanState<double> x0 = p.done(p.inputs(), {}, math).xT, kept = x0;
  CHECK(same_bits(p.done(p.inputs(0, 0), x0, math).xT, x0));
  p.done(p.inputs(), x0, math);
  CHECK(same_bits(x0, kept));
  const ScanResult<double> nothing = p.done({.channels = 37, .states = 5, .A = p.A}, {}, math);
  CHECK(nothing.out.empty());
  CHECK(nothing.xT.h == std::vector<double>(37 * 5, 0));
  CHECK(nothing.xT.decay == std::vector<double>(37 * 5, 1));
}

TEST_CASE("stateful scan: the logarithm still tells of a decay that the product can no longer hold") {
  Problem<float> p{.tokens = 400, .channels = 1, .states = 1};
  p.u.assign(400, 0);
  p.delta.assign(400, 1);
  p.B = p.C = p.u;
  p.A = {-1};
  Math<float> math;
  ScanInputs<float> in = p.inputs();
  in.softplus = false;
  const ScanState<float> x = p.done(in, {}, math).xT;
  CHECK(x.decay[0] == 0);
  CHECK(x.log_decay[0] == -400);
}

// The values that models.md, section K, gives of both scans, to the digits it gives.
TEST_CASE("stateful scan: the golden values of the specification") {
  Math<double> math;
  Problem<double> one{.tokens = 4, .channels = 1, .states = 1};
  one.u = {1, 0, 2, -1};
  one.delta = {0, 0, 1, -10};
  one.B = one.C = {1, 1, 1, 1};
  one.A = {-2};
  one.D = {0.5};
  const double y[] = {1.193147, .173287, 3.639057, 2.138772}, h[] = {.693147, .173287, 2.639057, 2.638772};
  for (std::int64_t t = 0; t < 4; ++t) {
    const ScanResult<double> upto = one.done(one.inputs(0, t + 1), {}, math);
    CHECK(std::fabs(upto.out.back() - y[t]) < 6e-7);
    CHECK(std::fabs(upto.xT.h[0] - h[t]) < 6e-7);
  }
  Problem<double> two{.tokens = 2, .channels = 2, .states = 1, .heads = 2, .groups = 1, .ssd = true};
  two.u = {1, 2, -1, 1};
  two.delta = {0, 0.3, 1, -1};
  two.B = {0.5, 1};
  two.C = {2, 1};
  two.A = {-1, -0.5};
  two.D = {1, 2};
  two.bias = {0.1, -0.2};
  const ScanResult<double> result = two.done(two.inputs(), {}, math);
  const double out[] = {1.7443967, 5.4887933, -2.2943826, 2.9158619};
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::fabs(result.out[i] - out[i]) < 1e-7);
  CHECK(std::fabs(result.xT.h[0] - -1.2943826) < 1e-7);
  CHECK(std::fabs(result.xT.h[1] - .9158619) < 1e-7);
}

TEST_CASE("stateful scan: the other maker's layout holds products at even and states at odd places") {
  const std::vector<float> values = interleaved(ScanState<float>{.h = {1, 2, 3}, .decay = {.5f, .25f, 0}, .log_decay = {}});
  CHECK(values == std::vector<float>{.5f, 1, .25f, 2, 0, 3});
  CHECK(interleaved(ScanState<float>{.h = {4}, .decay = {}, .log_decay = {}}) == std::vector<float>{1, 4});
}

TEST_CASE("stateful scan: the operands that a model computes give the state that the model has") {
  for (const char* name : {"mamba1", "mamba2", "mamba2-groups"}) {
    CAPTURE(name);
    const auto model = open_golden(name);
    const Tokens tokens = random_tokens(7, model->info().vocabulary);
    Context<float> context;
    Recorder<float> seen(model->layers());
    seen.read_everything(model->layers());
    const Outcome<float> whole = run<float>(*model, tokens, context, {}, &seen);
    const ModelInfo& info = model->info();
    const bool ssd = info.heads > 0;
    const auto rows = [&](const char* point) {
      const std::vector<float>& values = seen.values.at(point);
      return Rows<const float>(values.data(), 7, static_cast<std::int64_t>(values.size()) / 7);
    };
    const std::vector<float> rates = model->rates(0);
    ScanInputs<float> in{.channels = info.inner, .states = info.state_size, .u = rows(ssd ? "L0.mix.x" : "L0.mix.u"), .delta = rows("L0.mix.dt"),
                         .B = rows("L0.mix.B"), .C = rows("L0.mix.C"), .A = rates, .softplus = false};
    if (ssd) in.heads = info.heads, in.groups = info.groups;
    const auto result = ssd ? ssd_scan(in, {}, context.math) : selective_scan(in, {}, context.math);
    REQUIRE_MESSAGE(result, result.error().text());
    CHECK(test::same_bits(result->xT.h, whole.state.get(0, 1)));
  }
}

TEST_CASE("stateful scan: operands that do not fit are refused by name") {
  const Problem<double> p = random_problem(false, 4, 9), heads = random_problem(true, 4, 9);
  Math<double> math;
  const auto field = [&](const Problem<double>& of, auto change, const ScanState<double>& x0 = {}) {
    ScanInputs<double> in = of.inputs();
    change(in);
    const auto result = of.run(in, x0, math);
    REQUIRE(!result);
    return result.error().field;
  };
  using In = ScanInputs<double>&;
  CHECK(field(p, [](In in) { in.delta.width = 36; }) == "delta");
  CHECK(field(p, [](In in) { in.delta.count = 3; }) == "delta");
  CHECK(field(p, [](In in) { in.u.width = 38; }) == "u");
  CHECK(field(p, [](In in) { in.B.width = 4; }) == "B");
  CHECK(field(p, [](In in) { in.C = {}; }) == "C");
  CHECK(field(p, [](In in) { in.z.width = 1; }) == "z");
  CHECK(field(p, [](In in) { in.A = in.A.first(37); }) == "A");
  CHECK(field(p, [](In in) { in.D = in.D.first(1); }) == "D");
  CHECK(field(p, [](In in) { in.delta_bias = in.delta_bias.first(1); }) == "delta_bias");
  CHECK(field(p, [](In in) { in.states = 0; }) == "heads");
  CHECK(field(p, [](In in) { in.groups = 2; }) == "heads");
  CHECK(field(heads, [](In in) { in.heads = 5; }) == "heads");
  CHECK(field(heads, [](In in) { in.groups = 3; }) == "heads");
  CHECK(field(p, [](In in) { in.high = -1; }) == "high");
  CHECK(field(p, [](In in) { in.softplus = false; }) == "delta");
  CHECK(field(p, [](In) {}, {.h = std::vector<double>(3), .decay = {}, .log_decay = {}}) == "x0.h");
  CHECK(field(p, [](In) {}, {.h = {}, .decay = std::vector<double>(3), .log_decay = {}}) == "x0.decay");
  CHECK(field(p, [](In) {}, {.h = {}, .decay = {}, .log_decay = std::vector<double>(3)}) == "x0.log_decay");
  std::vector<double> growing = p.A, unknown = p.A;
  growing[3] = 0.5;
  unknown[3] = NAN;
  CHECK(field(p, [&](In in) { in.A = growing; }) == "A");
  CHECK(field(p, [&](In in) { in.A = unknown; }) == "A");
}
