// A run's bits depend on the tokens and the model alone: not on how the tokens are cut into calls, who watches, how many
// threads work, which instructions they use, or which other lanes are in the same call.
#include <doctest/doctest.h>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

constexpr std::int64_t kTokens = 11;

// Sizes that leave a rest in every loop, and one large enough for the threads to share.
const std::vector<RandomModel>& models() {
  static const std::vector<RandomModel> all = {
      {.family = "mamba1", .hidden = 20, .vocabulary = 50, .state_size = 5, .conv_kernel = 1},
      {.family = "mamba1", .hidden = 33, .vocabulary = 51, .state_size = 16, .conv_kernel = 7, .dtype = DType::bf16},
      {.family = "mamba1",
       .hidden = 24,
       .vocabulary = 47,
       .expand = 1,
       .state_size = 17,
       .conv_kernel = 2,
       .tied_head = false,
       .dtype = DType::f16},
      {.family = "mamba1", .hidden = 150, .vocabulary = 300, .state_size = 8},
      {.family = "mamba2", .hidden = 36, .vocabulary = 50, .state_size = 5, .head_dim = 8, .groups = 3},
      {.family = "mamba2",
       .hidden = 36,
       .vocabulary = 51,
       .state_size = 19,
       .conv_kernel = 7,
       .head_dim = 24,
       .groups = 3,
       .dtype = DType::bf16},
      {.family = "mamba2",
       .hidden = 20,
       .vocabulary = 47,
       .state_size = 16,
       .conv_kernel = 1,
       .head_dim = 40,
       .tied_head = false,
       .dtype = DType::f16},
      {.family = "mamba2",
       .hidden = 96,
       .vocabulary = 300,
       .state_size = 24,
       .conv_kernel = 2,
       .head_dim = 16,
       .groups = 2},
  };
  return all;
}

std::string name_of(const RandomModel& m) {
  return m.family + " hidden " + std::to_string(m.hidden) + " kernel " + std::to_string(m.conv_kernel);
}

// Calls body(model, tokens, what one call on one thread leaves) for every model: of random weights, and the reference's of
// other families.
template <class Body>
void for_each_model(Body body) {
  const auto check = [&](const std::string& name, const Model& model) {
    const Tokens tokens = random_tokens(kTokens, model.info().vocabulary);
    Context<float> context;
    INFO(name);
    body(model, tokens, run<float>(model, tokens, context));
  };
  for (const RandomModel& sizes : models()) check(name_of(sizes), *make_random(sizes));
  for (const char* name : {"falcon_mamba", "granite-dense", "granite-moe", "llama3-rope", "rwkv4"}) check(name, *open_golden(name));
}

// Reads what it patches and writes the same back.
class Echo final : public Recorder<float> {
 public:
  using Recorder::Recorder;
  void visit(Point point, int layer, std::int64_t token, Rows<float> rows) override {
    Recorder::visit(point, layer, token, rows);
    for (std::int64_t t = 0; t < rows.count; ++t) {
      const std::vector<float> copy(rows.row(t), rows.row(t) + rows.width);
      std::copy(copy.begin(), copy.end(), rows.row(t));
    }
  }
};

}  // namespace

TEST_CASE("same bits: every cut of the tokens into two calls") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& whole) {
    Context<float> context;
    for (std::int64_t cut = 1; cut < kTokens; ++cut) {
      CAPTURE(cut);
      CHECK(same_bits(run<float>(model, tokens, context, {cut, kTokens - cut}), whole));
    }
    CHECK(same_bits(run<float>(model, tokens, context, std::vector<std::int64_t>(kTokens, 1)), whole));
  });
}

TEST_CASE("same bits: random cuts into several calls, empty ones among them") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& whole) {
    Context<float> context;
    std::mt19937 random(5);
    for (int i = 0; i < 6; ++i) {
      std::vector<std::int64_t> lengths;
      for (std::int64_t left = kTokens; left > 0; left -= lengths.back())
        lengths.push_back(static_cast<std::int64_t>(random()) % (left + 1));
      CHECK(same_bits(run<float>(model, tokens, context, lengths), whole));
    }
  });
}

TEST_CASE("same bits: with every stage watched, with statistics, and with both") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& whole) {
    for (const bool reads : {false, true})
      for (const bool statistics : {false, true}) {
        Context<float> context;
        Recorder<float> recorder(model.layers());
        if (reads) recorder.read_everything(model.layers());
        recorder.wants_statistics = statistics;
        CAPTURE(reads);
        CAPTURE(statistics);
        CHECK(same_bits(run<float>(model, tokens, context, {4, 7}, &recorder), whole));
        CHECK(recorder.values.empty() != reads);
        CHECK(recorder.numbers.empty() != statistics);
      }
  });
}

TEST_CASE("same bits: what is watched and counted does not depend on cuts, threads or other watchers") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>&) {
    Context<float> context, shared({.threads = 3});
    Recorder<float> everything(model.layers()), cut(model.layers()), statistics(model.layers());
    everything.read_everything(model.layers());
    cut.read_everything(model.layers());
    everything.wants_statistics = cut.wants_statistics = statistics.wants_statistics = true;
    run<float>(model, tokens, context, {}, &everything);
    run<float>(model, tokens, shared, {1, 3, 7}, &cut);
    run<float>(model, tokens, shared, {}, &statistics);
    for (const auto& [name, values] : everything.values) {
      CAPTURE(name);
      CHECK(same_bits(cut.values.at(name), values));
    }
    for (int layer = 0; layer < model.layers(); ++layer) {
      CAPTURE(layer);
      CHECK(same_bits(cut.numbers.at(layer), everything.numbers.at(layer)));
      CHECK(same_bits(statistics.numbers.at(layer), everything.numbers.at(layer)));
    }
  });
}

TEST_CASE("same bits: a patch that writes back what it found changes nothing, at any stage") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& whole) {
    Context<float> context;
    for (int p = 0; p < kPoints; ++p) {
      const auto point = static_cast<Point>(p);
      Echo echo(model.layers());
      for (int layer = -1; layer < model.layers(); ++layer)
        if (is_layer_point(point) == (layer >= 0)) echo.patch(point, layer);
      CAPTURE(short_name(point));
      CHECK(same_bits(run<float>(model, tokens, context, {5, 6}, &echo), whole));
    }
  });
}

TEST_CASE("same bits: one, two and four threads on every instruction set") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& whole) {
    for (const char* instructions : instruction_sets())
      for (const int threads : {1, 2, 4}) {
        Context<float> context({.threads = threads, .instruction_set = instructions});
        REQUIRE(std::string(context.math.instruction_set()) == instructions);
        REQUIRE(context.math.threads() == threads);
        CAPTURE(instructions);
        CAPTURE(threads);
        CHECK(same_bits(run<float>(model, tokens, context), whole));
        CHECK(same_bits(run<float>(model, tokens, context, {1, 1, 9}), whole));
      }
  });
}

TEST_CASE("same bits: statistics on every instruction set") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>&) {
    std::map<int, std::vector<float>> first;
    for (const char* instructions : instruction_sets()) {
      Context<float> context({.instruction_set = instructions});
      Recorder<float> recorder(model.layers());
      recorder.wants_statistics = true;
      run<float>(model, tokens, context, {}, &recorder);
      if (first.empty()) first = recorder.numbers;
      for (int layer = 0; layer < model.layers(); ++layer) {
        CAPTURE(instructions);
        CHECK(same_bits(recorder.numbers.at(layer), first.at(layer)));
      }
    }
  });
}

TEST_CASE("same bits: lanes of different lengths in one call, one of them watched, against each alone") {
  for_each_model([](const Model& model, const Tokens&, const Outcome<float>&) {
    const std::int64_t vocabulary = model.info().vocabulary;
    const std::vector<Tokens> inputs = {
        random_tokens(3, vocabulary, 2), random_tokens(8, vocabulary, 3), {}, random_tokens(1, vocabulary, 4)};
    Context<float> context({.threads = 2}), alone;
    Recorder<float> recorder(model.layers());
    recorder.read_everything(model.layers());
    recorder.wants_statistics = true;
    std::vector<Outcome<float>> together;
    std::vector<Lane<float>> lanes;
    for (const Tokens& tokens : inputs)
      together.push_back(
          {State(model.schema()), std::vector<float>(tokens.size() * static_cast<std::size_t>(vocabulary))});
    for (std::size_t i = 0; i < inputs.size(); ++i)
      lanes.push_back({.tokens = inputs[i],
                       .state = &together[i].state,
                       .probe = i == 1 ? &recorder : nullptr,
                       .wants = LogitRows::all,
                       .logits = {together[i].logits.data(), static_cast<std::int64_t>(inputs[i].size()), vocabulary}});
    REQUIRE(model.advance(lanes, context));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CAPTURE(i);
      CHECK(same_bits(together[i], run<float>(model, inputs[i], alone)));
    }
  });
}

TEST_CASE("same bits: vectors fed in place of embeddings that are the embeddings") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& whole) {
    Context<float> context;
    Recorder<float> recorder(model.layers());
    recorder.read(Point::emb, -1);
    run<float>(model, tokens, context, {}, &recorder);
    Outcome<float> fed{State(model.schema()), std::vector<float>(whole.logits.size())};
    Lane<float> lane{.vectors = {recorder.values.at("emb").data(), kTokens, model.info().hidden},
                     .state = &fed.state,
                     .wants = LogitRows::all,
                     .logits = {fed.logits.data(), kTokens, model.info().vocabulary}};
    REQUIRE(model.advance(std::span(&lane, 1), context));
    CHECK(same_bits(fed, whole));
  });
}

TEST_CASE("same bits: the last token's logits alone are those of all tokens' logits") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& whole) {
    Context<float> context;
    const auto width = static_cast<std::size_t>(model.info().vocabulary);
    State state(model.schema());
    std::vector<float> last(width);
    Lane<float> lane{.tokens = tokens,
                     .state = &state,
                     .wants = LogitRows::last,
                     .logits = {last.data(), 1, model.info().vocabulary}};
    REQUIRE(model.advance(std::span(&lane, 1), context));
    CHECK(same_bits(last,
                    std::vector<float>(whole.logits.end() - static_cast<std::ptrdiff_t>(width), whole.logits.end())));
  });
}

TEST_CASE("same bits: the oracle, for every cut and for lanes together") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& single) {
    Context<double> context;
    const Outcome<double> whole = run<double>(model, tokens, context);
    CHECK(same_bits(run<double>(model, tokens, context, {1, 4, 6}), whole));
    Recorder<double> recorder(model.layers());
    recorder.read_everything(model.layers());
    CHECK(same_bits(run<double>(model, tokens, context, {2, 9}, &recorder), whole));
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < whole.logits.size(); ++i) {
      difference += std::pow(whole.logits[i] - static_cast<double>(single.logits[i]), 2);
      size += std::pow(whole.logits[i], 2);
    }
    CHECK(std::sqrt(difference / size) < 1e-5);
  });
}

TEST_CASE("same bits: rounding to 16 bits does not depend on cuts, watchers or threads either") {
  for_each_model([](const Model& model, const Tokens& tokens, const Outcome<float>& exact) {
    for (const Rounding rounding : {Rounding::bf16, Rounding::f16}) {
      Context<float> context({.rounding = rounding}), shared({.threads = 2, .rounding = rounding});
      const Outcome<float> whole = run<float>(model, tokens, context);
      Recorder<float> recorder(model.layers());
      recorder.read_everything(model.layers());
      CHECK(same_bits(run<float>(model, tokens, shared, {1, 2, 8}, &recorder), whole));
      CHECK_FALSE(same_bits(whole, exact));
      for (const auto& [name, values] : recorder.values)
        for (const float value : values)
          REQUIRE(value == (rounding == Rounding::bf16 ? float_from_bf16(bf16_from_float(value))
                                                       : float_from_f16(f16_from_float(value))));
    }
  });
}
