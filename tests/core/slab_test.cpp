// States over time: what is drawn of the past equals what was there when it was the present.
#include <cmath>

#include <doctest/doctest.h>

#include "app/core/layer_walk.h"
#include "deriver_support.h"

namespace lab::test {
namespace {

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
    const auto grown = growing.derive(lab.snapshot(), lab.opened(), kAll)->slab,
               made = fresh.derive(lab.snapshot(), lab.opened(), kAll)->slab;
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
           command::Select{2, 0, 3}, command::ShowRange{5, 20}, command::ShowRange{5, 12}, command::ShowRange{30, 500},
           command::ShowRange{0, 0}, command::TakeBack{15}, command::Step{9}, command::Undo{}, command::ZeroState{2},
           command::Step{3}, command::Reset{}, command::FeedText{"abcdefghij"}, command::ReadWaiting{}, command::Undo{},
           command::Undo{}, command::Undo{}}) {
    carry_out(lab, command);
    INFO(label_of(command));
    Deriver fresh({});
    const auto a = deriver.derive(lab.snapshot(), lab.opened(), kAll),
               b = fresh.derive(lab.snapshot(), lab.opened(), kAll);
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
    const int dt = find_driver(model.info().layers[1], Point::dt);
    const bool heads = model.info().heads > 0;
    REQUIRE(slab->half_life.size() == 64);
    for (std::size_t r = 0; r < 64; ++r) {
      const std::size_t head = r / 16;
      double sum = 0;
      for (std::int64_t t = 4; t < 24; ++t)
        sum += static_cast<double>((*lab.snapshot()->trace->driver(1, dt, t))[heads ? head : r]);
      const double rate = -static_cast<double>(heads ? A[head] : A[r * 8 + 3]);
      CHECK(rate > 0);
      CHECK(slab->half_life[r] == doctest::Approx(std::log(2.0) / (sum / 20 * rate)).epsilon(1e-5));
    }
    for (std::size_t i = 1; i < 64; ++i)
      CHECK(slab->half_life[static_cast<std::size_t>(slab->by_half_life[i - 1])] >=
            slab->half_life[static_cast<std::size_t>(slab->by_half_life[i])]);
  }
}

TEST_CASE("windows: the means of two windows are those of the states when they were live") {
  for (const char* family : {"mamba1", "mamba2"}) {
    INFO(family);
    FreshLab lab(family);
    const int layer = 2, index = 3, states = 8;
    std::vector<std::vector<double>> live;
    step_through(lab, 60, [&] {
      const std::vector<float> h = recurrent(lab, layer);
      std::vector<double> column;
      for (std::size_t r = 0; r < h.size() / states; ++r) column.push_back(static_cast<double>(h[r * states + index]));
      live.push_back(column);
    });
    const TokenWindows windows{layer, index, 12, 41, 53};
    Deriver deriver({});
    const auto derived = deriver.derive(lab.snapshot(), lab.opened(), {.windows = windows});
    REQUIRE(derived->windows);
    CHECK(derived->windows->windows == windows);
    REQUIRE(derived->windows->before.size() == live[0].size());
    for (std::size_t row = 0; row < live[0].size(); ++row) {
      double before = 0, recent = 0;
      for (std::size_t t = 12; t < 41; ++t) before += live[t][row] / 29;
      for (std::size_t t = 41; t < 53; ++t) recent += live[t][row] / 12;
      CHECK(static_cast<double>(derived->windows->before[row]) == doctest::Approx(before).epsilon(1e-6));
      CHECK(static_cast<double>(derived->windows->recent[row]) == doctest::Approx(recent).epsilon(1e-6));
    }
    // More tokens do not change windows of the past: they are not computed again.
    carry_out(lab, command::Step{3});
    CHECK(deriver.derive(lab.snapshot(), lab.opened(), {.windows = windows})->windows == derived->windows);
  }
}

TEST_CASE("windows: those that are not there are refused in words") {
  FreshLab lab("mamba1");
  step_through(lab, 20, [] {});
  Deriver deriver({});
  for (const TokenWindows& windows : {TokenWindows{0, 0, 5, 9, 21}, TokenWindows{0, 0, 5, 5, 9}, TokenWindows{3, 0, 5, 7, 9}, TokenWindows{0, 0, -1, 7, 9}}) {
    const auto derived = deriver.derive(lab.snapshot(), lab.opened(), {.windows = windows});
    CHECK_FALSE(derived->windows);
    CHECK(derived->refusal.find("no such windows") != std::string::npos);
  }
}

}  // namespace
}  // namespace lab::test
