// The planted faults of analysis.md 3.5 that show in logits and residual streams, and the silence on models that are well.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/detect/watched.h"
#include "tracer/detect/stuck.h"

using namespace lab;
using namespace lab::test;

namespace {

Ids topic_text(int length, unsigned seed) {
  std::mt19937 random(seed);
  return TopicChains(LAB_SOURCE_DIR "/tests/data/topic_chains.json").draw(random, length, 0.01).ids;
}

Ids text_of(const std::string& name, int length) {
  return name == "prose" ? held_out(0, static_cast<std::size_t>(length)) : topic_text(length, 1);
}

/// Every token gets the embedding of token 0.
void always_the_first(std::vector<float>& table, std::int64_t width) {
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = table[i % static_cast<std::size_t>(width)];
}

void expect_stuck(const Model& model, const std::string& name, int layer, const std::vector<StageFault>& faults = {}) {
  StuckTokens stuck;
  NonVaryingStates states;
  const auto found = watch(model, text_of(name, 192), {&stuck, &states}, faults);
  MESSAGE(name << ": " << (found.empty() ? "nothing" : found[0].text));
  REQUIRE(found.size() == 2);  // one a rule
  CHECK(stuck.verdict() == StuckVerdict::stuck);
  CHECK(found[0].layer == layer);
  CHECK(found[1].layer == layer);
}

}  // namespace

TEST_CASE("fault: a residual stream that is constant from a layer on is stuck, and that layer is named") {
  for (const std::string name : {"prose", "topics"}) {
    const auto model = builtin(name);
    for (int layer = 0; layer < model->layers(); ++layer) {
      CAPTURE(layer);
      std::vector<float> first;
      expect_stuck(*model, name, layer, {{Point::resid_out, layer, [&](std::span<float> x) {
                                            if (first.empty()) first.assign(x.begin(), x.end());
                                            std::copy(first.begin(), first.end(), x.begin());
                                          }}});
    }
  }
}

TEST_CASE("fault: an embedding that always reads token 0 is stuck, and the embedding is named") {
  for (const std::string name : {"prose", "topics"}) {
    const std::int64_t width = builtin(name)->info().hidden;
    const auto model =
        builtin(name, {{"backbone.embeddings.weight", [&](std::vector<float>& w) { always_the_first(w, width); }}});
    StuckTokens stuck;
    expect_stuck(*model, name, -1);
    const auto found = watch(*model, text_of(name, 192), {&stuck});
    CHECK(found[0].text.find("the embedding") != std::string::npos);
  }
}

TEST_CASE("fault: a final norm of weight zero is flat, and no layer is blamed") {
  for (const std::string name : {"prose", "topics"}) {
    const auto model =
        builtin(name, {{"backbone.norm_f.weight", [](std::vector<float>& w) { w.assign(w.size(), 0.0f); }}});
    StuckTokens stuck;
    NonVaryingStates states;
    const auto found = watch(*model, text_of(name, 192), {&stuck, &states});
    REQUIRE(found.size() == 1);
    MESSAGE(name << ": " << found[0].text);
    CHECK(stuck.verdict() == StuckVerdict::flat);
    CHECK(found[0].layer == -1);
    CHECK(found[0].text.find("final norm") != std::string::npos);
  }
}

TEST_CASE("healthy: twenty windows of each model that has enough tokens give no verdict") {
  for (const std::string name : {"prose", "topics", "noforget"}) {
    const auto model = builtin(name);
    StuckTokens stuck;
    NonVaryingStates states;
    CHECK(watch(*model, text_of(name, 20 * 64), {&stuck, &states}).empty());
    REQUIRE(stuck.window());
    MESSAGE(name << ": PIr " << stuck.window()->relative_information() << ", share " << stuck.window()->share
                 << ", varying " << states.variation()[0] << " to " << states.variation().back());
  }
}

TEST_CASE("healthy: no verdict on 100,000 bytes that prose has not seen, read without a break") {
  const auto model = builtin("prose");
  constexpr std::size_t kCount = 102400;
  StuckTokens stuck;
  NonVaryingStates states;
  double least = 1, least_passed = 1, most_share = 0;
  State state(model->schema());
  std::vector<Detector*> detectors{&stuck, &states};
  for (std::size_t at = 0; at < kCount; at += 256) {
    for (const Finding& finding : watch(*model, held_out(at, 256), state, detectors))
      FAIL_CHECK(finding.token << ": " << finding.text);
    least = std::min(least, stuck.window()->relative_information());
    most_share = std::max(most_share, stuck.window()->share);
    for (int l = -1; l < model->layers(); ++l) least_passed = std::min<double>(least_passed, states.measured(l));
  }
  MESSAGE(kCount << " tokens: smallest PIr " << least << ", largest share " << most_share
                 << ", least that a layer let through " << least_passed << " (of every fourth window)");
}
