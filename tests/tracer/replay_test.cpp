// Replay is bit-equal to the live state, whatever happened on the way.
#include <doctest/doctest.h>

#include "tests/tracer/recording.h"
#include "tracer/trace/history.h"

using namespace lab;
using lab::test::Recording;

namespace {

constexpr const char* kFamilies[] = {"mamba1", "mamba2", "falcon_mamba", "granite-dense", "llama", "rwkv4"};
using Positions = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("trace: replay gives the bits of the live state at every position, after prefill in uneven spans and single steps") {
  for (const std::string family : kFamilies)
    for (const std::int64_t keyframe_every : {64, 128}) {
      CAPTURE(family);
      Recording r(family, {}, keyframe_every);
      r.read(100, 17);
      r.read(60, 1);
      r.read(171, 64);
      CHECK(r.trace.count() == 331);
      CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
    }
}

TEST_CASE("trace: a keyframe is due every 64 tokens, counted from the last one") {
  Recording r("mamba1");
  CHECK(r.trace.tokens_until_keyframe() == 64);
  r.read(70, 9);
  CHECK(r.trace.tokens_until_keyframe() == 58);
  r.truncate(64);
  CHECK(r.trace.tokens_until_keyframe() == 64);
}

TEST_CASE("trace: recording changes no bit of the logits") {
  for (const std::string family : kFamilies) {
    Recording r(family);
    State bare(r.model->schema());
    for (std::int64_t t = 0; t < 70; t += 7) {
      const auto recorded = test::advance(*r.model, t, 7, r.state, &r.trace.probe(), r.context);
      r.trace.discard();
      CHECK(recorded == test::advance(*r.model, t, 7, bare, nullptr, r.context));
    }
  }
}

TEST_CASE("trace: states after an edit replay from the edited state, those before are as they were") {
  for (const std::string family : kFamilies) {
    CAPTURE(family);
    Recording r(family);
    r.zero(0);  // before the first token, where it changes nothing but makes a second keyframe
    r.read(90, 13);
    r.zero(1);
    r.zero(0);
    r.read(38, 38);  // ends where a keyframe is due
    r.zero(1);
    r.read(40, 1);
    CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
  }
}

TEST_CASE("trace: a walk shows each token's state before later edits and goes on from the edited one") {
  Recording r("mamba1");
  r.read(90, 13);
  r.zero(-1);
  r.read(60, 8);
  r.zero(0);
  const auto view = r.trace.view();
  for (const std::int64_t first : {0, 1, 63, 64, 89, 90, 91, 150}) {
    // Layer by layer into one state: compared where all layers have been walked to the same token.
    std::vector<State> walked(static_cast<std::size_t>(150 - first), State(r.model->schema()));
    for (int layer = 0; layer < r.model->layers(); ++layer) {
      State state(r.model->schema());
      std::int64_t expected = first;
      REQUIRE(view->walk(first, 150, layer, state, r.replay, [&](std::int64_t token) {
        REQUIRE(token == expected++);
        State& to = walked[static_cast<std::size_t>(token - first)];
        std::ranges::copy(state.stored_layer(layer), to.stored_layer(layer).begin());
        to.position = state.position;
        return true;
      }));
      CHECK(expected == 150);
    }
    Positions wrong;
    for (std::int64_t t = first; t < 150; ++t)
      if (walked[static_cast<std::size_t>(t - first)].hash() != r.left[static_cast<std::size_t>(t)]) wrong.push_back(t);
    CHECK(wrong == Positions{});
  }
}

TEST_CASE("trace: a walk stops when it is told to") {
  Recording r("mamba1");
  r.read(20, 20);
  State state(r.model->schema());
  int visits = 0;
  REQUIRE(r.trace.view()->walk(5, 20, 0, state, r.replay, [&](std::int64_t) { return ++visits < 3; }));
  CHECK(visits == 3);
  CHECK(state.position == 8);
}

TEST_CASE("trace: restoring one layer leaves the others alone") {
  Recording r("mamba2");
  r.read(70, 70);
  State state(r.model->schema());
  std::fill(state.stored_all().begin(), state.stored_all().end(), 3.0f);
  REQUIRE(r.trace.view()->restore(66, 1, state, r.replay));
  CHECK(std::ranges::all_of(state.stored_layer(0), [](float value) { return value == 3.0f; }));
  CHECK(state.get(1, 1) == r.live[66].get(1, 1));
  CHECK(state.position == 66);
}

TEST_CASE("trace: what is truncated can be recorded anew, and earlier views still show what was there") {
  for (const std::int64_t cut : {130, 128, 127, 65, 64, 1, 0}) {
    CAPTURE(cut);
    Recording r("mamba1");
    r.read(90, 13);
    r.zero(0);
    r.read(51, 51);
    const auto before = r.trace.view();
    const auto live_before = r.live;
    r.truncate(cut);
    CHECK(r.trace.view()->revision() != before->revision());
    r.zero(-1);  // so that the tokens that follow leave other states
    r.read(150, 11);
    CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
    r.live = live_before;
    CHECK(r.wrong_positions(*before) == Positions{});
  }
}

TEST_CASE("trace: truncating to a position forgets the edits made there, unless they are kept") {
  for (const std::int64_t at : {0, 40, 64}) {
    CAPTURE(at);
    Recording r("mamba1");
    r.read(at, 64);
    const std::uint64_t unedited = r.state.hash();
    r.state.scale(-1, 2.0f);
    for (float& value : r.state.stored_layer(0)) value += 1;
    r.trace.edited(r.state);
    const std::uint64_t edited = r.state.hash();
    r.live.back() = r.state;
    r.read(10, 10);

    State there(r.model->schema());
    r.trace.truncate(at, true);
    REQUIRE(r.trace.view()->restore(at, there, r.replay));
    CHECK(there.hash() == edited);
    r.trace.truncate(at, false);
    REQUIRE(r.trace.view()->restore(at, there, r.replay));
    CHECK(there.hash() == unedited);
  }
}

TEST_CASE("trace: a cancelled advance leaves nothing behind") {
  Recording r("mamba2");
  r.read(30, 30);
  State torn = r.state;
  test::advance(*r.model, 77, 12, torn, &r.trace.probe(), r.context);  // other tokens than those that will follow
  r.trace.discard();
  CHECK(r.trace.count() == 30);
  r.read(50, 5);
  CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
}

TEST_CASE("trace: positions outside the history are refused") {
  Recording r("mamba1");
  r.read(10, 10);
  State state(r.model->schema());
  for (const std::int64_t position : {-1, 11}) {
    const Status status = r.trace.view()->restore(position, state, r.replay);
    REQUIRE(!status);
    CHECK(status.error().code == Code::out_of_range);
    CHECK(status.error().expected == "0 to 10");
  }
  CHECK(!r.trace.view()->walk(3, 11, 0, state, r.replay, [](std::int64_t) { return true; }));
}

TEST_CASE("trace: a state that starts at a later position keeps counting from there") {
  Recording r("mamba1");
  r.state.position = 500;
  r.trace = Trace(r.model->schema(), r.model->info().layers, {}, r.state);
  r.live = {r.state};
  r.read(80, 16);
  CHECK(r.live.back().position == 580);
  CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
}

TEST_CASE("trace: keyframes share the rows of an attention cache, and its bytes are counted once") {
  Recording r("llama");
  r.read(640, 64);
  const TraceUse use = r.trace.view()->use();
  CHECK(use.caches == r.state.cache_bytes());
  r.zero(0);  // that layer begins anew; the rows that older keyframes hold stay
  r.read(64, 64);
  CHECK(r.trace.view()->use().caches > r.state.cache_bytes());
  CHECK(r.wrong_positions(*r.trace.view()) == Positions{});
}

TEST_CASE("trace: keyframes that went on from each other read one list of tiles, those before an edit another") {
  const auto keyframe = [](const RowTiles<float>& cache, bool edited) {
    return Keyframe{.edited = edited, .caches = std::make_shared<const std::vector<RowTiles<float>>>(1, cache), .rows = {cache.count()}};
  };
  std::vector<Keyframe> keyframes;
  const auto add = [&](const RowTiles<float>& cache, bool edited) {
    Keyframe next = keyframe(cache, edited);
    share_caches(keyframes, next);
    keyframes.push_back(std::move(next));
  };
  const float row = 1;
  RowTiles<float> cache(1);
  for (int i = 0; i < 3; ++i) {
    for (int t = 0; t < 100; ++t) cache.append(&row);
    add(cache, false);
  }
  CHECK(keyframes[0].caches == keyframes[2].caches);
  CHECK(keyframes[0].rows == std::vector<std::int64_t>{100});
  cache.truncate(64);
  add(cache, true);
  for (int t = 0; t < 300; ++t) cache.append(&row);
  add(cache, false);
  CHECK(keyframes[3].caches == keyframes[4].caches);
  CHECK(keyframes[2].caches != keyframes[4].caches);
  cache.transform([](float x) { return 2 * x; });  // not told: other tiles all the same
  add(cache, false);
  CHECK(keyframes[4].caches != keyframes[5].caches);
}
