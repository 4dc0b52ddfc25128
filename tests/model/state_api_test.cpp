// States taken apart and put together again: get, set, zero, clone and move, for a layer and for a model.
#include <doctest/doctest.h>

#include <limits>

#include "model/state_api.h"
#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

// One of every family.
const std::vector<std::string> kFamilies = {"mamba1", "mamba2", "mamba2-groups", "falcon_mamba", "granite-dense", "granite-moe", "llama", "rwkv4"};

// Calls body(model, tokens, cut) for every family and a few places to cut its tokens.
template <class Body>
void for_each_cut(Body body) {
  for (const std::string& name : kFamilies) {
    const auto model = open_golden(name);
    const Tokens tokens = random_tokens(9, model->info().vocabulary);
    for (const std::ptrdiff_t cut : {1, 4, 8}) {
      CAPTURE(name);
      CAPTURE(cut);
      body(*model, tokens, cut);
    }
  }
}

State state_after(const Model& model, const Tokens& tokens) {
  Context<float> context;
  return run<float>(model, tokens, context).state;
}

// Sets the layer of a state that has read 12 tokens, and expects to be refused without any change.
Error refusal(int layer, const LayerState& values) {
  State state = filled<float>(odd_schema());
  const State before = state;
  const Status status = set_layer_state(state, odd_schema(), layer, values);
  REQUIRE(!status);
  CHECK(same_bits(state, before));
  return status.error();
}

}  // namespace

TEST_CASE("state API: nothing is got where nothing is, and zeroing it is safe") {
  State nothing;
  CHECK_FALSE(get_layer_state(nothing, 0));
  CHECK(get_model_state(nothing).layers.empty());
  zero_layer_state(nothing, 0);
  zero_model_state(nothing);
  CHECK_FALSE(static_cast<bool>(nothing));
  State state = filled<float>(odd_schema());
  const State before = state;
  for (const int layer : {-1, 2, 1000}) {
    CHECK_FALSE(get_layer_state(state, layer));
    zero_layer_state(state, layer);
  }
  CHECK(same_bits(state, before));
}

TEST_CASE("state API: what is got has the names, shapes and values of the layer") {
  const State state = filled<float>(odd_schema());
  const auto layer = get_layer_state(state, 1);
  REQUIRE(layer);
  CHECK(layer->kind == "odd");
  REQUIRE(layer->tensors.size() == 3);
  CHECK(layer->tensors[1].name == "ssm_state");
  CHECK(layer->tensors[1].shape == std::vector<std::int64_t>{2, 19, 3});
  for (int i = 0; i < 3; ++i) CHECK(same_bits(layer->tensors[static_cast<std::size_t>(i)].values, state.get(1, i)));
  CHECK(layer->find("other") == &layer->tensors[2]);
  CHECK(layer->find("nothing") == nullptr);
  const ModelState all = get_model_state(state);
  CHECK(all.model_type == "odd");
  CHECK(all.position == 12);
  CHECK(all.layers.size() == 2);
  CHECK(same_bits(all.layers.at(1).tensors[1].values, layer->tensors[1].values));
}

TEST_CASE("state API: what was got is a deep copy: later steps do not change it, and it does not change them") {
  for_each_cut([](const Model& model, const Tokens& tokens, std::ptrdiff_t cut) {
    Context<float> context;
    State state = state_after(model, Tokens(tokens.begin(), tokens.begin() + cut));
    const ModelState got = get_model_state(state), kept = got;
    const Tokens rest(tokens.begin() + cut, tokens.end());
    state = run<float>(model, rest, context, {}, nullptr, &state).state;
    for (const auto& [layer, values] : kept.layers)
      for (std::size_t i = 0; i < values.tensors.size(); ++i) CHECK(same_bits(got.layers.at(layer).tensors[i].values, values.tensors[i].values));
    ModelState clone = kept;
    for (auto& [layer, values] : clone.layers)
      for (StateTensor& tensor : values.tensors)
        for (float& value : tensor.values) value = 7;
    CHECK(same_bits(state, state_after(model, tokens)));
    for (const auto& [layer, values] : got.layers)
      for (std::size_t i = 0; i < values.tensors.size(); ++i) CHECK(same_bits(values.tensors[i].values, kept.layers.at(layer).tensors[i].values));
  });
}

TEST_CASE("state API: set and go on is the uninterrupted run, from a fresh state and from a used one") {
  for_each_cut([](const Model& model, const Tokens& tokens, std::ptrdiff_t cut) {
    Context<float> context;
    const Outcome<float> whole = run<float>(model, tokens, context);
    const ModelState values = get_model_state(state_after(model, Tokens(tokens.begin(), tokens.begin() + cut)));
    const Tokens rest(tokens.begin() + cut, tokens.end());
    State fresh, used = state_after(model, random_tokens(5, model.info().vocabulary, 9));
    for (State* state : {&fresh, &used}) {
      const Status set = set_model_state(*state, model.schema(), values);
      REQUIRE_MESSAGE(set, set.error().text());
      CHECK(state->position == cut);
      const Outcome<float> after = run<float>(model, rest, context, {}, nullptr, state);
      CHECK(same_bits(after.state, whole.state));
      const auto done = static_cast<std::ptrdiff_t>(cut * model.info().vocabulary);
      CHECK(same_bits(after.logits, std::vector<float>(whole.logits.begin() + done, whole.logits.end())));
    }
  });
}

TEST_CASE("state API: layer by layer is the whole, and the first one set allocates the rest as neutral") {
  for (const std::string& name : kFamilies) {
    CAPTURE(name);
    const auto model = open_golden(name);
    const State source = state_after(*model, random_tokens(6, model->info().vocabulary));
    State state;
    for (int layer = 0; layer < model->layers(); ++layer) {
      if (!state) {  // rows of an attention cache need a state that has read as many tokens
        state = State(model->schema());
        state.position = source.position;
      }
      const Status set = set_layer_state(state, model->schema(), layer, *get_layer_state(source, layer));
      REQUIRE_MESSAGE(set, set.error().text());
    }
    CHECK(same_bits(state, source));
  }
  State fresh;
  const auto schema = odd_schema();
  const LayerState values = *get_layer_state(filled<float>(schema), 1);
  REQUIRE(set_layer_state(fresh, schema, 1, values));
  CHECK(same_bits(fresh.get(1, 1), values.tensors[1].values));
  CHECK(fresh.get(0, 2) == std::vector<float>(7, 2.0f));
  CHECK(fresh.position == 0);
}

TEST_CASE("state API: what does not fit is refused by layer and tensor, all of it together, and nothing has changed") {
  const LayerState good = *get_layer_state(filled<float>(odd_schema(), 3), 0);
  LayerState transposed = good;
  transposed.tensors[1].shape = {2, 3, 19};
  Error error = refusal(1, transposed);
  CHECK(error.code == Code::mismatch);
  CHECK(error.field == "layers.1.ssm_state");
  CHECK(error.expected == "[2, 19, 3]");
  CHECK(error.found == "[2, 3, 19]");
  LayerState lacking = good;
  lacking.tensors.erase(lacking.tensors.begin());
  error = refusal(0, lacking);
  CHECK(error.code == Code::missing);
  CHECK(error.field == "layers.0.conv_state");
  LayerState more = good;
  more.tensors.push_back({"memory", {1}, {0}});
  CHECK(refusal(0, more).field == "layers.0.memory");
  more.tensors.back() = good.tensors[0];
  CHECK(refusal(0, more).code == Code::duplicate);
  LayerState short_of_values = good;
  short_of_values.tensors[2].values.pop_back();
  CHECK(refusal(0, short_of_values).field == "layers.0.other");
  LayerState other_kind = good;
  other_kind.kind = "mamba1";
  error = refusal(0, other_kind);
  CHECK(error.field == "layers.0");
  CHECK(error.expected == "odd");
  for (const int layer : {-1, 2}) CHECK(refusal(layer, good).code == Code::out_of_range);

  State state = filled<float>(odd_schema());
  const State before = state;
  ModelState values = get_model_state(filled<float>(odd_schema(), 4));
  values.layers.at(0).tensors[0].shape = {3, 5};
  values.layers.at(1).tensors.pop_back();
  const Status status = set_model_state(state, odd_schema(), values);
  REQUIRE(!status);
  CHECK(status.error().field == "layers.0.conv_state");
  REQUIRE(status.error().others.size() == 1);
  CHECK(status.error().others[0].field == "layers.1.other");
  CHECK(same_bits(state, before));
  values = get_model_state(before);
  values.model_type = "mamba";
  CHECK(set_model_state(state, odd_schema(), values).error().field == "model_type");
  values = get_model_state(before);
  values.position = -1;
  CHECK(set_model_state(state, odd_schema(), values).error().code == Code::out_of_range);
  CHECK(same_bits(state, before));
}

TEST_CASE("state API: an attention layer has no more rows than tokens were read, and neither do the layers that are not given") {
  const auto model = open_golden("llama");
  State state = state_after(*model, random_tokens(6, model->info().vocabulary));
  const State before = state;
  ModelState values = get_model_state(state);
  values.position = 5;
  Status status = set_model_state(state, model->schema(), values);
  REQUIRE(!status);
  CHECK(status.error().field == "layers.0.kv.k");
  CHECK(status.error().expected.find("at most 5 rows of ") == 0);
  State fresh;
  status = set_layer_state(fresh, model->schema(), 0, values.layers.at(0));
  REQUIRE(!status);
  CHECK(status.error().expected.find("at most 0 rows of ") == 0);
  CHECK_FALSE(static_cast<bool>(fresh));
  values.layers.clear();
  status = set_model_state(state, model->schema(), values);
  REQUIRE(!status);
  CHECK(status.error().message.find("not given") != std::string::npos);
  CHECK(same_bits(state, before));
}

TEST_CASE("state API: zeroing a model and reading on is a fresh run; zeroing a layer leaves the others and the position") {
  for_each_cut([](const Model& model, const Tokens& tokens, std::ptrdiff_t cut) {
    Context<float> context;
    State state = state_after(model, Tokens(tokens.begin(), tokens.begin() + cut));
    const State before = state;
    zero_layer_state(state, 0);
    CHECK(state.position == cut);
    for (int layer = 1; layer < model.layers(); ++layer)
      for (int i = 0; i < static_cast<int>(model.schema()->layers()[static_cast<std::size_t>(layer)].tensors.size()); ++i)
        CHECK(same_bits(state.get(layer, i), before.get(layer, i)));
    const State fresh(model.schema());
    for (int i = 0; i < static_cast<int>(model.schema()->layers()[0].tensors.size()); ++i) CHECK(same_bits(state.get(0, i), fresh.get(0, i)));
    zero_model_state(state);
    CHECK(same_bits(state, fresh));
    CHECK(same_bits(run<float>(model, tokens, context, {}, nullptr, &state), run<float>(model, tokens, context)));
  });
}

TEST_CASE("state API: values that are no numbers go through get and set as they are") {
  State state = filled<float>(odd_schema());
  LayerState values = *get_layer_state(state, 0);
  values.tensors[1].values[0] = std::numeric_limits<float>::quiet_NaN();
  values.tensors[1].values[1] = -std::numeric_limits<float>::infinity();
  values.tensors[1].values[2] = 1e-42f;
  values.tensors[1].values[3] = -0.0f;
  REQUIRE(set_layer_state(state, odd_schema(), 0, values));
  CHECK(same_bits(get_layer_state(state, 0)->tensors[1].values, values.tensors[1].values));
  zero_layer_state(state, 0);
  CHECK(get_layer_state(state, 0)->tensors[1].values == std::vector<float>(114, 0.0f));
}

TEST_CASE("state API: moving to 16 bits rounds to the nearest, ties to even, and wider types change nothing") {
  ModelState state = get_model_state(State(odd_schema()));
  std::vector<float>& values = state.layers.at(0).tensors[0].values;
  // The values of models.md's table of golden numbers, written out.
  values.assign({1.00390625f, 1.01171875f, 0.1f, 1.0f / 3, -2.7182817f, 70000.0f, 5.9604645e-8f, 1e-9f, 0, 0, 0, 0, 0, 0, 0});
  const auto bf16 = moved(state, DType::bf16);
  REQUIRE(bf16);
  CHECK(std::vector<float>(bf16->layers.at(0).tensors[0].values.begin(), bf16->layers.at(0).tensors[0].values.begin() + 5) ==
        std::vector<float>{1.0f, 1.015625f, 0.10009765625f, 0.333984375f, -2.71875f});
  const auto f16 = moved(state, DType::f16);
  REQUIRE(f16);
  const std::vector<float>& half = f16->layers.at(0).tensors[0].values;
  CHECK(half[2] == 0.0999755859375f);
  CHECK(half[5] == std::numeric_limits<float>::infinity());
  CHECK(half[6] == 0x1p-24f);
  CHECK(half[7] == 0.0f);
  CHECK(same_bits(moved(*f16, DType::f16)->layers.at(0).tensors[0].values, half));
  for (const DType type : {DType::f32, DType::f64}) CHECK(same_bits(moved(state, type)->layers.at(0).tensors[0].values, values));
  CHECK(f16->position == state.position);
  const auto wide = converted<double>(state);
  CHECK(wide.layers.at(0).tensors[0].values[2] == static_cast<double>(0.1f));
  CHECK(same_bits(converted<float>(wide).layers.at(0).tensors[0].values, values));
  BasicModelState<double> exact = wide;
  exact.layers.at(0).tensors[0].values[0] = 1 + 0x1p-40;
  CHECK(moved(exact, DType::f32)->layers.at(0).tensors[0].values[0] == 1);
  CHECK(moved(exact, DType::f64)->layers.at(0).tensors[0].values[0] == 1 + 0x1p-40);
}

TEST_CASE("state API: other devices and types that hold no real numbers are refused by name") {
  const ModelState state = get_model_state(State(odd_schema()));
  const auto device = moved(state, DType::f32, "cuda");
  REQUIRE(!device);
  CHECK(device.error().code == Code::environment);
  CHECK(device.error().field == "device");
  CHECK(device.error().found == "cuda");
  const auto type = moved(state, DType::i32);
  REQUIRE(!type);
  CHECK(type.error().code == Code::unsupported);
  CHECK(type.error().found == "I32");
}
