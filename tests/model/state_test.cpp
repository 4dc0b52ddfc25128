// States as data: get, set, zero, scale, copy, hash.
#include <doctest/doctest.h>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

TEST_CASE_TEMPLATE("state: what is set is what is got, in every layout", Real, float, double) {
  BasicState<Real> state = filled<Real>(odd_schema());
  for (int i = 0; i < 3; ++i) {
    const std::vector<Real> values = state.get(1, i);
    BasicState<Real> other(odd_schema());
    REQUIRE(other.set(1, i, values));
    CHECK(same_bits(other.get(1, i), values));
    const TensorSchema& tensor = state.schema().layers()[1].tensors[static_cast<std::size_t>(i)];
    for (std::int64_t flat = 0; flat < tensor.elements(); ++flat)
      CHECK(state.stored(1, i)[static_cast<std::size_t>(tensor.stored_index(flat))] ==
            values[static_cast<std::size_t>(flat)]);
  }
}

TEST_CASE("state: a tensor of another size is refused by layer and name") {
  State state(odd_schema());
  const Status status = state.set(1, 0, std::vector<float>(14));
  REQUIRE(!status);
  CHECK(status.error().code == Code::mismatch);
  CHECK(status.error().field == "layers.1.conv_state");
  CHECK(status.error().expected == "15 values of shape [5, 3]");
  CHECK(status.error().found == "14");
}

TEST_CASE("state: a zeroed layer has neutral values and leaves the others as they are") {
  State state = filled<float>(odd_schema());
  const State before = state;
  state.zero(0);
  CHECK(state.get(0, 0) == std::vector<float>(15, 0.0f));
  CHECK(state.get(0, 2) == std::vector<float>(7, 2.0f));
  for (int i = 0; i < 3; ++i) CHECK(same_bits(state.get(1, i), before.get(1, i)));
  CHECK(state.position == 12);
  state.zero();
  CHECK(same_bits(state, [] {
    State fresh(odd_schema());
    fresh.position = 12;
    return fresh;
  }()));
}

TEST_CASE("state: scaling moves the recurrent tensors of one layer and leaves windows alone") {
  State state = filled<float>(odd_schema());
  const State before = state;
  state.scale(1, 0.5f);
  std::vector<float> half = before.get(1, 1);
  for (float& value : half) value *= 0.5f;
  CHECK(same_bits(state.get(1, 1), half));
  CHECK(same_bits(state.get(1, 0), before.get(1, 0)));
  CHECK(same_bits(state.get(0, 1), before.get(0, 1)));
}

TEST_CASE("state: a copy is independent of its original") {
  State state = filled<float>(odd_schema());
  const State copy = state;
  const std::uint64_t hash = copy.hash();
  state.zero();
  CHECK(copy.hash() == hash);
  State assigned(odd_schema());
  assigned = copy;
  CHECK(same_bits(assigned, copy));
}

TEST_CASE("state: the hash tells values and positions apart and ignores what lies between the elements") {
  State state = filled<float>(odd_schema()), same = filled<float>(odd_schema());
  CHECK(state.hash() == same.hash());
  CHECK(state.hash() != filled<float>(odd_schema(), 2).hash());
  same.position = 13;
  CHECK(state.hash() != same.hash());
  same.position = 12;
  std::span<float> padded = same.stored(0, 1);
  const TensorSchema& tensor = same.schema().layers()[0].tensors[1];
  padded[static_cast<std::size_t>(tensor.stored_index(18 * 3)) + 5] = 9;  // beside the last channel of the first head
  CHECK(state.hash() == same.hash());
}

TEST_CASE("state: a step after get and set is the step without them") {
  const auto model = make_random({.family = "mamba2", .hidden = 36, .vocabulary = 40, .state_size = 5, .head_dim = 24});
  Context<float> context;
  const Tokens tokens = random_tokens(8, 40);
  const Outcome<float> whole = run<float>(*model, tokens, context);
  const State half = run<float>(*model, Tokens(tokens.begin(), tokens.begin() + 4), context).state;
  State copied(model->schema());
  copied.position = half.position;
  for (int layer = 0; layer < model->layers(); ++layer)
    for (int i = 0; i < 2; ++i) REQUIRE(copied.set(layer, i, half.get(layer, i)));
  CHECK(same_bits(run<float>(*model, Tokens(tokens.begin() + 4, tokens.end()), context, {}, nullptr, &copied).state,
                  whole.state));
}

TEST_CASE("state: the oldest column of a convolution window does not reach the next token") {
  const auto model = make_random({.family = "mamba1", .hidden = 20, .vocabulary = 40});
  Context<float> context;
  const State state = run<float>(*model, random_tokens(6, 40), context).state;
  State changed = state;
  std::vector<float> window = changed.get(0, 0);
  for (std::size_t i = 0; i < window.size(); i += 4) window[i] = 1e6f;
  REQUIRE(changed.set(0, 0, window));
  CHECK(same_bits(run<float>(*model, {3}, context, {}, nullptr, &state).logits,
                  run<float>(*model, {3}, context, {}, nullptr, &changed).logits));
}
