// States that step together: each with the bits that it has alone, whatever happens to the others.
#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <limits>

#include "model/lanes.h"
#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

const std::vector<std::string> kFamilies = {"mamba1", "mamba2-groups", "falcon_mamba", "granite-moe", "llama3-rope", "rwkv4"};

// One lane as a program without lanes would keep it.
struct Alone {
  explicit Alone(const Model& model) : model_(model), state(model.schema()) {}

  void read(const Tokens& tokens) {
    if (tokens.empty()) return;
    logits.resize(static_cast<std::size_t>(model_.info().vocabulary));
    Lane<float> lane{.tokens = tokens, .state = &state, .logits = {logits.data(), 1, model_.info().vocabulary}};
    REQUIRE(model_.advance(std::span(&lane, 1), context_));
  }
  void reset() {
    state = State(model_.schema());
    logits.clear();
  }

 private:
  const Model& model_;
  Context<float> context_;

 public:
  State state;
  std::vector<float> logits;
};

bool same_as(const Lanes& lanes, int lane, const Alone& alone) {
  return same_bits(lanes.state(lane), alone.state) && same_bits(lanes.logits(lane), std::span<const float>(alone.logits));
}

std::vector<LaneInput> inputs_of(const std::vector<Tokens>& tokens) {
  std::vector<LaneInput> inputs;
  for (const Tokens& of_lane : tokens) inputs.push_back({.tokens = of_lane});
  return inputs;
}

}  // namespace

TEST_CASE("lanes: random inputs, lengths, resets and soft resets leave each lane the bits that it has alone, on 1, 2 and 4 threads") {
  for (const std::string& name : kFamilies)
    for (const int threads : {1, 2, 4}) {
      CAPTURE(name);
      CAPTURE(threads);
      const auto model = open_golden(name);
      const auto vocabulary = static_cast<unsigned>(model->info().vocabulary);
      constexpr int kLanes = 5;
      Lanes lanes(*model, kLanes);
      std::deque<Alone> alone;
      for (int lane = 0; lane < kLanes; ++lane) alone.emplace_back(*model);
      Context<float> context({.threads = threads});
      std::mt19937 random(11);
      for (int round = 0; round < 25; ++round) {
        std::vector<Tokens> tokens;
        for (int lane = 0; lane < kLanes; ++lane) tokens.push_back(random_tokens(random() % 5 == 0 ? 6 : random() % 3, vocabulary, random()));
        REQUIRE(lanes.advance(inputs_of(tokens), context));
        std::vector<bool> resets(kLanes), softer(kLanes);
        for (int lane = 0; lane < kLanes; ++lane) {
          const auto i = static_cast<std::size_t>(lane);
          alone[i].read(tokens[i]);
          resets[i] = random() % 6 == 0;
          softer[i] = random() % 8 == 0;
        }
        REQUIRE(lanes.reset(resets));
        REQUIRE(lanes.soft_reset(softer, 0.25f));
        for (int lane = 0; lane < kLanes; ++lane) {
          const auto i = static_cast<std::size_t>(lane);
          if (resets[i]) alone[i].reset();
          if (softer[i]) soften(alone[i].state, 0.25f);
          CAPTURE(round);
          CAPTURE(lane);
          REQUIRE(same_as(lanes, lane, alone[i]));
        }
      }
    }
}

TEST_CASE("lanes: a reset makes the chosen lanes fresh and leaves the others every bit; a prompt after it goes on from each lane's own state") {
  for (const std::string& name : kFamilies) {
    CAPTURE(name);
    const auto model = open_golden(name);
    const std::int64_t vocabulary = model->info().vocabulary;
    const Tokens before = random_tokens(5, vocabulary, 2), after = random_tokens(7, vocabulary, 3);
    Context<float> context;
    Lanes lanes(*model, 3);
    REQUIRE(lanes.advance(inputs_of({before, before, before}), context));
    const State kept = lanes.state(0);
    REQUIRE(lanes.reset({false, true, false}));
    CHECK(same_bits(lanes.state(0), kept));
    CHECK(same_bits(lanes.state(2), kept));
    CHECK(lanes.logits(0).size() == static_cast<std::size_t>(vocabulary));
    CHECK(lanes.logits(1).empty());
    CHECK(lanes.position(1) == 0);
    REQUIRE(lanes.advance(inputs_of({after, after, {}}), context));
    Alone whole(*model), fresh(*model);
    whole.read(before);
    whole.read(after);
    fresh.read(after);
    CHECK(same_as(lanes, 0, whole));
    CHECK(same_as(lanes, 1, fresh));
    CHECK(same_bits(lanes.state(2), kept));
    CHECK(lanes.position(0) == 12);
    CHECK(lanes.position(1) == 7);
  }
}

TEST_CASE("lanes: a reset is a selection: what is not a number does not survive it") {
  const auto model = open_golden("mamba1");
  Context<float> context;
  Lanes lanes(*model, 2);
  for (const int lane : {0, 1})
    for (float& value : lanes.state(lane).stored_all()) value = std::numeric_limits<float>::quiet_NaN();
  REQUIRE(lanes.reset({true, false}));
  CHECK(same_bits(lanes.state(0), State(model->schema())));
  CHECK(std::isnan(lanes.state(1).stored(0, 1)[0]));
  REQUIRE(lanes.soft_reset({false, true}, 0));
  CHECK(same_bits(lanes.state(1), State(model->schema())));
}

TEST_CASE("lanes: softening scales what is remembered and keeps the newest share of a cache; at 1 nothing changes") {
  for (const std::string& name : kFamilies) {
    CAPTURE(name);
    const auto model = open_golden(name);
    Context<float> context;
    State state = run<float>(*model, random_tokens(7, model->info().vocabulary), context).state;
    const State before = state;
    soften(state, 1);
    CHECK(same_bits(state, before));
    soften(state, 0.5f);
    CHECK(state.position == before.position);
    for (int layer = 0; layer < model->layers(); ++layer)
      for (int i = 0; i < static_cast<int>(state.schema().layers()[static_cast<std::size_t>(layer)].tensors.size()); ++i) {
        const TensorSchema& tensor = state.schema().layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(i)];
        std::vector<float> expected = before.get(layer, i);
        if (tensor.grows()) expected.erase(expected.begin(), expected.begin() + 3 * tensor.elements());  // 4 of 7 rows stay
        else if (tensor.name != "att.pp")
          for (float& value : expected) value *= 0.5f;
        CAPTURE(tensor.name);
        CHECK(state.get(layer, i) == expected);
      }
    soften(state, 0);
    State fresh(model->schema());
    fresh.position = before.position;
    CHECK(same_bits(state, fresh));
  }
  State with_neutral = filled<float>(odd_schema());
  std::vector<float> expected = with_neutral.get(0, 2);
  for (float& value : expected) value = 2 + 0.5f * (value - 2);
  soften(with_neutral, 0.5f);
  CHECK(same_bits(with_neutral.get(0, 2), expected));
}

TEST_CASE("lanes: a softened RWKV state reads as before and weighs less against what comes") {
  const auto model = open_golden("rwkv4");
  Context<float> context;
  const State before = run<float>(*model, random_tokens(7, model->info().vocabulary), context).state;
  State softer = before;
  soften(softer, 0.5f);
  const std::vector<float> aa = before.get(0, 1), bb = before.get(0, 2), half_aa = softer.get(0, 1), half_bb = softer.get(0, 2);
  for (std::size_t i = 0; i < aa.size(); ++i) {
    CHECK(half_aa[i] / half_bb[i] == aa[i] / bb[i]);
    CHECK(half_bb[i] == 0.5f * bb[i]);
  }
}

TEST_CASE("lanes: a step reads one token a lane, and a negative one leaves its lane where it is") {
  const auto model = open_golden("mamba2");
  Context<float> context;
  Lanes lanes(*model, 3);
  const std::int32_t first[] = {5, 6, -1}, second[] = {-1, 7, 8};
  REQUIRE(lanes.step(first, context));
  CHECK(lanes.logits(2).empty());
  const std::vector<float> logits(lanes.logits(0).begin(), lanes.logits(0).end());
  REQUIRE(lanes.step(second, context));
  CHECK(same_bits(lanes.logits(0), std::span<const float>(logits)));
  const std::vector<Tokens> read = {{5}, {6, 7}, {8}};
  for (int lane = 0; lane < 3; ++lane) {
    Alone alone(*model);
    alone.read(read[static_cast<std::size_t>(lane)]);
    CHECK(same_as(lanes, lane, alone));
  }
}

TEST_CASE("lanes: vectors in place of embeddings, and a probe that sees its own lane") {
  const auto model = open_golden("mamba1");
  Context<float> context;
  const Tokens tokens = random_tokens(4, model->info().vocabulary);
  Recorder<float> embeddings(model->layers()), states(model->layers());
  embeddings.read(Point::emb, -1);
  run<float>(*model, tokens, context, {}, &embeddings);
  states.read(Point::h, 0);
  Lanes lanes(*model, 2);
  const std::vector<LaneInput> inputs = {{.vectors = {embeddings.values.at("emb").data(), 4, model->info().hidden}, .probe = &states},
                                         {.tokens = std::span(tokens).first(1)}};
  REQUIRE(lanes.advance(inputs, context));
  CHECK(same_bits(lanes.state(0), run<float>(*model, tokens, context).state));
  const std::vector<float> h = lanes.state(0).get(0, 1), &seen = states.values.at("L0.mix.h");
  CHECK(seen.size() == 4 * h.size());
  CHECK(same_bits(std::vector<float>(seen.end() - static_cast<std::ptrdiff_t>(h.size()), seen.end()), h));
}

TEST_CASE("lanes: what cannot be read is refused by lane, and no lane has moved") {
  const auto model = open_golden("mamba1");
  const auto vocabulary = static_cast<std::int32_t>(model->info().vocabulary);
  Context<float> context;
  Lanes lanes(*model, 2);
  REQUIRE(lanes.advance(inputs_of({{1, 2}, {3}}), context));
  const State first = lanes.state(0), second = lanes.state(1);
  const auto refused = [&](Status status, Code code, const std::string& field) {
    REQUIRE(!status);
    CHECK(status.error().code == code);
    CHECK(status.error().field == field);
    CHECK(same_bits(lanes.state(0), first));
    CHECK(same_bits(lanes.state(1), second));
  };
  refused(lanes.advance(inputs_of({{1}}), context), Code::bad_argument, "inputs");
  refused(lanes.advance(inputs_of({{1}, {2, vocabulary}}), context), Code::out_of_range, "lanes[1]");
  refused(lanes.advance(inputs_of({{-1}, {2}}), context), Code::out_of_range, "lanes[0]");
  const std::vector<float> vectors(3);
  refused(lanes.advance(std::vector<LaneInput>{{}, {.vectors = {vectors.data(), 1, 3}}}, context), Code::mismatch, "lanes[1]");
  refused(lanes.step(Tokens{1}, context), Code::bad_argument, "tokens");
  refused(lanes.reset({true}), Code::bad_argument, "mask");
  refused(lanes.soft_reset({true, true, true}, 0.5f), Code::bad_argument, "mask");
  for (const float factor : {-0.1f, 1.1f, std::numeric_limits<float>::quiet_NaN()})
    refused(lanes.soft_reset({true, true}, factor), Code::out_of_range, "factor");
  const std::atomic<bool> stop = true;
  context.stop = &stop;
  refused(lanes.advance(inputs_of({{1}, {2}}), context), Code::cancelled, "");
}

TEST_CASE("lanes: attention caches begin again with their lane") {
  const auto model = open_golden("llama");
  Context<float> context;
  Lanes lanes(*model, 2);
  REQUIRE(lanes.advance(inputs_of({{1, 2, 3}, {4, 5, 6}}), context));
  REQUIRE(lanes.reset({true, false}));
  REQUIRE(lanes.advance(inputs_of({{7}, {7}}), context));
  CHECK(lanes.state(0).cache(0, 0).count() == 1);
  CHECK(lanes.state(1).cache(0, 0).count() == 4);
  Alone fresh(*model);
  fresh.read({7});
  CHECK(same_as(lanes, 0, fresh));
}
