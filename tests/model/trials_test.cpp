// What a debugging session asks of attention: other rotations, fixed positions, no cache, one layer alone.
#include <doctest/doctest.h>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

const Tokens kTokens = {5, 9, 2, 7, 7, 1};

Outcome<float> with(const Model& model, const Trials& trials, Recorder<float>* recorder = nullptr) {
  Context<float> context({.trials = trials});
  return run<float>(model, kTokens, context, {2, 4}, recorder);
}

}  // namespace

TEST_CASE("trials: a rotation of halves is the stored one, others give other logits, a model without positions has none") {
  const auto llama = open_golden("llama"), granite = open_golden("granite-dense");
  const Outcome<float> stored = with(*llama, {});
  CHECK(same_bits(with(*llama, {.rotary = Trials::Rotary::halves}), stored));
  CHECK_FALSE(same_bits(with(*llama, {.rotary = Trials::Rotary::adjacent}).logits, stored.logits));
  CHECK_FALSE(same_bits(with(*llama, {.rotary = Trials::Rotary::none}).logits, stored.logits));
  CHECK(same_bits(with(*granite, {.rotary = Trials::Rotary::none}), with(*granite, {})));
}

TEST_CASE("trials: at position 0 nothing is turned") {
  const auto model = open_golden("llama");
  Recorder<float> recorder(model->layers());
  recorder.read(Point::q, 0);
  recorder.read(Point::q_rot, 0);
  const Outcome<float> outcome = with(*model, {.position = 0}, &recorder);
  CHECK(same_bits(recorder.values.at("L0.attn.q_rot"), recorder.values.at("L0.attn.q")));
  CHECK(same_bits(outcome.logits, with(*model, {.rotary = Trials::Rotary::none}).logits));
}

TEST_CASE("trials: without a cache each token attends to itself alone, so its context is its own value") {
  const auto model = open_golden("llama");
  Recorder<float> recorder(model->layers());
  recorder.read(Point::v, 0);
  recorder.read(Point::ctx, 0);
  with(*model, {.own_row_only = true}, &recorder);
  const LayerInfo& layer = model->info().layers[0];
  const auto heads = static_cast<std::size_t>(model->info().heads), width = static_cast<std::size_t>(layer.head_dim);
  const auto values = static_cast<std::size_t>(layer.heads) / 2;  // key and value heads
  const std::vector<float>&v = recorder.values.at("L0.attn.v"), &ctx = recorder.values.at("L0.attn.ctx");
  for (std::size_t t = 0; t < kTokens.size(); ++t)
    for (std::size_t h = 0; h < heads; ++h)
      for (std::size_t c = 0; c < width; ++c)
        CHECK(ctx[(t * heads + h) * width + c] == v[(t * values + h / (heads / values)) * width + c]);
}

TEST_CASE("trials: with one layer alone the others pass the residual stream on") {
  const auto model = open_golden("granite-dense");
  Recorder<float> recorder(model->layers());
  recorder.read_everything(model->layers());
  with(*model, {.only_layer = 2}, &recorder);
  for (int layer = 0; layer < model->layers(); ++layer) {
    CAPTURE(layer);
    const bool same = same_bits(recorder.values.at(point_name(Point::resid_in, layer)), recorder.values.at(point_name(Point::resid_out, layer)));
    CHECK(same == (layer != 2));
  }
}
