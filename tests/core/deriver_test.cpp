// The state at the cursor, next tokens and trajectories: of the past as they were live.
#include <cmath>
#include <limits>
#include <map>

#include <doctest/doctest.h>

#include "app/core/trajectory_maker.h"
#include "deriver_support.h"

namespace lab::test {
namespace {

TEST_CASE("deriver: the frame is the state that the next token finds, in logical order") {
  FreshLab lab("mamba2");
  std::map<std::int64_t, std::vector<float>> h, conv;
  const auto keep = [&] {
    h[lab.snapshot()->count()] = recurrent(lab, 2);
    conv[lab.snapshot()->count()] = lab.state().get(2, 0);
  };
  keep();
  step_through(lab, 20, keep);
  carry_out(lab, command::ScaleState{2, 4});
  keep();
  carry_out(lab, command::Step{3});
  carry_out(lab, command::Select{2, 0, 0});
  Deriver deriver({});
  for (const auto& [position, expected] : h) {
    if (position == 11) continue;  // edited afterwards: the frame shows the edit
    carry_out(lab, command::Seek{position - 1, "a"});
    const auto frame = deriver.derive(lab.snapshot(), lab.opened(), {.frame = true})->frame;
    REQUIRE(frame);
    CHECK(frame->position == position);
    CHECK(frame->shape == std::vector<std::int64_t>{4, 16, 8});
    CHECK(frame->h == expected);
    CHECK(frame->conv == conv[position]);
    CHECK(frame->conv_shape[1] == 4);
  }
}

TEST_CASE("deriver: next tokens of the past are those that were seen live") {
  for (const char* family : {"mamba1", "mamba2"}) {
    FreshLab lab(family);
    std::vector<NextTokens> live;
    Deriver deriver({});
    CHECK_FALSE(deriver.derive(lab.snapshot(), lab.opened(), {.next = true})->next);
    step_through(lab, 66, [&] { live.push_back(*deriver.derive(lab.snapshot(), lab.opened(), {.next = true})->next); });
    for (std::int64_t t = 0; t < 66; ++t) {
      carry_out(lab, command::Seek{t, "a"});
      const auto next = deriver.derive(lab.snapshot(), lab.opened(), {.next = true})->next;
      const NextTokens& then = live[static_cast<std::size_t>(t)];
      REQUIRE(next);
      CHECK(next->position == t + 1);
      CHECK(next->entropy_bits == then.entropy_bits);
      REQUIRE(next->best.size() == then.best.size());
      for (std::size_t i = 0; i < then.best.size(); ++i) {
        CHECK(next->best[i].id == then.best[i].id);
        CHECK(next->best[i].probability == then.best[i].probability);
      }
      CHECK(then.came == -1);
      CHECK(next->came == (t == 65 ? -1 : lab.snapshot()->tokens[t + 1][0]));
      if (t < 65) CHECK(next->came_rank >= 0);
    }
  }
}

TEST_CASE("deriver: what the budget has dropped is refused in words, the rest is there") {
  LabOptions options;
  options.trace.budget_bytes = 200'000;
  FreshLab lab("mamba1", options);
  carry_out(lab, command::FeedText{std::string(1000, 'x')});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Seek{0, "a"});
  Deriver deriver({});
  const auto derived = deriver.derive(lab.snapshot(), lab.opened(), kAll);
  CHECK_FALSE(derived->frame);
  CHECK_FALSE(derived->next);
  CHECK_FALSE(derived->refusal.empty());
  REQUIRE(derived->slab);
  CHECK(derived->slab->first == lab.snapshot()->trace->use().replayable_from);
  CHECK(derived->slab->columns.count() == 1000 - derived->slab->first);
}

TEST_CASE("deriver: the trajectory has a point a token and equals that of a fresh one") {
  FreshLab lab("mamba2");
  Deriver growing({}), fresh({});
  step_through(lab, 60, [&] { growing.derive(lab.snapshot(), lab.opened(), {.trajectory = true}); });
  const auto grown = growing.derive(lab.snapshot(), lab.opened(), {.trajectory = true})->trajectory;
  const auto made = fresh.derive(lab.snapshot(), lab.opened(), {.trajectory = true})->trajectory;
  REQUIRE(grown);
  CHECK(grown->points.size() == 60);
  CHECK(grown->points[0].size() == 3);
  CHECK(grown->stride == 1);
  CHECK(grown->approximation.empty());
  // Each view folds in an unfinished block, and so the two have cut the samples differently.
  REQUIRE(made->points.size() == 60);
  CHECK(grown->explained[0] == doctest::Approx(made->explained[0]).epsilon(1e-2));
}

TEST_CASE("deriver: a token whose state is not finite leaves a gap in the trajectory") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdefghijklmnop"});
  carry_out(lab, command::Step{5});
  State broken = lab.state();
  carry_out(lab, command::Reset{});
  std::vector<float> huge(broken.get(0, kSsm).size(), std::numeric_limits<float>::infinity());
  REQUIRE(broken.set(0, kSsm, huge));
  REQUIRE(lab.start_from(broken).applied);
  carry_out(lab, command::FeedText{"abcdefghijklmnop"});
  carry_out(lab, command::Step{3});
  carry_out(lab, command::ZeroState{});
  carry_out(lab, command::Step{10});
  Deriver deriver({});
  const auto trajectory = deriver.derive(lab.snapshot(), lab.opened(), {.trajectory = true})->trajectory;
  REQUIRE(trajectory->points.size() == 13);
  CHECK(std::isnan(trajectory->points[2][0]));
  CHECK(std::isfinite(trajectory->points[3][0]));
}

TEST_CASE("deriver: long runs keep every k-th point and say so") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{std::string(5000, 'k')});
  carry_out(lab, command::ReadWaiting{});
  Deriver deriver({});
  const auto trajectory = deriver.derive(lab.snapshot(), lab.opened(), {.trajectory = true})->trajectory;
  CHECK(trajectory->stride == 2);
  CHECK(trajectory->points.size() == 2500);
  CHECK(trajectory->approximation == "one token in 2");
}

TEST_CASE("count sketch: scalar products are kept on average, the same every time") {
  const TrajectorySketch sketch(20'000, 4096), again(20'000, 4096);
  std::vector<float> a(20'000), b(20'000), sa(4096), sb(4096), sc(4096);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = std::sin(static_cast<float>(i));
    b[i] = std::sin(static_cast<float>(i) + 0.5f);
  }
  sketch.apply(a, sa);
  sketch.apply(b, sb);
  again.apply(a, sc);
  CHECK(sa == sc);
  double exact = 0, sketched = 0, norms = 0;
  for (std::size_t i = 0; i < a.size(); ++i) exact += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (std::size_t i = 0; i < sa.size(); ++i) sketched += static_cast<double>(sa[i]) * static_cast<double>(sb[i]);
  for (const float x : a) norms += static_cast<double>(x) * static_cast<double>(x);
  // The standard deviation is at most sqrt(2 / buckets) times the product of the norms; four of them.
  CHECK(std::fabs(sketched - exact) < 4 * std::sqrt(2.0 / 4096) * norms);
}

TEST_CASE("deriver: asked to stop it answers nothing, and goes on from there the next time") {
  FreshLab lab("mamba1");
  step_through(lab, 70, [] {});
  Deriver deriver({}), fresh({});
  CHECK(deriver.derive(lab.snapshot(), lab.opened(), kAll, [] { return true; }) == nullptr);
  const auto derived = deriver.derive(lab.snapshot(), lab.opened(), kAll);
  CHECK(columns_of(*derived->slab) == columns_of(*fresh.derive(lab.snapshot(), lab.opened(), kAll)->slab));
}

TEST_CASE("deriver: a snapshot and a model that do not belong together give nothing") {
  FreshLab lab("mamba1"), other("mamba1");
  step_through(lab, 5, [] {});
  Deriver deriver({});
  const auto derived = deriver.derive(lab.snapshot(), other.opened(), kAll);
  CHECK_FALSE(derived->slab);
  CHECK_FALSE(derived->frame);
  Lab empty{LabOptions{}};
  CHECK_FALSE(deriver.derive(empty.snapshot(), empty.opened(), kAll)->slab);
}

TEST_CASE("analyst: the last question is answered") {
  FreshLab lab("mamba1");
  std::atomic<int> announced = 0;
  Analyst analyst({}, [&] { ++announced; });
  CHECK(analyst.idle());
  std::uint64_t last = 0;
  step_through(lab, 40, [&] {
    const auto snapshot = lab.snapshot();
    last = snapshot->number;
    analyst.ask(snapshot, lab.opened(), kAll);
  });
  REQUIRE(eventually([&] { return analyst.idle(); }));
  CHECK(analyst.latest()->snapshot == last);
  CHECK(analyst.latest()->slab->columns.count() == 40);
  CHECK(announced > 0);
}

TEST_CASE("analyst: closing stops what it is at") {
  FreshLab lab("mamba2");
  carry_out(lab, command::FeedText{std::string(2000, 'k')});
  carry_out(lab, command::ReadWaiting{});
  Analyst analyst({}, [] {});
  analyst.ask(lab.snapshot(), lab.opened(), kAll);
}

}  // namespace
}  // namespace lab::test
