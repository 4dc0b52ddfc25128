#include "model/layer_trace.h"

#include <doctest/doctest.h>

#include "tests/tracer/recording.h"

using namespace lab;

namespace {

using Shape = std::vector<std::int64_t>;
using Ids = std::vector<std::vector<std::int32_t>>;
using Vectors = std::vector<std::vector<float>>;

std::vector<float> row(const TracedValues& values, std::int64_t i, std::int64_t j) {
  const auto part = values.at(i, j);
  return {part.begin(), part.end()};
}

State started(const Model& model, std::int64_t tokens) {
  Context<float> context;
  State state(model.schema());
  test::advance(model, 0, tokens, state, nullptr, context);
  return state;
}

}  // namespace

TEST_CASE("layer trace: index 0 is the start state, index t + 1 the state after token t, and the caller's states stay") {
  for (const std::string family : {"mamba1", "mamba2"}) {
    CAPTURE(family);
    const auto model = test::tiny_model(family);
    Context<float> context;
    const std::vector<State> start = {started(*model, 5), State(model->schema())};
    const std::uint64_t untouched = start[0].hash();
    Vectors inputs(2, std::vector<float>(4 * 12));
    for (std::size_t i = 0; i < inputs[0].size(); ++i) {
      inputs[0][i] = static_cast<float>(i % 7) - 3;
      inputs[1][i] = static_cast<float>(i % 5) - 2;
    }
    const auto trace = trace_layer(*model, 1, inputs, start, context);
    REQUIRE(trace);
    CHECK(start[0].hash() == untouched);
    CHECK(trace->outputs.shape == Shape{4, 2, 12});
    CHECK(trace->conv_states.shape == (family == "mamba1" ? Shape{5, 2, 24, 4} : Shape{5, 2, 34, 4}));
    CHECK(trace->ssm_states.shape == (family == "mamba1" ? Shape{5, 2, 24, 5} : Shape{5, 2, 3, 8, 5}));

    for (std::int64_t lane = 0; lane < 2; ++lane) {
      State state = start[static_cast<std::size_t>(lane)];
      for (std::int64_t t = 0; t <= 4; ++t) {
        CHECK(row(trace->conv_states, t, lane) == state.get(1, 0));
        CHECK(row(trace->ssm_states, t, lane) == state.get(1, 1));
        if (t == 4) break;
        std::vector<float> output(12);
        model->mix(1, {inputs[static_cast<std::size_t>(lane)].data() + 12 * t, 1, 12}, {output.data(), 1, 12}, state, nullptr, context);
        CHECK(row(trace->outputs, t, lane) == output);
      }
    }
  }
}

TEST_CASE("layer trace: the model's trace is that of the model, with norm and residual between the layers") {
  for (const std::string family : {"mamba1", "mamba2"}) {
    const auto model = test::tiny_model(family);
    Context<float> context;
    const std::vector<State> start = {started(*model, 3), started(*model, 9)};
    const Ids tokens = {{1, 2, 3}, {30, 0, 4}};
    const auto trace = trace_model(*model, tokens, start, context);
    REQUIRE(trace);
    CHECK(trace->embeddings.shape == Shape{3, 2, 12});
    CHECK(trace->logits.shape == Shape{3, 2, 31});
    REQUIRE(trace->layers.size() == 2);
    for (std::int64_t lane = 0; lane < 2; ++lane) {
      State state = start[static_cast<std::size_t>(lane)];
      CHECK(row(trace->layers[0].ssm_states, 0, lane) == state.get(0, 1));
      for (std::int64_t t = 0; t < 3; ++t) {
        std::vector<float> logits(31);
        Lane<float> one{.tokens = std::span(tokens[static_cast<std::size_t>(lane)]).subspan(static_cast<std::size_t>(t), 1),
                        .state = &state, .logits = {logits.data(), 1, 31}};
        REQUIRE(model->advance(std::span(&one, 1), context));
        CHECK(row(trace->logits, t, lane) == logits);
        for (int layer = 0; layer < 2; ++layer) {
          const LayerTrace& traced = trace->layers[static_cast<std::size_t>(layer)];
          CHECK(row(traced.conv_states, t + 1, lane) == state.get(layer, 0));
          CHECK(row(traced.ssm_states, t + 1, lane) == state.get(layer, 1));
          const auto before = layer == 0 ? row(trace->embeddings, t, lane) : row(trace->resid_out[0], t, lane);
          const auto output = row(traced.outputs, t, lane);
          auto sum = before;
          for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += output[i];
          CHECK(row(trace->resid_out[static_cast<std::size_t>(layer)], t, lane) == sum);
        }
      }
    }
  }
}

TEST_CASE("layer trace: feeding a layer what its mixer was fed gives the same trace alone") {
  const auto model = test::tiny_model("mamba1");
  Context<float> context;
  const Ids tokens = {{5, 6, 7, 8}};
  const auto whole = trace_model(*model, tokens, {}, context);
  REQUIRE(whole);
  const auto alone = trace_layer(*model, 1, Vectors(1, whole->norm1[1].values), {}, context);
  REQUIRE(alone);
  CHECK(alone->outputs.values == whole->layers[1].outputs.values);
  CHECK(alone->ssm_states.values == whole->layers[1].ssm_states.values);
}

TEST_CASE("layer trace: vectors equal to embeddings give the trace of the tokens") {
  const auto model = test::tiny_model("mamba2");
  Context<float> context;
  const Ids tokens = {{5, 6, 7, 8}};
  const auto by_tokens = trace_model(*model, tokens, {}, context);
  REQUIRE(by_tokens);
  const auto by_vectors = trace_model(*model, Vectors(1, by_tokens->embeddings.values), {}, context);
  REQUIRE(by_vectors);
  CHECK(by_vectors->logits.values == by_tokens->logits.values);
}

TEST_CASE("layer trace: what does not fit together is refused by name") {
  const auto model = test::tiny_model("mamba1"), other = test::tiny_model("mamba1");
  Context<float> context;
  const auto field_of = [](const auto& result) { return result ? std::string("accepted") : result.error().field; };
  const Vectors inputs(2, std::vector<float>(24)), uneven = {std::vector<float>(24), std::vector<float>(12)};
  CHECK(field_of(trace_layer(*model, 2, inputs, {}, context)) == "layer");
  CHECK(field_of(trace_layer(*model, 0, uneven, {}, context)) == "lane 1");
  CHECK(field_of(trace_layer(*model, 0, Vectors(1, std::vector<float>(13)), {}, context)) == "lane 0");
  CHECK(field_of(trace_layer(*model, 0, Vectors(), {}, context)) == "lanes");
  CHECK(field_of(trace_layer(*model, 0, inputs, std::vector(1, State(model->schema())), context)) == "start");
  CHECK(field_of(trace_layer(*model, 0, inputs, std::vector(2, State(other->schema())), context)) == "start of lane 0");
  CHECK(field_of(trace_model(*model, Ids{{1}, {31}}, {}, context)) == "lane 1");
  CHECK(field_of(trace_model(*model, Ids{{1, 2}, {3}}, {}, context)) == "lane 1");
  const std::atomic<bool> stop = true;
  context.stop = &stop;
  CHECK(trace_model(*model, Ids{{1}}, {}, context).error().code == Code::cancelled);
}
