// What views show of the past equals what was there when it was the present.
#include <cmath>
#include <limits>
#include <map>

#include <doctest/doctest.h>

#include "app/core/analyst.h"
#include "app/core/layer_walk.h"
#include "app/core/sampler.h"
#include "app/core/slab_maker.h"
#include "app/core/trajectory_maker.h"
#include "support.h"

namespace lab::test {
namespace {

constexpr Query kAll{.slab = true, .frame = true, .next = true, .trajectory = true};
constexpr int kSsm = 1;  // the recurrent tensor of a layer

// The recurrent state of a layer, [rows][states] flat.
std::vector<float> recurrent(const Lab& lab, int layer) { return lab.state().get(layer, kSsm); }

std::vector<std::vector<float>> columns_of(const StateSlab& slab) {
  std::vector<std::vector<float>> columns;
  for (std::int64_t c = 0; c < slab.columns.count(); ++c) columns.emplace_back(slab.columns[c].begin(), slab.columns[c].end());
  return columns;
}

// Steps a lab through a text with an edit in the middle; `after` is called after each token, before the edit.
void step_through(Lab& lab, int tokens, const std::function<void()>& after) {
  carry_out(lab, command::FeedText{"In the beginning was the state"});
  for (int t = 0; t < tokens; ++t) {
    carry_out(lab, command::Step{1});
    after();
    if (t == tokens / 2) carry_out(lab, command::ScaleState{-1, -0.5});
  }
}

TEST_CASE("deriver: the slab holds what the states were when they were live") {
  for (const char* family : {"mamba1", "mamba2"}) {
    INFO(family);
    FreshLab lab(family);
    const int layer = 1, index = 5, states = 8;
    std::vector<std::vector<float>> live;
    step_through(lab, 75, [&] {
      const std::vector<float> h = recurrent(lab, layer);
      std::vector<float> column;
      for (std::size_t r = 0; r < h.size() / states; ++r) column.push_back(h[r * states + index]);
      live.push_back(column);
    });
    carry_out(lab, command::Select{layer, 0, index});
    Deriver deriver({});
    const auto derived = deriver.derive(lab.snapshot(), lab.opened(), {.slab = true});
    REQUIRE(derived->slab);
    CHECK(derived->refusal.empty());
    CHECK(derived->slab->layer == layer);
    CHECK(derived->slab->state == index);
    CHECK(derived->slab->rows == 64);
    CHECK(derived->slab->stride == 1);
    CHECK(columns_of(*derived->slab) == live);
    CHECK_FALSE(derived->frame);
    CHECK_FALSE(derived->next);
  }
}

TEST_CASE("deriver: a slab that grew with the run equals one made afresh") {
  for (const char* family : {"mamba1", "mamba2"}) {
    FreshLab lab(family);
    Deriver growing({});
    std::uint64_t version = 0;
    std::shared_ptr<const StateSlab> early;
    std::vector<std::vector<float>> early_columns;
    step_through(lab, 70, [&] {
      const auto slab = growing.derive(lab.snapshot(), lab.opened(), kAll)->slab;
      REQUIRE(slab);
      CHECK(slab->version > version);
      version = slab->version;
      if (lab.snapshot()->count() == 10) {
        early = slab;
        early_columns = columns_of(*slab);
      }
    });
    Deriver fresh({});
    const auto grown = growing.derive(lab.snapshot(), lab.opened(), kAll)->slab, made = fresh.derive(lab.snapshot(), lab.opened(), kAll)->slab;
    CHECK(columns_of(*grown) == columns_of(*made));
    CHECK(grown->half_life == made->half_life);
    CHECK(grown->by_half_life == made->by_half_life);
    CHECK(columns_of(*early) == early_columns);
  }
}

TEST_CASE("deriver: what is shown follows what is selected, and tokens taken back") {
  FreshLab lab("mamba1");
  step_through(lab, 40, [] {});
  Deriver deriver({});
  for (const Command& command : std::initializer_list<Command>{
           command::Select{2, 0, 3}, command::ShowRange{5, 20}, command::ShowRange{5, 12}, command::ShowRange{30, 500}, command::ShowRange{0, 0},
           command::TakeBack{15}, command::Step{9}, command::Undo{}, command::ZeroState{2}, command::Step{3}, command::Reset{}, command::FeedText{"abcdefghij"},
           command::ReadWaiting{}, command::Undo{}, command::Undo{}, command::Undo{}}) {
    carry_out(lab, command);
    INFO(label_of(command));
    Deriver fresh({});
    const auto a = deriver.derive(lab.snapshot(), lab.opened(), kAll), b = fresh.derive(lab.snapshot(), lab.opened(), kAll);
    CHECK(columns_of(*a->slab) == columns_of(*b->slab));
    CHECK(a->frame->h == b->frame->h);
    CHECK(a->trajectory->points.size() == b->trajectory->points.size());
  }
  carry_out(lab, command::ShowRange{5, 12});
  const auto slab = deriver.derive(lab.snapshot(), lab.opened(), kAll)->slab;
  CHECK(slab->first == 5);
  CHECK(slab->columns.count() == 7);
}

TEST_CASE("deriver: beyond 2,048 columns each stands for several tokens and keeps the largest magnitude") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{std::string(700, 'a') + std::string(1349, 'b')});
  carry_out(lab, command::Step{2000});
  Deriver growing({});
  REQUIRE(growing.derive(lab.snapshot(), lab.opened(), {.slab = true})->slab->stride == 1);
  carry_out(lab, command::Step{49});
  const auto slab = growing.derive(lab.snapshot(), lab.opened(), {.slab = true})->slab;
  CHECK(slab->stride == 2);
  REQUIRE(slab->columns.count() == 1025);
  Deriver ranged({});
  carry_out(lab, command::ShowRange{1000, 1011});
  const auto exact = ranged.derive(lab.snapshot(), lab.opened(), {.slab = true})->slab;
  for (std::int64_t c = 500; c < 505; ++c)
    for (std::size_t r = 0; r < 64; ++r) {
      const float a = exact->columns[2 * c - 1000][r], b = exact->columns[2 * c - 999][r];
      CHECK(slab->columns[c][r] == (std::fabs(b) > std::fabs(a) ? b : a));
    }
  carry_out(lab, command::ShowRange{0, 0});
  carry_out(lab, command::Step{1});  // the last column gets its second token
  const auto next = growing.derive(lab.snapshot(), lab.opened(), {.slab = true})->slab;
  const auto fresh = ranged.derive(lab.snapshot(), lab.opened(), {.slab = true})->slab;
  CHECK(next->columns.count() == 1025);
  CHECK(columns_of(*next) == columns_of(*fresh));
}

TEST_CASE("deriver: a row's half life is ln 2 over the mean time step and the rate") {
  for (const char* family : {"mamba1", "mamba2"}) {
    INFO(family);
    FreshLab lab(family);
    step_through(lab, 30, [] {});
    carry_out(lab, command::Select{1, 0, 3});
    carry_out(lab, command::ShowRange{4, 24});
    Deriver deriver({});
    const auto slab = deriver.derive(lab.snapshot(), lab.opened(), {.slab = true})->slab;
    const Model& model = *lab.opened()->model;
    const std::vector<float> A = model.rates(1);
    const int dt = driver_of(model.info().layers[1], Point::dt);
    const bool heads = model.info().heads > 0;
    REQUIRE(slab->half_life.size() == 64);
    for (std::size_t r = 0; r < 64; ++r) {
      const std::size_t head = r / 16;
      double sum = 0;
      for (std::int64_t t = 4; t < 24; ++t) sum += static_cast<double>((*lab.snapshot()->trace->driver(1, dt, t))[heads ? head : r]);
      const double rate = -static_cast<double>(heads ? A[head] : A[r * 8 + 3]);
      CHECK(rate > 0);
      CHECK(slab->half_life[r] == doctest::Approx(std::log(2.0) / (sum / 20 * rate)).epsilon(1e-5));
    }
    for (std::size_t i = 1; i < 64; ++i)
      CHECK(slab->half_life[static_cast<std::size_t>(slab->by_half_life[i - 1])] >= slab->half_life[static_cast<std::size_t>(slab->by_half_life[i])]);
  }
}

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
  const CountSketch sketch(20'000, 4096), again(20'000, 4096);
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
