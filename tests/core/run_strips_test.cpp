// How far runs are from the first one: against states restored one by one.
#include <cmath>

#include <doctest/doctest.h>

#include "app/core/run_strips.h"
#include "support.h"

namespace lab::test {
namespace {

/// One lab with three runs: a fork whose layer 1 was set to zero, and one of the fork that only reads on.
struct Forked : FreshLab {
  explicit Forked(const char* family) : FreshLab(family) {
    carry_out(*this, command::FeedText{"In the beginning was a text of some length."});
    carry_out(*this, command::ReadWaiting{});
    carry_out(*this, command::Fork{20, "zeroed", true});
    carry_out(*this, command::ZeroState{1});
    carry_out(*this, command::ReadWaiting{});
    carry_out(*this, command::Fork{30, "later", true});
    carry_out(*this, command::ReadWaiting{});
    carry_out(*this, command::SwitchRun{0});
  }
};

std::vector<float> held(const Lab& lab, const RunFacts& run, int layer, std::int64_t position) {
  const Model& model = *lab.opened()->model;
  Context<float> context;
  State state(model.schema());
  const Replayer replayer = [&](int each, std::span<const Rows<const float>> drivers, State& into) { model.replay(each, drivers, into, context); };
  REQUIRE(run.trace->restore(position, layer, state, replayer));
  return state.get(layer, 1);
}

double relative(const std::vector<float>& a, const std::vector<float>& b) {
  double apart = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(b[i]) - static_cast<double>(a[i]);
    apart += difference * difference, norm += static_cast<double>(a[i]) * static_cast<double>(a[i]);
  }
  return apart == 0 ? 0 : std::sqrt(apart / norm);
}

}  // namespace

TEST_CASE("run strips: a difference is that of the restored states, zero above what was changed until it comes back") {
  for (const char* family : {"mamba1", "mamba2"}) {
    CAPTURE(family);
    Forked lab(family);
    const auto snapshot = lab.snapshot();
    RunStripMaker maker;
    Context<float> context;
    const auto made = maker.make(*lab.opened()->model, *snapshot, context, {});
    REQUIRE(made);
    REQUIRE((*made)->strips.size() == 2);
    for (const RunStrip& strip : (*made)->strips) {
      CHECK(strip.first == 20);
      CHECK(strip.last == snapshot->count());
      CHECK(strip.stride == 1);
      const RunFacts& run = *std::ranges::find(snapshot->runs, strip.run, &RunFacts::id);
      for (std::int64_t i = 0; i < strip.columns(); ++i)
        for (std::int64_t layer = 0; layer < strip.layers; ++layer) {
          const std::int64_t position = strip.first + i + 1;
          const double expected = relative(held(lab, snapshot->runs[0], static_cast<int>(layer), position), held(lab, run, static_cast<int>(layer), position));
          CHECK(static_cast<double>(strip.difference[static_cast<std::size_t>(i * strip.layers + layer)]) == doctest::Approx(expected).epsilon(1e-6));
        }
      CHECK(strip.difference[0] == 0);  // the layer above reads the same
      CHECK(strip.difference[1] > 0);
    }
    // The same again costs nothing and is the same; cancelled there is none.
    const auto again = maker.make(*lab.opened()->model, *snapshot, context, [] { return true; });
    REQUIRE(again);
    CHECK((*again)->strips[1].difference == (*made)->strips[1].difference);
    RunStripMaker fresh;
    const auto cancelled = fresh.make(*lab.opened()->model, *snapshot, context, [] { return true; });
    REQUIRE(cancelled);
    CHECK_FALSE(*cancelled);
  }
}

TEST_CASE("run strips: where runs part is known through forks of forks") {
  Forked lab("mamba1");
  const auto snapshot = lab.snapshot();
  CHECK(parting_of(snapshot->runs, 0, 1) == 20);
  CHECK(parting_of(snapshot->runs, 0, 2) == 20);
  CHECK(parting_of(snapshot->runs, 1, 2) == 30);
  CHECK(parting_of(snapshot->runs, 2, 1) == 30);
  CHECK(parting_of(snapshot->runs, 2, 2) == snapshot->runs[2].tokens.count());
  carry_out(lab, command::DeleteRun{1});
  CHECK(parting_of(lab.snapshot()->runs, 0, 2) == 0);  // nobody knows any more
}

TEST_CASE("run strips: a long run is compared in its last part, one column for several tokens") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedTokens{std::vector<std::int32_t>(900, 65)});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::Fork{10, "", true});
  carry_out(lab, command::ScaleState{-1, 2});
  carry_out(lab, command::ReadWaiting{});
  RunStripMaker maker;
  Context<float> context;
  const auto made = maker.make(*lab.opened()->model, *lab.snapshot(), context, {});
  REQUIRE(made);
  const RunStrip& strip = (*made)->strips.front();
  CHECK(strip.stride == 4);
  CHECK(strip.columns() == 223);
  CHECK(strip.columns() <= RunStripMaker::kMostColumns);
  for (const float value : strip.difference) CHECK(std::isfinite(value));
}

}  // namespace lab::test
