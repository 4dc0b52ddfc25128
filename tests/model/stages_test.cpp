// Replacing stages, and parts of the model alone: one layer, the head, a replay.
#include <doctest/doctest.h>

#include <set>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

constexpr std::int64_t kTokens = 9, kPatched = 4;

const std::vector<RandomModel> kModels = {
    {.family = "mamba1", .hidden = 20, .vocabulary = 50, .state_size = 5, .conv_kernel = 4, .seed = 3},
    {.family = "mamba2", .hidden = 36, .vocabulary = 50, .state_size = 7, .head_dim = 8, .groups = 3, .seed = 3},
};

// Watches everything and adds a half to one stage of one layer at one token.
class Nudge final : public Recorder<float> {
 public:
  Nudge(int layers, Point point, int layer) : Recorder(layers), point_(point), layer_(layer) {
    read_everything(layers);
    patch(point, layer);
  }
  void visit(Point point, int layer, std::int64_t token, Rows<float> rows) override {
    if (point == point_ && layer == layer_ && kPatched >= token && kPatched < token + rows.count)
      for (float& value : rows[kPatched - token]) value += 0.5f;
    Recorder::visit(point, layer, token, rows);
  }

 private:
  Point point_;
  int layer_;
};

std::vector<float> rows_of(const std::vector<float>& values, std::int64_t first, std::int64_t last) {
  const auto width = static_cast<std::ptrdiff_t>(values.size()) / kTokens;
  return {values.begin() + first * width, values.begin() + last * width};
}

// Runs with one stage nudged and checks what changed against the plain run.
void check_nudge(const Model& model, const Tokens& tokens, const Recorder<float>& plain, Point point, int layer) {
  Context<float> context;
  Nudge nudge(model.layers(), point, layer);
  run<float>(model, tokens, context, {}, &nudge);
  const std::string patched = point_name(point, layer);
  CAPTURE(patched);
  REQUIRE(nudge.order == plain.order);
  bool upstream = true;
  for (const std::string& name : plain.order) {
    const std::vector<float>&before = plain.values.at(name), &after = nudge.values.at(name);
    CAPTURE(name);
    CHECK(same_bits(rows_of(after, 0, kPatched), rows_of(before, 0, kPatched)));
    if (name == patched) upstream = false;
    if (upstream) CHECK(same_bits(rows_of(after, kPatched, kPatched + 1), rows_of(before, kPatched, kPatched + 1)));
  }
  CHECK_FALSE(same_bits(rows_of(nudge.values.at(patched), kPatched, kPatched + 1),
                        rows_of(plain.values.at(patched), kPatched, kPatched + 1)));
  CHECK_FALSE(same_bits(rows_of(nudge.values.at("logits"), kPatched, kPatched + 1),
                        rows_of(plain.values.at("logits"), kPatched, kPatched + 1)));
  // The past reaches the next token through the states alone, so what acts after them leaves it as it was.
  static const std::set<Point> after_states = {Point::C, Point::z, Point::y, Point::gated, Point::gnorm};
  if (after_states.contains(point))
    CHECK(same_bits(nudge.values.at(point_name(Point::h, layer)), plain.values.at(point_name(Point::h, layer))));
}

template <class Body>
void for_each_model(Body body) {
  for (const RandomModel& sizes : kModels) {
    INFO(sizes.family);
    const auto model = make_random(sizes);
    body(*model, random_tokens(kTokens, sizes.vocabulary));
  }
}

// The drivers of one layer as a recorder of a run would keep them.
std::vector<Rows<const float>> drivers_of(const Model& model, const Recorder<float>& recorder, int layer,
                                          std::int64_t first, std::int64_t count) {
  std::vector<Rows<const float>> drivers;
  for (const Driver& driver : model.info().layers[static_cast<std::size_t>(layer)].drivers) {
    if (!driver.replay) {
      drivers.push_back({});
      continue;
    }
    const std::vector<float>& values = recorder.values.at(point_name(driver.point, layer));
    REQUIRE(static_cast<std::int64_t>(values.size()) == kTokens * driver.width);
    drivers.push_back({values.data() + first * driver.width, count, driver.width});
  }
  return drivers;
}

void check_replay(const Model& model, const Tokens& tokens, const ContextOptions& options, std::int64_t keyframe) {
  Context<float> context(options);
  Recorder<float> recorder(model.layers());
  recorder.read_everything(model.layers());
  const Outcome<float> whole = run<float>(model, tokens, context, {}, &recorder);
  State state = run<float>(model, Tokens(tokens.begin(), tokens.begin() + keyframe), context).state;
  for (int layer = 0; layer < model.layers(); ++layer) {
    const std::int64_t middle = keyframe + (kTokens - keyframe) / 3;
    model.replay(layer, drivers_of(model, recorder, layer, keyframe, middle - keyframe), state, context);
    model.replay(layer, drivers_of(model, recorder, layer, middle, kTokens - middle), state, context);
  }
  state.position = kTokens;
  CHECK(same_bits(state, whole.state));
}

}  // namespace

TEST_CASE("patch: a replaced value changes what is computed from it and nothing before it, at every stage") {
  for_each_model([](const Model& model, const Tokens& tokens) {
    Context<float> context;
    Recorder<float> plain(model.layers());
    plain.read_everything(model.layers());
    run<float>(model, tokens, context, {}, &plain);
    CHECK(plain.order.size() == 3 + 2 * 19);
    for (const std::string& name : plain.order) {
      const auto id = parse_point(name);
      REQUIRE(id);
      check_nudge(model, tokens, plain, id->point, id->layer);
    }
  });
}

TEST_CASE("patch: a state replaced by its neutral value is a state that was set to it") {
  class Forget final : public BasicProbe<float> {
   public:
    using BasicProbe::BasicProbe;
    void visit(Point, int, std::int64_t token, Rows<float> rows) override {
      if (token == kPatched) std::fill_n(rows.data, rows.width, 0.0f);
    }
  };
  for_each_model([](const Model& model, const Tokens& tokens) {
    Context<float> context;
    Forget forget(model.layers());
    // The output of the last layer's state at that token is lost too, so only the states after it are compared.
    const int last = model.layers() - 1;
    forget.patch(Point::h, last);
    const Outcome<float> patched = run<float>(model, tokens, context, {}, &forget);
    State state = run<float>(model, Tokens(tokens.begin(), tokens.begin() + kPatched + 1), context).state;
    const int h = state.schema().layers().back().find(Point::h);
    REQUIRE(state.set(last, h, std::vector<float>(state.get(last, h).size())));
    const Outcome<float> set =
        run<float>(model, Tokens(tokens.begin() + kPatched + 1, tokens.end()), context, {}, nullptr, &state);
    CHECK(same_bits(patched.state, set.state));
  });
}

TEST_CASE("mix: a layer alone gives the bits it gives within the model") {
  for_each_model([](const Model& model, const Tokens& tokens) {
    Context<float> context;
    Recorder<float> recorder(model.layers());
    recorder.read_everything(model.layers());
    const Outcome<float> whole = run<float>(model, tokens, context, {}, &recorder);
    State state(model.schema());
    for (int layer = 0; layer < model.layers(); ++layer) {
      const std::int64_t hidden = model.info().hidden;
      std::vector<float> out(static_cast<std::size_t>(kTokens * hidden));
      Recorder<float> inner(model.layers());
      inner.read(Point::y, layer);
      state.position = 0;
      model.mix(layer, {recorder.values.at(point_name(Point::norm1, layer)).data(), kTokens, hidden},
                {out.data(), kTokens, hidden}, state, &inner, context);
      CHECK(same_bits(out, recorder.values.at(point_name(Point::mixer_out, layer))));
      CHECK(same_bits(inner.values.at(point_name(Point::y, layer)), recorder.values.at(point_name(Point::y, layer))));
    }
    CHECK(same_bits(state, whole.state));
  });
}

TEST_CASE("read_out: the last residual stream gives the logits") {
  for_each_model([](const Model& model, const Tokens& tokens) {
    Context<float> context;
    Recorder<float> recorder(model.layers());
    recorder.read(Point::resid_out, model.layers() - 1);
    const Outcome<float> whole = run<float>(model, tokens, context, {}, &recorder);
    std::vector<float> logits(whole.logits.size());
    model.read_out(
        {recorder.values.at(point_name(Point::resid_out, model.layers() - 1)).data(), kTokens, model.info().hidden},
        {logits.data(), kTokens, model.info().vocabulary}, context);
    CHECK(same_bits(logits, whole.logits));
  });
}

TEST_CASE("replay: recorded drivers give the state's bits from any keyframe, on any number of threads") {
  for_each_model([](const Model& model, const Tokens& tokens) {
    for (const std::int64_t keyframe : {0, 1, 5})
      for (const int threads : {1, 2}) check_replay(model, tokens, {.threads = threads}, keyframe);
  });
}

TEST_CASE("replay: recorded drivers give the state's bits when stages are rounded to 16 bits") {
  for_each_model([](const Model& model, const Tokens& tokens) {
    for (const Rounding rounding : {Rounding::bf16, Rounding::f16})
      check_replay(model, tokens, {.rounding = rounding}, 3);
  });
}

TEST_CASE("replay: other layers are untouched") {
  for_each_model([](const Model& model, const Tokens& tokens) {
    Context<float> context;
    Recorder<float> recorder(model.layers());
    recorder.read_everything(model.layers());
    run<float>(model, tokens, context, {}, &recorder);
    State state(model.schema());
    model.replay(1, drivers_of(model, recorder, 1, 0, kTokens), state, context);
    const State fresh(model.schema());
    CHECK(same_bits(std::span<const float>(state.stored_layer(0)), fresh.stored_layer(0)));
    CHECK_FALSE(same_bits(std::span<const float>(state.stored_layer(1)), fresh.stored_layer(1)));
  });
}

TEST_CASE("advance: a stopped call says so, and an unstopped one does not") {
  const auto model = make_random(kModels[0]);
  Context<float> context;
  std::atomic<bool> stop{true};
  context.stop = &stop;
  State state(model->schema());
  const Tokens tokens = {1, 2};
  Lane<float> lane{.tokens = tokens, .state = &state, .wants = LogitRows::none};
  CHECK_FALSE(model->advance(std::span(&lane, 1), context));
  stop = false;
  state.zero();
  CHECK(model->advance(std::span(&lane, 1), context));
  CHECK(state.position == 2);
}
