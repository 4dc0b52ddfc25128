// Surprise and entropy over the tokens, and the states at both cursors.
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "app/core/surprise.h"
#include "deriver_support.h"

namespace lab::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::shared_ptr<const SurpriseTrack> whole_track(Deriver& deriver, Lab& lab) {
  std::shared_ptr<const SurpriseTrack> track;
  do track = deriver.derive(lab.snapshot(), lab.opened(), {.surprise = true})->surprise;
  while (!track->is_whole);
  return track;
}

TEST_CASE("uncertainty: closed forms") {
  const std::vector<bool> all(4, true);
  const std::vector<float> even{3, 3, 3, 3};
  CHECK(uncertainty(even, 2, all).entropy == doctest::Approx(2).epsilon(1e-12));
  CHECK(uncertainty(even, 2, all).surprise == doctest::Approx(2).epsilon(1e-12));
  const double half = std::log(2.0);
  const std::vector<float> halves{static_cast<float>(half), 0, -kInf, 0};  // 1/2, 1/4, 0, 1/4
  CHECK(uncertainty(halves, 0, all).surprise == doctest::Approx(1).epsilon(1e-6));
  CHECK(uncertainty(halves, 3, all).surprise == doctest::Approx(2).epsilon(1e-6));
  CHECK(uncertainty(halves, 0, all).entropy == doctest::Approx(1.5).epsilon(1e-6));
  CHECK(uncertainty(halves, 2, all).surprise == kInf);
}

TEST_CASE("uncertainty: what may not be sampled, and NaN, take no part; huge logits do not overflow") {
  const std::vector<float> logits{100, 1, 1, NAN};
  CHECK(uncertainty(logits, 1, {false, true, true, true}).entropy == doctest::Approx(1));
  CHECK(std::isnan(uncertainty(logits, 0, {false, true, true, true}).surprise));
  CHECK(std::isnan(uncertainty(logits, 3, {true, true, true, true}).surprise));
  CHECK(std::isnan(uncertainty(logits, -1, {true, true, true, true}).surprise));
  CHECK(std::isnan(uncertainty(std::vector<float>{NAN, NAN}, 0, {true, true}).entropy));
  CHECK(uncertainty(std::vector<float>{3e38f, -3e38f}, 0, {true, true}).surprise == 0);
}

TEST_CASE("surprise: of every token that of the next-token view before it, the entropy that after it") {
  FreshLab lab("mamba2");
  carry_out(lab, command::FeedText{"state spaces remember"});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Step{9});
  Deriver deriver({});
  const auto track = whole_track(deriver, lab);
  REQUIRE(std::ssize(track->surprise) == lab.snapshot()->count());
  CHECK(std::isnan(track->surprise[0]));
  for (std::int64_t t = 0; t < lab.snapshot()->count(); ++t) {
    carry_out(lab, command::Seek{t, "a"});
    const auto next = deriver.derive(lab.snapshot(), lab.opened(), {.next = true})->next;
    REQUIRE(next);
    const auto at = static_cast<std::size_t>(t);
    CHECK(track->entropy[at] == doctest::Approx(next->entropy_bits).epsilon(1e-5));
    if (t + 1 < lab.snapshot()->count()) CHECK(track->surprise[at + 1] == doctest::Approx(-std::log2(next->came_probability)).epsilon(1e-5));
  }
}

TEST_CASE("surprise: grown with the run and after going back it is that of a fresh one, to the bit") {
  FreshLab lab("mamba1");
  Deriver growing({}), fresh({});
  const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
    return std::ranges::equal(a, b, [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
  };
  step_through(lab, 20, [&] { (void)whole_track(growing, lab); });
  carry_out(lab, command::TakeBack{7});
  carry_out(lab, command::Step{3});
  const auto grown = whole_track(growing, lab), made = whole_track(fresh, lab);
  CHECK(same(grown->surprise, made->surprise));
  CHECK(same(grown->entropy, made->entropy));
}

TEST_CASE("surprise: a long run is looked at in pieces, and nothing already known is lost when it is cancelled") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{std::string(40, 'x')});
  carry_out(lab, command::ReadWaiting{});
  Deriver deriver({});
  int asked = 0;
  const auto first = deriver.derive(lab.snapshot(), lab.opened(), {.surprise = true}, [&] { return ++asked > 10; });
  REQUIRE(first);
  CHECK_FALSE(first->surprise->is_whole);
  CHECK(std::isfinite(first->surprise->surprise[10]));
  CHECK(std::isnan(first->surprise->surprise[11]));
  CHECK(std::isfinite(whole_track(deriver, lab)->surprise[39]));
}

TEST_CASE("pair: the angle and the distance of the states at both cursors, of the chosen layer") {
  FreshLab lab("mamba2");
  std::vector<std::vector<float>> h;
  step_through(lab, 20, [&] { h.push_back(recurrent(lab, 1)); });
  carry_out(lab, command::Select{1, 0, 0});
  Deriver deriver({});
  carry_out(lab, command::Seek{14, "a"});
  CHECK_FALSE(deriver.derive(lab.snapshot(), lab.opened(), {.pair = true})->pair);  // cursor B is not set
  carry_out(lab, command::Seek{5, "b"});
  const auto pair = deriver.derive(lab.snapshot(), lab.opened(), {.pair = true})->pair;
  REQUIRE(pair);
  double aa = 0, bb = 0, ab = 0, apart = 0;
  for (std::size_t i = 0; i < h[5].size(); ++i) {
    const double x = static_cast<double>(h[14][i]), y = static_cast<double>(h[5][i]);
    aa += x * x, bb += y * y, ab += x * y, apart += (x - y) * (x - y);
  }
  CHECK(pair->b->position == 6);
  CHECK(pair->cosine == doctest::Approx(ab / std::sqrt(aa * bb)).epsilon(1e-12));
  CHECK(pair->distance == doctest::Approx(std::sqrt(apart)).epsilon(1e-12));
  CHECK(pair->cosine < 0.999);
  carry_out(lab, command::Seek{14, "b"});
  const auto same = deriver.derive(lab.snapshot(), lab.opened(), {.pair = true})->pair;
  CHECK(same->cosine == doctest::Approx(1).epsilon(1e-12));
  CHECK(same->distance == 0);
  carry_out(lab, command::Select{2, 0, 0});
  CHECK(deriver.derive(lab.snapshot(), lab.opened(), {.pair = true})->pair->a->layer == 2);
}

TEST_CASE("pair: caches of different lengths have no angle") {
  Lab lab{LabOptions{}};
  carry_out(lab, command::Open{source_path("tests/golden/granite-dense")});
  carry_out(lab, command::FeedTokens{{1, 2, 3, 4}});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Select{1, 0, 0});
  carry_out(lab, command::Seek{1, "b"});
  Deriver deriver({});
  const auto pair = deriver.derive(lab.snapshot(), lab.opened(), {.pair = true})->pair;
  REQUIRE(pair);
  CHECK(std::isnan(pair->cosine));
}

}  // namespace
}  // namespace lab::test
