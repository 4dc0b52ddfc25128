// What a trace gives up, in which order, and that it keeps to its budget.
#include <cmath>

#include <doctest/doctest.h>

#include "tests/tracer/recording.h"

using namespace lab;
using lab::test::Recording;

namespace {

using Positions = std::vector<std::int64_t>;

// Bytes of a tile and of a keyframe by the documented formula.
struct Sizes {
  explicit Sizes(const Model& model, std::int64_t tile_tokens) {
    std::int64_t floats = 0, summary = 0;
    for (const LayerInfo& layer : model.info().layers) {
      floats += kStatistics, summary += 3 * kStatistics;
      for (const Driver& driver : layer.drivers) floats += driver.width;
    }
    tile = 4 * (tile_tokens * floats + summary);
    keyframe = 4 * model.schema()->stored();
    minimum = ((128 + tile_tokens - 1) / tile_tokens + 1) * tile + keyframe;
  }
  std::int64_t tile = 0, keyframe = 0, minimum = 0;
};

}  // namespace

TEST_CASE("budget: gates go first, then every second keyframe, then exact statistics, then drivers; the total stays within") {
  for (const std::string family : {"mamba1", "mamba2"}) {
    const Sizes sizes(*test::tiny_model(family), 64);
    TraceOptions options{.budget_bytes = sizes.minimum + 4 * sizes.tile};
    Recording r(family, options);
    std::int64_t gates = 0, keyframes = 0, statistics = 0, drivers = 0, largest_keyframes = 0;
    while (r.trace.count() < 3000) {
      r.read(20, 20);
      const TraceUse use = r.trace.view()->use();
      REQUIRE(use.total() <= options.budget_bytes);
      REQUIRE(use.budget == options.budget_bytes);
      const auto first_time = [&](std::int64_t& when, bool happened) {
        if (when == 0 && happened) when = r.trace.count();
      };
      const std::int64_t tiles = r.trace.count() / 64 + 1;
      first_time(gates, use.looked_at_from > 0);
      first_time(keyframes, use.keyframes < tiles * sizes.keyframe);
      first_time(statistics, use.exact_from > 0);
      first_time(drivers, use.replayable_from > 0);
      largest_keyframes = std::max(largest_keyframes, use.keyframes);
      REQUIRE(use.looked_at_from <= std::max<std::int64_t>(r.trace.count() - 128, 0));
    }
    CHECK(gates > 0);
    CHECK(keyframes > gates);
    CHECK(statistics >= keyframes);
    CHECK(drivers > statistics);
    CHECK(largest_keyframes > 2 * sizes.keyframe);
  }
}

TEST_CASE("budget: what is left replays to the bits of the live state, and what is gone is refused by its earliest position") {
  const Sizes sizes(*test::tiny_model("mamba1"), 64);
  Recording r("mamba1", {.budget_bytes = sizes.minimum + 4 * sizes.tile});
  r.read(17 * 64, 23);
  r.zero(0);  // where the keyframe is one of every second that go
  r.read(325, 64);
  const auto view = r.trace.view();
  const TraceUse use = view->use();
  REQUIRE(use.replayable_from > 0);
  REQUIRE(use.replayable_from < 17 * 64);
  CHECK(use.replayable_from < use.looked_at_from);
  CHECK(r.wrong_positions(*view, use.replayable_from) == Positions{});
  State state(r.model->schema());
  const Status gone = view->restore(use.replayable_from - 1, state, r.replay);
  REQUIRE(!gone);
  CHECK(gone.error().code == Code::out_of_range);
  CHECK(gone.error().expected == std::to_string(use.replayable_from) + " to 1413");

  CHECK(view->driver(0, 0, 0) == std::nullopt);
  CHECK(view->driver(0, 4, use.looked_at_from - 1) == std::nullopt);
  CHECK(view->driver(0, 4, use.looked_at_from).has_value());
  CHECK(view->driver(0, 0, use.replayable_from).has_value());
  CHECK(view->driver(0, 0, 1413) == std::nullopt);
}

TEST_CASE("budget: a run goes on from a truncated place whose gates and statistics were thinned") {
  const Sizes sizes(*test::tiny_model("mamba1"), 64);
  Recording r("mamba1", {.budget_bytes = sizes.minimum + 4 * sizes.tile});
  r.read(900, 30);
  const std::int64_t cut = r.trace.view()->use().replayable_from + 70;
  REQUIRE(cut < r.trace.view()->use().looked_at_from);
  r.truncate(cut);
  r.zero(1);
  r.read(40, 7);
  const auto view = r.trace.view();
  CHECK(view->use().looked_at_from == cut);
  CHECK(view->use().exact_from == cut);
  CHECK(view->driver(1, 4, cut - 1) == std::nullopt);
  CHECK(view->driver(1, 4, cut).has_value());
  CHECK(r.wrong_positions(*view, view->use().replayable_from) == Positions{});
}

TEST_CASE("budget: truncating to where nothing is left begins a new history with the next token") {
  for (const std::int64_t cut : {0, 64, 100}) {
    CAPTURE(cut);
    Recording r("mamba1", {.budget_bytes = 0});
    r.read(700, 64);
    r.state = r.live[static_cast<std::size_t>(cut)];
    r.live.resize(static_cast<std::size_t>(cut) + 1);
    r.trace.truncate(cut);
    State state(r.model->schema());
    CHECK(r.trace.view()->restore(cut, state, r.replay).error().code == Code::out_of_range);
    if (cut > 0) CHECK(r.trace.view()->driver(0, 0, cut - 1) == std::nullopt);
    CHECK(r.trace.tokens_until_keyframe() == 1);
    r.read(300, 64);
    CHECK(r.trace.view()->use().replayable_from > cut);
    CHECK(r.wrong_positions(*r.trace.view(), r.trace.view()->use().replayable_from) == Positions{});
  }
}

TEST_CASE("statistics: pooled over any tokens they are the minimum, maximum and mean of each, also after a cut and where they were thinned") {
  const Sizes sizes(*test::tiny_model("mamba1"), 64);
  Recording r("mamba1"), thinned("mamba1", {.budget_bytes = sizes.minimum + 3 * sizes.tile});
  const auto check = [](const TraceView& trace, std::int64_t first, std::int64_t last) {
    for (int layer = 0; layer < 2; ++layer)
      for (const Statistic which : {Statistic::h_norm, Statistic::h_mean, Statistic::resid_max}) {
        float low = INFINITY, high = -INFINITY;
        double sum = 0, largest = 0;
        for (std::int64_t t = first; t < last; ++t) {
          const StatisticValue value = trace.statistic(layer, which, t);
          low = std::min(low, value.low), high = std::max(high, value.high);
          sum += static_cast<double>(value.mean), largest = std::max(largest, std::abs(static_cast<double>(value.mean)));
        }
        const auto count = static_cast<double>(last - first);
        const StatisticValue pooled = trace.pooled(layer, which, first, last);
        REQUIRE(pooled.low == low);
        REQUIRE(pooled.high == high);
        // A running mean of floats: two roundings a token, of numbers no larger than the largest.
        REQUIRE(std::abs(static_cast<double>(pooled.mean) - sum / count) <= 2 * count * 6e-8 * largest);
      }
  };
  r.read(900, 50);
  thinned.read(900, 50);
  for (const auto& [first, last] : {std::pair<std::int64_t, std::int64_t>{0, 900}, {0, 64}, {64, 128}, {63, 129}, {5, 6}, {128, 640}, {100, 899}, {890, 900}}) {
    check(*r.trace.view(), first, last);
    check(*thinned.trace.view(), first, last);
  }
  r.trace.truncate(200, true);
  check(*r.trace.view(), 0, 200);
  check(*r.trace.view(), 128, 200);
}

TEST_CASE("budget: a thinned statistic is the minimum, maximum and mean of its sixteen tokens") {
  const Sizes sizes(*test::tiny_model("mamba1"), 64);
  Recording exact("mamba1"), thinned("mamba1", {.budget_bytes = sizes.minimum + 3 * sizes.tile});
  exact.read(900, 50);
  thinned.read(900, 50);
  const auto all = exact.trace.view(), few = thinned.trace.view();
  const std::int64_t end = few->use().exact_from;
  REQUIRE(end >= 64);
  for (std::int64_t first = 0; first < end; first += 16)
    for (int layer = 0; layer < 2; ++layer)
      for (const Statistic which : {Statistic::h_norm, Statistic::h_mean, Statistic::resid_max}) {
        float low = INFINITY, high = -INFINITY;
        double sum = 0;
        for (std::int64_t t = first; t < first + 16; ++t) {
          const float value = all->statistic(layer, which, t).mean;
          low = std::min(low, value);
          high = std::max(high, value);
          sum += value;
        }
        const StatisticValue block = few->statistic(layer, which, first + 5);
        REQUIRE(block.low == low);
        REQUIRE(block.high == high);
        // A running mean of 16 floats: 2 roundings a token, of numbers no larger than the largest.
        REQUIRE(std::abs(block.mean - sum / 16) <= 32 * 6e-8 * std::max(std::abs(low), std::abs(high)));
      }
  CHECK(few->statistic(1, Statistic::h_norm, end).low == few->statistic(1, Statistic::h_norm, end).high);
  CHECK(few->statistic(1, Statistic::h_norm, 899).mean == all->statistic(1, Statistic::h_norm, 899).mean);
}

TEST_CASE("budget: a single NaN is not lost when its sixteen tokens become one number") {
  const Sizes sizes(*test::tiny_model("mamba1"), 64);
  Recording r("mamba1", {.budget_bytes = sizes.minimum + 3 * sizes.tile});
  r.read(100, 50);
  r.state.stored(0, 1)[0] = NAN;
  r.trace.edited(r.state);
  r.live.back() = r.state;
  r.read(1, 1);
  r.zero(-1);
  r.read(799, 50);
  const auto view = r.trace.view();
  REQUIRE(view->use().exact_from >= 112);
  CHECK(std::isnan(view->statistic(0, Statistic::h_norm, 96).low));
  CHECK(std::isnan(view->statistic(0, Statistic::h_norm, 111).high));
  CHECK(view->statistic(0, Statistic::h_nonfinite, 100).high == 1);
  CHECK(std::isfinite(view->statistic(0, Statistic::h_norm, 95).mean));
  CHECK(std::isfinite(view->statistic(0, Statistic::h_norm, 112).mean));
}

TEST_CASE("budget: the last 128 tokens keep everything even when the budget is nothing") {
  for (const std::int64_t tile_tokens : {64, 128}) {
    Recording r("mamba1", {.budget_bytes = 0}, tile_tokens);
    const Sizes sizes(*r.model, tile_tokens);
    std::int64_t largest = 0;
    for (int i = 0; i < 60; ++i) {
      r.read(19, 19);
      largest = std::max(largest, r.trace.view()->use().total());
      REQUIRE(r.trace.view()->use().total() <= sizes.minimum);
      REQUIRE(r.trace.view()->use().looked_at_from <= std::max<std::int64_t>(r.trace.count() - 128, 0));
    }
    CHECK(largest > sizes.minimum / 2);
    const auto view = r.trace.view();
    CHECK(r.wrong_positions(*view, view->use().replayable_from) == Positions{});
    for (std::int64_t t = view->count() - 128; t < view->count(); ++t) {
      REQUIRE(view->driver(0, 0, t).has_value());
      REQUIRE(view->driver(0, 5, t).has_value());
      REQUIRE(std::isfinite(view->statistic(0, Statistic::h_norm, t).mean));
    }
    CHECK(std::isnan(view->statistic(0, Statistic::h_norm, 0).mean));
  }
}

TEST_CASE("budget: edited states since the newest keyframe are kept beyond the minimum, one for each") {
  Recording r("mamba1", {.budget_bytes = 0});
  const Sizes sizes(*r.model, 64);
  for (int i = 1; i <= 40; ++i) {
    r.read(11, 11);
    r.zero(i % 2);
    const std::int64_t since = (r.trace.count() % 64) / 11 + 1;
    REQUIRE(r.trace.view()->use().total() <= sizes.minimum + since * sizes.keyframe);
  }
  const auto view = r.trace.view();
  CHECK(r.wrong_positions(*view, view->use().replayable_from) == Positions{});
}

TEST_CASE("budget: a history never begins with an edited state, whose edit could not be forgotten") {
  const Sizes sizes(*test::tiny_model("mamba1"), 64);
  Recording r("mamba1", {.budget_bytes = sizes.minimum + 2 * sizes.tile});
  std::int64_t last = 0;
  for (int i = 1; i <= 80; ++i) {
    r.read(11, 11);
    r.zero(i % 2);
    last = r.trace.view()->use().replayable_from;
    REQUIRE(last % 64 == 0);
  }
  CHECK(last > 0);
}
