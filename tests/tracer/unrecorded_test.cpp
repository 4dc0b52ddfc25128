// States that something changed within a step: no driver shows it, so they are kept whole.
#include <doctest/doctest.h>

#include "tests/tracer/recording.h"

using namespace lab;

namespace {

/// A recording of which some tokens have their state halved within the step.
struct HalvedRecording {
  explicit HalvedRecording(const std::string& family, const TraceOptions& options = {}) : r(family, options) {}

  void read(std::int64_t n, bool halves) {
    for (; n > 0; --n) {
      test::advance(*r.model, r.trace.count(), 1, r.state, &r.trace.probe(), r.context);
      if (halves) r.state.scale(1, 0.5f);
      const Status status = r.trace.commit(1, r.state, halves ? Keeping::state : Keeping::drivers);
      REQUIRE(status);
      r.live.push_back(r.state);
      r.left.push_back(r.state.hash());
    }
  }
  /// What a walk over all tokens finds after each of them in layer 1.
  std::vector<std::vector<float>> walked(std::int64_t first) {
    std::vector<std::vector<float>> states;
    State state(r.model->schema());
    const auto view = r.trace.view();
    REQUIRE(view->walk(first, view->count(), 1, state, r.replay, [&](std::int64_t) {
      states.push_back(state.get(1, 1));
      return true;
    }));
    return states;
  }
  void check_walk(std::int64_t first = 0) {
    const auto states = walked(first);
    for (std::size_t i = 0; i < states.size(); ++i) {
      INFO("after token ", first + static_cast<std::int64_t>(i));
      CHECK(states[i] == before_edits.at(static_cast<std::size_t>(first) + i));
    }
  }
  void keep_left() {
    before_edits.resize(r.live.size() - 1);
    for (std::size_t t = 0; t < before_edits.size(); ++t)
      if (before_edits[t].empty()) before_edits[t] = r.live[t + 1].get(1, 1);
  }
  test::Recording r;
  std::vector<std::vector<float>> before_edits;  // layer 1 as each token left it
};

}  // namespace

TEST_CASE("unrecorded: states are restored and walked through as the step left them, also under edits at the same place") {
  for (const char* family : {"mamba1", "mamba2"}) {
    HalvedRecording halved(family);
    halved.read(60, false);
    halved.read(9, true);   // over the end of a tile
    halved.keep_left();
    halved.r.zero(0);
    halved.r.state.scale(1, 3);
    halved.r.trace.edited(halved.r.state);
    halved.r.live.back() = halved.r.state;
    halved.read(5, false);
    halved.read(1, true);
    halved.read(70, false);
    halved.keep_left();
    CHECK(halved.r.wrong_positions(*halved.r.trace.view()) == std::vector<std::int64_t>{});
    halved.check_walk();
    halved.check_walk(63);
    halved.check_walk(68);
    // Taking an edit back leaves what the step left.
    halved.r.truncate(69);
    CHECK(halved.r.wrong_positions(*halved.r.trace.view()) == std::vector<std::int64_t>{});
    const Trace fork = halved.r.trace.fork(66);
    CHECK(halved.r.wrong_positions(*fork.view()) == std::vector<std::int64_t>{});
  }
}

TEST_CASE("unrecorded: no such state is thinned, and the budget still drops the beginning") {
  HalvedRecording halved("mamba1", {.budget_bytes = 400'000});
  for (int i = 0; i < 20; ++i) {
    halved.read(63, false);
    halved.read(1, true);  // where a keyframe is due, every second of which would go
  }
  const auto view = halved.r.trace.view();
  const TraceUse use = view->use();
  CHECK(use.replayable_from > 0);
  CHECK(use.total() <= 400'000);
  CHECK(halved.r.wrong_positions(*view, use.replayable_from) == std::vector<std::int64_t>{});
}
