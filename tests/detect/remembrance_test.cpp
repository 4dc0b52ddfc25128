// Whether what a model keeps reaches what it says: the two faults of analysis.md 3.5 that logits alone do not show.
#include "app/core/remembrance.h"

#include <doctest/doctest.h>

#include "tests/detect/watched.h"
#include "tracer/detect/stuck.h"

using namespace lab;
using namespace lab::test;

namespace {

std::string mixer(int layer) { return "backbone.layers." + std::to_string(layer) + ".mixer."; }

/// No state is ever written: the convolution gives no B, so dt x B is 0.
WeightFault never_updated(const Model& model, int layer, const char* of) {
  const ModelInfo& info = model.info();
  const std::int64_t taps = std::string(of) == "weight" ? info.conv_kernel : 1;
  const std::int64_t first = info.inner * taps, count = info.groups * info.state_size * taps;
  return {mixer(layer) + "conv1d." + of, [=](std::vector<float>& w) { std::fill_n(w.begin() + first, count, 0.0f); }};
}

/// Only the newest input of the convolution counts, as if the others never came to their places.
WeightFault never_shifted(const Model& model, int layer) {
  const std::int64_t taps = model.info().conv_kernel;
  return {mixer(layer) + "conv1d.weight", [=](std::vector<float>& w) {
            for (std::size_t i = 0; i < w.size(); ++i)
              if (static_cast<std::int64_t>(i) % taps != taps - 1) w[i] = 0;
          }};
}

std::vector<Finding> judged(const Model& model, const Ids& ids) {
  const Remembrance remembrance = measure_remembrance(model, ids, 16, context());
  std::vector<Finding> found;
  judge(remembrance, static_cast<std::int64_t>(ids.size()), {}, found);
  for (const MemoryUse& use : remembrance.uses) MESSAGE(use.layer << " " << use.tensor << " " << use.blindness);
  MESSAGE("beyond the last token " << remembrance.beyond_last);
  return found;
}

}  // namespace

TEST_CASE("remembrance: a healthy model uses what came before and every memory it has") {
  CHECK(judged(*builtin("prose"), held_out(0, 128)).empty());
}

TEST_CASE("remembrance: all that is kept leaves nothing to differ, and less makes more of a difference") {
  const auto model = builtin("prose");
  const Ids ids = held_out(0, 64);
  CHECK(effective_remembrance(*model, ids, 64, context()) == 0);
  const double many = effective_remembrance(*model, ids, 48, context()),
               one = effective_remembrance(*model, ids, 1, context());
  CHECK(many < one);
  CHECK(one > 0.3);
}

TEST_CASE("fault: a state that is never written is not used, and its layer is named") {
  const auto healthy = builtin("prose");
  const Ids ids = held_out(0, 128);
  for (int layer = 0; layer < healthy->layers(); ++layer) {
    CAPTURE(layer);
    const auto model =
        builtin("prose", {never_updated(*healthy, layer, "weight"), never_updated(*healthy, layer, "bias")});
    const auto found = judged(*model, ids);
    REQUIRE(found.size() == 1);
    CHECK(found[0].layer == layer);
    CHECK(found[0].value == 0);
    CHECK(found[0].text.find("ssm_state") != std::string::npos);
    // The weights do what the fault says: the same bits as a state that is put back to zero after every token.
    State one(model->schema()), other(model->schema());
    CHECK(read(*model, ids, one) == read(*healthy, ids, other, {{Point::h, layer, [](std::span<float> h) {
                                                                   std::fill(h.begin(), h.end(), 0.0f);
                                                                 }}}));
  }
}

TEST_CASE("fault: a convolution state that never shifts is not used, and its layer is named") {
  const auto healthy = builtin("prose");
  const Ids ids = held_out(0, 128);
  for (int layer = 0; layer < healthy->layers(); ++layer) {
    CAPTURE(layer);
    const auto model = builtin("prose", {never_shifted(*healthy, layer)});
    const auto found = judged(*model, ids);
    REQUIRE(found.size() == 1);
    CHECK(found[0].layer == layer);
    CHECK(found[0].value == 0);
    CHECK(found[0].text.find("conv_state") != std::string::npos);
    State one(model->schema()), other(model->schema());
    const std::size_t taps = static_cast<std::size_t>(model->info().conv_kernel);
    CHECK(read(*model, ids, one) == read(*healthy, ids, other, {{Point::conv_state, layer, [=](std::span<float> x) {
                                                                   for (std::size_t i = 0; i < x.size(); ++i)
                                                                     if (i % taps != taps - 1) x[i] = 0;
                                                                 }}}));
  }
}

TEST_CASE("fault: a model without any memory goes by its last token, and fewer than 32 tokens are not judged") {
  const auto healthy = builtin("prose");
  std::vector<WeightFault> faults;
  for (int layer = 0; layer < healthy->layers(); ++layer) {
    WeightFault shifted = never_shifted(*healthy, layer), written = never_updated(*healthy, layer, "weight");
    faults.push_back({shifted.tensor, [=](std::vector<float>& w) { shifted.change(w), written.change(w); }});
    faults.push_back(never_updated(*healthy, layer, "bias"));
  }
  const auto model = builtin("prose", faults);
  CHECK(effective_remembrance(*model, held_out(0, 100), 1, context()) == 0);
  const auto found = judged(*model, held_out(0, 32));
  CHECK(found.size() == 1 + 2 * 4);
  CHECK(found[0].layer == -1);
  CHECK(judged(*model, held_out(0, 31)).empty());
}

TEST_CASE("remembrance: caches and RWKV states are memories too, and attention to its own row alone uses no cache") {
  for (const std::string name : {"llama", "rwkv4"}) {
    CAPTURE(name);
    auto checkpoint = open_checkpoint(LAB_SOURCE_DIR "/tests/golden/" + name);
    REQUIRE(checkpoint);
    auto model = load_model(*checkpoint);
    REQUIRE(model);
    Ids ids;
    for (int i = 0; i < 40; ++i) ids.push_back(static_cast<std::int32_t>(i * 7 % (*model)->info().vocabulary));
    const Remembrance healthy = measure_remembrance(**model, ids, 8, context());
    const std::vector<std::string> expected = name == "llama"
                                                  ? std::vector<std::string>{"kv.k, kv.v"}
                                                  : std::vector<std::string>{"att.shift", "att.aa, att.bb, att.pp"};
    REQUIRE(healthy.uses.size() == expected.size() * static_cast<std::size_t>((*model)->layers()));
    for (std::size_t u = 0; u < healthy.uses.size(); ++u) {
      CHECK(healthy.uses[u].tensor == expected[u % expected.size()]);
      CHECK(healthy.uses[u].blindness > 0.01);
      CHECK(healthy.uses[u].blindness < 10);
    }
    if (name != "llama") continue;
    Context<float> alone({.trials = {.own_row_only = true}});
    std::vector<Finding> found;
    judge(measure_remembrance(**model, ids, 8, alone), 40, {}, found);
    CHECK(found.size() == 1 + healthy.uses.size());
  }
}
