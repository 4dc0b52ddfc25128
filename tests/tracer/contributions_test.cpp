// Unrolling, verdicts, half-lives and hidden attention on recurrences made by hand, against closed forms and brute force.
#include <cmath>
#include <numbers>
#include <random>

#include <doctest/doctest.h>

#include "tracer/analysis/contributions.h"
#include "tracer/analysis/half_life.h"
#include "tracer/analysis/hidden_attention.h"
#include "tracer/analysis/verdict.h"

using namespace lab;

namespace {

constexpr double kDouble = 0x1p-52;

Recurrence random_recurrence(std::int64_t tokens, std::int64_t channels, std::int64_t states, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> step(0.01f, 1.5f), rate(0.05f, 2.0f);
  Recurrence r{.tokens = tokens, .channels = channels, .states = states};
  for (std::int64_t i = 0; i < channels * states; ++i) r.A.push_back(-rate(random)), r.h.push_back(normal(random));
  for (std::int64_t i = 0; i < tokens * channels; ++i) r.steps.push_back(step(random)), r.x.push_back(normal(random)), r.own.push_back(normal(random));
  for (std::int64_t i = 0; i < tokens * states; ++i) r.B.push_back(normal(random)), r.C.push_back(normal(random));
  return r;
}

/// The recurrence itself, in double precision, with some of its writes: [channels, N] after the tokens.
template <class Writes>
std::vector<double> run(const Recurrence& r, std::vector<double> h, Writes writes) {
  for (std::int64_t t = 0; t < r.tokens; ++t)
    for (std::int64_t c = 0; c < r.channels; ++c)
      for (std::int64_t n = 0; n < r.states; ++n) {
        const auto cell = static_cast<std::size_t>(c * r.states + n), at = static_cast<std::size_t>(t * r.channels + c);
        h[cell] *= std::exp(static_cast<double>(r.A[cell]) * static_cast<double>(r.steps[at]));
        if (writes(t)) h[cell] += static_cast<double>(r.x[at]) * static_cast<double>(r.B[static_cast<std::size_t>(t * r.states + n)]);
      }
  return h;
}

std::vector<double> start_of(const Recurrence& r) { return {r.h.begin(), r.h.end()}; }

std::vector<Contribution> taken(const Recurrence& r, std::vector<double> weights, Measure measure = Measure::sum) {
  Unrolling unrolling(r.states, std::move(weights), {}, measure);
  std::vector<Contribution> all(static_cast<std::size_t>(r.tokens));
  unrolling.take(r, all);
  Unrolling::finish(all, measure);
  return all;
}

Contribution one(double value, double written) { return {value, std::fabs(value), written}; }

}  // namespace

TEST_CASE("contributions: of every token they are what a run with its write alone leaves") {
  const Recurrence r = random_recurrence(50, 3, 4, 1);
  for (const std::size_t cell : {0u, 5u, 11u}) {
    std::vector<double> weights(12);
    weights[cell] = 1;
    const auto all = taken(r, weights);
    for (std::int64_t j = 0; j < r.tokens; ++j) {
      const double alone = run(r, std::vector<double>(12), [&](std::int64_t t) { return t == j; })[cell];
      // A product of 50 rounded exponentials against one of a rounded sum whose size is below 150.
      CHECK(std::fabs(all[static_cast<std::size_t>(j)].value - alone) <= 250 * kDouble * std::fabs(alone));
      CHECK(all[static_cast<std::size_t>(j)].size == std::fabs(all[static_cast<std::size_t>(j)].value));
    }
  }
}

TEST_CASE("contributions: with the state before they sum to the state, whatever stretches they are taken in") {
  const Recurrence r = random_recurrence(40, 2, 3, 2);
  const std::vector<double> weights = {1, -2, 0.5, 0, 3, 1}, after = run(r, start_of(r), [](std::int64_t) { return true; });
  double expected = 0, size = 0;
  for (std::size_t cell = 0; cell < after.size(); ++cell) expected += weights[cell] * after[cell];
  std::vector<double> whole;
  for (const std::int64_t cut : {0, 1, 17, 40}) {
    Unrolling unrolling(3, weights, {}, Measure::sum);
    std::vector<Contribution> all(40);
    Contribution before;
    const auto part = [&](std::int64_t first, std::int64_t last) {
      Recurrence p = r;
      p.tokens = last - first;
      const auto slice = [&](std::vector<float>& v, std::int64_t width) { v = {v.begin() + first * width, v.begin() + last * width}; };
      slice(p.steps, 2), slice(p.x, 2), slice(p.B, 3);
      unrolling.take(p, std::span(all).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)));
    };
    part(cut, 40);
    part(0, cut);
    unrolling.put(start_of(r), {}, before);
    double sum = before.value;
    for (const Contribution& c : all) sum += c.value, size += std::fabs(c.value);
    CHECK(std::fabs(sum - expected) <= 250 * kDouble * size);
    std::vector<double> values;
    for (const Contribution& c : all) values.push_back(c.value);
    if (whole.empty()) whole = values;
    CHECK(values == whole);
  }
}

TEST_CASE("contributions: single precision stays within the bound") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Recurrence r = random_recurrence(200, 1, 1, seed);
    float h = 0;
    for (std::size_t t = 0; t < 200; ++t) h = std::fmaf(std::exp(r.steps[t] * r.A[0]), h, r.x[t] * r.B[t]);
    Unrolling unrolling(1, {1}, {}, Measure::sum);
    std::vector<Contribution> all(200);
    unrolling.take(r, all);
    double sum = 0, size = 0;
    for (const Contribution& c : all) sum += c.value, size += std::fabs(c.value);
    CHECK(std::fabs(static_cast<double>(h) - sum) <= unrolling.bound());
    CHECK(unrolling.bound() < 1e-4 * size);  // and the bound says something
  }
}

TEST_CASE("contributions: an edit scales what lies before it, and what it added is its own") {
  const Recurrence early = random_recurrence(10, 1, 2, 4), late = [] {
    Recurrence r = random_recurrence(7, 1, 2, 5);
    r.A = random_recurrence(10, 1, 2, 4).A;
    return r;
  }();
  Unrolling unrolling(2, {1, 1}, {}, Measure::sum);
  std::vector<Contribution> after(7), before(10);
  Contribution added, start;
  unrolling.take(late, after);
  unrolling.put(std::vector<double>{0.25, 0}, {}, added);
  unrolling.pass(std::vector<double>{-0.5, 1}, {}, {});
  unrolling.take(early, before);
  unrolling.put(start_of(early), {}, start);
  std::vector<double> h = run(early, start_of(early), [](std::int64_t) { return true; });
  h[0] = -0.5 * h[0] + 0.25;
  h = run(late, h, [](std::int64_t) { return true; });
  double sum = added.value + start.value;
  for (const auto* part : {&after, &before})
    for (const Contribution& c : *part) sum += c.value;
  CHECK(sum == doctest::Approx(h[0] + h[1]).epsilon(1e-13));
  std::vector<double> only_third = run(early, {0, 0}, [](std::int64_t t) { return t == 3; });
  only_third[0] *= -0.5;
  only_third = run(late, only_third, [](std::int64_t) { return false; });
  CHECK(before[3].value == doctest::Approx(only_third[0] + only_third[1]).epsilon(1e-13));
}

TEST_CASE("contributions: a state that keeps an exponent has the shares of the one that does not") {
  Recurrence r = random_recurrence(30, 1, 2, 6);
  r.steps.assign(30, 1);
  const auto plain = taken(r, {1, 0});
  Recurrence shifted = r;
  for (std::size_t t = 0; t < 30; ++t) {  // the same writes as e^shift times smaller ones
    shifted.shifts.push_back(static_cast<float>(t) - 20);
    shifted.x[t] = static_cast<float>(static_cast<double>(r.x[t]) * std::exp(20 - static_cast<double>(t)));
  }
  Unrolling unrolling(2, {1, 0}, std::vector<float>{3}, Measure::sum);
  std::vector<Contribution> all(30);
  unrolling.take(shifted, all);
  for (std::size_t t = 0; t < 30; ++t) CHECK(all[t].value * std::exp(3.0) == doctest::Approx(plain[t].value).epsilon(1e-6));
}

TEST_CASE("contributions: the projections of several cells sum to their norm, sizes are norms") {
  const Recurrence r = random_recurrence(20, 2, 2, 7);
  const std::vector<double> h = run(r, {0, 0, 0, 0}, [](std::int64_t) { return true; });
  const double norm = std::sqrt(h[0] * h[0] + h[1] * h[1] + h[2] * h[2] + h[3] * h[3]);
  const auto all = taken(r, {h[0] / norm, h[1] / norm, h[2] / norm, h[3] / norm}, Measure::norm);
  double sum = 0;
  for (const Contribution& c : all) {
    sum += c.value;
    CHECK(c.size >= std::fabs(c.value) * (1 - 1e-12));
    CHECK(c.written >= c.size);
  }
  CHECK(sum == doctest::Approx(norm).epsilon(1e-12));
  const auto alone = run(r, {0, 0, 0, 0}, [](std::int64_t t) { return t == 12; });
  CHECK(all[12].size == doctest::Approx(std::sqrt(alone[0] * alone[0] + alone[1] * alone[1] + alone[2] * alone[2] + alone[3] * alone[3])));
}

TEST_CASE("contributions: what remains of a token is what a run without its write lacks") {
  const Recurrence r = random_recurrence(25, 2, 3, 8);
  Recurrence tail = r, token = r;
  tail.tokens = 14, token.tokens = 1;
  tail.steps = {r.steps.begin() + 22, r.steps.end()};
  token.x = {r.x.begin() + 20, r.x.begin() + 22};
  token.B = {r.B.begin() + 30, r.B.begin() + 33};
  Unrolling unrolling(3, std::vector<double>(6), {}, Measure::sum);
  unrolling.skip(tail);
  const auto left = unrolling.remains(token);
  const auto with = run(r, start_of(r), [](std::int64_t) { return true; }), without = run(r, start_of(r), [](std::int64_t t) { return t != 10; });
  for (std::size_t cell = 0; cell < 6; ++cell) CHECK(std::fabs(with[cell] - left[cell] - without[cell]) <= 100 * kDouble * (1 + std::fabs(with[cell])));
}

TEST_CASE("verdict: each is given where it is due, by its rule") {
  const auto verdict = [](std::vector<Contribution> all, double read = 1) {
    double value = 0;
    for (const Contribution& c : all) value += c.value;
    return judge(all, value, 1, read).verdict;
  };
  CHECK(verdict({}) == Verdict::never_written);
  CHECK(verdict({one(0, 0), one(0, 0)}) == Verdict::never_written);
  CHECK(verdict({one(1e-9, 1e-7), one(1e-8, 1e-8)}) == Verdict::never_written);
  CHECK(verdict({one(0.02, 1), one(0.01, 0.01)}) == Verdict::decayed);
  CHECK(verdict({one(0.5, 1), one(-0.48, 0.5)}) == Verdict::cancelled);
  CHECK(verdict({one(0.5, 1), one(0.3, 0.5)}, 0.005) == Verdict::not_read);
  CHECK(verdict({one(0.01, 1), one(0.4, 0.5)}) == Verdict::overwritten);
  CHECK(verdict({one(0.5, 1), one(0.3, 0.5)}) == Verdict::held);
  CHECK(verdict({one(0.5, 1), one(0.3, 0.5)}, NAN) == Verdict::held);  // nobody knows how it is read
  // Where several hold, the first decides.
  CHECK(verdict({one(0.02, 1), one(-0.02, 0.02)}) == Verdict::decayed);
  CHECK(verdict({one(0.3, 1), one(-0.3, 0.3)}, 0) == Verdict::cancelled);
  CHECK(verdict({one(0.01, 1), one(0.4, 0.5)}, 0) == Verdict::not_read);
}

TEST_CASE("verdict: the limits are where they are said to be") {
  CHECK(judge(std::vector{one(0.0501, 1)}, 0.0501, 1, 1).verdict == Verdict::held);
  CHECK(judge(std::vector{one(0.0499, 1)}, 0.0499, 1, 1).verdict == Verdict::decayed);
  const std::vector cancelling{one(1, 1), one(-0.9, 0.9)};
  CHECK(judge(cancelling, 0.191, 1, 1).verdict == Verdict::held);
  CHECK(judge(cancelling, 0.189, 1, 1).verdict == Verdict::cancelled);
  CHECK(judge(std::vector{one(1, 1)}, 1, 1, 0.0101).verdict == Verdict::held);
  CHECK(judge(std::vector{one(1, 1)}, 1, 1, 0.0099).verdict == Verdict::not_read);
}

TEST_CASE("verdict: words name the tokens that hold most of it") {
  std::vector<Contribution> all(20, one(0.0, 0.0));
  for (std::size_t t = 10; t < 20; ++t) all[t] = one(0.1, 0.1);
  const Judgement j = judge(all, 1, 1, 1);
  CHECK(j.span == 10);
  CHECK(j.left == doctest::Approx(1));
  CHECK(verdict_text(j) == "Written over 10 tokens, still decaying.");
  CHECK(rule_of(j, 1, 1) == "The 5 largest hold 50 %.");
  const Judgement gone = judge(std::vector{one(0.01, 1)}, 0.01, 1, 1);
  CHECK(verdict_text(gone) == "Written, and decayed.");
  CHECK(rule_of(gone, 0.01, 1) == "Of the largest write 1 % is left, and less than 5 % of it in all.");
}

TEST_CASE("half-life: at steady steps it is ln 2 / (step |A|), exactly and on the map") {
  const std::vector<float> steps(400, 0.02f);
  for (const double rate : {-0.5, -1.0, -3.0}) {
    const double expected = std::numbers::ln2 / (static_cast<double>(0.02f) * -rate);
    CHECK(steady_reach(static_cast<double>(0.02f), rate) == doctest::Approx(expected).epsilon(1e-12));
    CHECK(exact_reach(steps, rate).is_reached);
    CHECK(exact_reach(steps, rate).tokens == doctest::Approx(expected).epsilon(1e-12));
    CHECK(exact_reach(steps, rate, nats_to(0.25)).tokens == doctest::Approx(2 * expected).epsilon(1e-12));
  }
  CHECK(steady_reach(0, -1) == std::numeric_limits<double>::infinity());
}

TEST_CASE("half-life: a strong gate ends it within its token, and a short history says how far it goes") {
  const std::vector<float> steps{0.1f, 4, 0.1f, 0.1f};
  const Reach strong = exact_reach(steps, -1);  // 0.2 by two tokens, the rest of ln 2 within the third back
  CHECK(strong.is_reached);
  CHECK(strong.tokens == doctest::Approx(2 + (std::numbers::ln2 - 0.2) / 4).epsilon(1e-6));
  const Reach slow = exact_reach(steps, -0.01);
  CHECK_FALSE(slow.is_reached);
  CHECK(slow.tokens == 4);
}

TEST_CASE("half-life: the map of stretches is that of every cell alone, and stops when all have it") {
  Recurrence r = random_recurrence(60, 3, 2, 9);
  r.A[5] = -1e-4f;  // never within the history
  Recurrence early = r, late = r;
  early.tokens = 35, late.tokens = 25;
  early.steps = {r.steps.begin(), r.steps.begin() + 105}, late.steps = {r.steps.begin() + 105, r.steps.end()};
  ReachMap map(3, 2);
  CHECK(map.take(late));
  CHECK(map.take(early));
  for (std::size_t cell = 0; cell < 6; ++cell) {
    std::vector<float> steps;
    for (std::size_t t = 0; t < 60; ++t) steps.push_back(r.steps[t * 3 + cell / 2]);
    const Reach alone = exact_reach(steps, static_cast<double>(r.A[cell]));
    CHECK(map.cells()[cell].tokens == doctest::Approx(alone.tokens).epsilon(1e-12));
    CHECK(map.cells()[cell].is_reached == alone.is_reached);
    CHECK(alone.is_reached == (cell != 5));
  }
  CHECK(map.channels()[2].tokens == 60);
  ReachMap fast(3, 2, 1e-9);
  CHECK_FALSE(fast.take(late));
}

TEST_CASE("hidden attention: rows give the read-out of a run that began with nothing, and are those of the unrolling") {
  const Recurrence r = random_recurrence(12, 1, 4, 10);
  HiddenAttention attention(r);
  std::vector<double> h(4);
  for (std::int64_t t = 0; t < 12; ++t) {
    const auto row = attention.next_row();
    REQUIRE(row.size() == static_cast<std::size_t>(t + 1));
    double y = 0, sum = 0, size = 0;
    for (std::size_t n = 0; n < 4; ++n) {
      const auto at = static_cast<std::size_t>(t);
      h[n] = h[n] * std::exp(static_cast<double>(r.A[n]) * static_cast<double>(r.steps[at])) + static_cast<double>(r.x[at]) * static_cast<double>(r.B[at * 4 + n]);
      y += static_cast<double>(r.C[at * 4 + n]) * h[n];
    }
    for (const double alpha : row) sum += alpha, size += std::fabs(alpha);
    CHECK(std::fabs(sum - y) <= 50 * kDouble * (size + std::fabs(y)));
    if (t < 11) continue;
    const auto all = taken(r, {r.C.end() - 4, r.C.end()});
    for (std::size_t j = 0; j < 12; ++j) CHECK(row[j] == doctest::Approx(all[j].value).epsilon(1e-12));
  }
}
