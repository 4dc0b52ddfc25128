// Over-selectivity: closed forms, and trained models whose time steps were made longer and shorter.
#include "tracer/detect/selectivity.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "tests/detect/watched.h"

using namespace lab;
using namespace lab::test;

namespace {

using Rates = std::vector<std::vector<float>>;  // [layers][channels]

/// `count` tokens of one layer with the same steps and state.
std::vector<Finding> show(Detector& detector, const std::vector<float>& steps, const std::vector<float>& state,
                          std::int64_t first, std::int64_t count, std::int32_t id = 1) {
  std::vector<Finding> found;
  const LayerSample layer{.state = state, .steps = steps};
  for (std::int64_t t = first; t < first + count; ++t)
    detector.see({.token = t, .id = id, .layers = std::span(&layer, 1)}, found);
  return found;
}

float step_of(double half_life, double rate) { return static_cast<float>(std::numbers::ln2 / (half_life * rate)); }

Ids text_of(const std::string& name, unsigned seed) {
  std::mt19937 random(seed);
  if (name == "prose") return held_out(seed * 4096, 4096);
  if (name != "copy") return TopicChains(LAB_SOURCE_DIR "/tests/data/topic_chains.json").draw(random, 4096, 0.01).ids;
  Ids ids;
  while (ids.size() < 4096) {
    const CopyCase one = draw_copy(random);
    ids.insert(ids.end(), one.ids.begin(), one.ids.end());
    ids.insert(ids.end(), 4, kCopyMarker);
  }
  return ids;
}

/// What is added to dt before softplus, in every layer.
std::unique_ptr<const Model> with_bias(const std::string& name, float more) {
  const auto healthy = builtin(name);
  const std::string bias = healthy->info().family == "mamba1" ? "dt_proj.bias" : "dt_bias";
  std::vector<WeightFault> faults;
  for (int l = 0; l < healthy->layers(); ++l)
    faults.push_back({"backbone.layers." + std::to_string(l) + ".mixer." + bias, [=](std::vector<float>& b) {
                        for (float& x : b) x += more;
                      }});
  return builtin(name, faults);
}

std::size_t first_choice(std::span<const float> logits) {
  return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// Share of the copied letters (copy) or of the next tokens (the others) that are the first choice.
double accuracy(const Model& model, const std::string& name) {
  const auto v = static_cast<std::size_t>(model.info().vocabulary);
  double right = 0, all = 0;
  std::mt19937 random(20261128);
  for (int i = 0; i < 100; ++i) {
    const CopyCase one = draw_copy(random);
    Ids ids = name == "copy" ? one.ids : text_of(name, 2);
    if (name == "copy") ids.insert(ids.end(), 4, kCopyMarker);
    State state(model.schema());
    const auto logits = read(model, ids, state);
    const auto choice = [&](std::size_t t) {
      return static_cast<std::int32_t>(first_choice(std::span(logits).subspan(t * v, v)));
    };
    if (name == "copy") {
      for (std::size_t k = 0; k < 4; ++k, ++all) right += choice(32 + k) == one.data[k];
    } else {
      for (std::size_t t = 0; t + 1 < ids.size(); ++t, ++all) right += choice(t) == ids[t + 1];
      break;
    }
  }
  return right / all;
}

std::size_t count_of(const std::vector<Finding>& found, const char* words) {
  return static_cast<std::size_t>(
      std::count_if(found.begin(), found.end(), [&](const Finding& f) { return f.text.starts_with(words); }));
}

}  // namespace

TEST_CASE("selectivity: memory is the geometric mean of the half-lives, weighted by energy, of heads and of cells") {
  // Heads [2], each with a state of two: energies 3 and 1, half-lives 4 and 64 tokens: 4^(3/4) 64^(1/4) = 8.
  OverSelectivity heads(Rates{{-2, -0.5f}});
  CHECK(std::isnan(heads.measured(0)));
  CHECK(show(heads, {step_of(4, 2), step_of(64, 0.5)}, {1, std::sqrt(2.0f), 1, 0}, 0, 128).empty());
  CHECK(heads.of(0).memory == doctest::Approx(8).epsilon(1e-6));  // steps and energies are floats
  CHECK(heads.of(0).short_energy == 0);
  CHECK(heads.of(0).resets == 0);
  // One channel of two cells [1, 2] whose rates are 1 and 8: half-lives 8 and 1.
  OverSelectivity cells(Rates{{-1, -8}});
  show(cells, {step_of(8, 1)}, {1, 1}, 0, 128);
  CHECK(cells.of(0).memory == doctest::Approx(std::sqrt(8)).epsilon(1e-6));
  CHECK(cells.of(0).short_energy == doctest::Approx(0.5).epsilon(1e-12));
}

TEST_CASE("selectivity: the window is the last 128 tokens") {
  OverSelectivity detector(Rates{{-1}});
  show(detector, {step_of(2, 1)}, {1}, 0, 160);
  show(detector, {step_of(4, 1)}, {1}, 160, 64);
  // The mean step of 64 tokens each: half-life 2 / (1/2 + 1/4) = 8/3.
  CHECK(detector.of(0).memory == doctest::Approx(8.0 / 3).epsilon(1e-6));
  show(detector, {step_of(4, 1)}, {1}, 224, 64);
  CHECK(detector.of(0).memory == doctest::Approx(4).epsilon(1e-6));
}

TEST_CASE("selectivity: a token that leaves 5 % of the state has reset it, and is forgiven where a boundary is read") {
  // exp(-3) = 0.0498 is kept. The first token finds no state.
  OverSelectivity detector(Rates{{-1}}), boundary(Rates{{-1}}, {.boundaries = {1}}), keeps(Rates{{-1}});
  const auto found = show(detector, {3}, {1}, 0, 128);
  REQUIRE(found.size() == 1);
  CHECK(found[0].token == 127);
  CHECK(found[0].layer == 0);
  CHECK(found[0].value == 127.0 / 128);
  CHECK(show(boundary, {3}, {1}, 0, 128).empty());
  CHECK(show(keeps, {2.3f}, {1}, 0, 128).empty());  // exp(-2.3) = 0.1003
}

TEST_CASE("selectivity: time steps at declared limits are counted, and judged where the model declares them") {
  OverSelectivity undeclared(Rates{{-0.01f, -0.01f, -0.01f}}),
      declared(Rates{{-0.01f, -0.01f, -0.01f}}, {.is_clamped = true});
  CHECK(show(undeclared, {0.05f, 0.2f, 0.001f}, {1, 1, 1}, 0, 128).empty());
  CHECK(undeclared.of(0).at_low == doctest::Approx(1.0 / 3));
  CHECK(undeclared.of(0).at_high == doctest::Approx(1.0 / 3).epsilon(1e-12));
  CHECK(show(declared, {0.05f, 0.2f, 0.001f}, {1, 1, 1}, 0, 128).empty());
  CHECK(show(declared, {0.1f, 0.2f, 0.001f}, {1, 1, 1}, 128, 128).size() == 1);
}

TEST_CASE(
    "selectivity: memory beyond a third or three times the usual is said after 64 tokens of it, in either direction") {
  for (const double life : {3.2, 3.4, 29.0, 31.0}) {  // 10 is usual
    CAPTURE(life);
    OverSelectivity detector(Rates{{-1}}, {.usual = {{.memory = 10, .least = 9, .most = 11}}});
    const auto found = show(detector, {step_of(life, 1)}, {1}, 0, 128 + 48 + 32);
    REQUIRE(found.size() == (life == 3.2 || life == 31 ? 1u : 0u));
    if (found.empty()) continue;
    CHECK(found[0].token == 128 + 48 - 1);
    CHECK(found[0].text.starts_with(life < 10 ? "forgets fast" : "never forgets"));
  }
}

TEST_CASE("selectivity: what the reference text showed is not called short or long, nor short-lived, nor a reset") {
  OverSelectivity reference(Rates{{-1}});
  show(reference, {step_of(1, 1)}, {1}, 0, 128), show(reference, {step_of(100, 1)}, {1}, 128, 1600);
  const std::vector<UsualSelectivity> usual = reference.usual();
  CHECK(usual[0].least == doctest::Approx(1).epsilon(1e-6));
  CHECK(usual[0].most == doctest::Approx(100).epsilon(1e-6));
  CHECK(usual[0].memory > 30);
  CHECK(usual[0].short_energy == 1);
  OverSelectivity same(Rates{{-1}}, {.usual = usual}), shorter(Rates{{-1}}, {.usual = usual});
  CHECK(show(same, {step_of(1.01, 1)}, {1}, 0, 300).empty());
  const auto found = show(shorter, {step_of(0.9, 1)}, {1}, 0, 300);
  REQUIRE(found.size() == 1);
  CHECK(found[0].text.starts_with("forgets fast: half"));
}

TEST_CASE("selectivity: energy with half-lives below 2 tokens is said when it is 20 % more than usual") {
  // Two heads of the same energy: 50 % of it is short-lived.
  for (const double usual : {0.25, 0.35}) {
    OverSelectivity detector(Rates{{-1, -1}}, {.usual = {{.memory = 4, .least = 4, .most = 4, .short_energy = usual}}});
    const auto found = show(detector, {step_of(1, 1), step_of(16, 1)}, {1, 1}, 0, 300);
    REQUIRE(found.size() == (usual == 0.25 ? 1u : 0u));
    if (!found.empty()) CHECK(found[0].value == 0.5);
  }
}

TEST_CASE("selectivity: a state without energy, and a layer without rates, say nothing") {
  OverSelectivity empty(Rates{{-1}}, {.usual = {{.memory = 10, .least = 9, .most = 11}}}), none(Rates(1));
  CHECK(show(empty, {3}, {0}, 0, 256).empty());
  CHECK(std::isnan(empty.of(0).memory));
  CHECK(std::isnan(empty.usual()[0].memory));
  CHECK(show(none, {}, {}, 0, 256).empty());
  CHECK(std::isnan(none.measured(0)));
}

TEST_CASE(
    "selectivity: a detector that was cloned in the middle finds and measures the same bits as one that went on") {
  std::mt19937 random(8);
  std::uniform_real_distribution<float> draw(0.01f, 4);
  std::vector<std::vector<float>> steps, states;
  for (int t = 0; t < 600; ++t)
    steps.push_back({draw(random), draw(random)}), states.push_back({draw(random), 1, draw(random), 2});
  const SelectivityOptions options{.usual = {{.memory = 40, .least = 40, .most = 40}}, .is_clamped = true};
  for (const std::int64_t cut : {1, 127, 128, 200, 333}) {
    OverSelectivity whole(Rates{{-1, -0.1f}}, options), first(Rates{{-1, -0.1f}}, options);
    std::vector<Finding> expected, found;
    const auto feed = [&](Detector& detector, std::int64_t from, std::int64_t to, std::vector<Finding>& into) {
      for (std::int64_t t = from; t < to; ++t)
        for (const Finding& one :
             show(detector, steps[static_cast<std::size_t>(t)], states[static_cast<std::size_t>(t)], t, 1))
          into.push_back(one);
    };
    feed(whole, 0, 600, expected);
    feed(first, 0, cut, found);
    const auto second = first.clone();
    feed(*second, cut, 600, found);
    REQUIRE(!expected.empty());
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK((found[i].token == expected[i].token && found[i].value == expected[i].value &&
             found[i].text == expected[i].text));
    CHECK(second->measured(0) == whole.measured(0));
  }
}

TEST_CASE(
    "selectivity: dt_bias + 2 forgets fast, - 2 never forgets, and as trained says neither, on calibrated models") {
  for (const std::string name : {"copy", "topics", "prose"}) {
    SelectivityOptions options;
    {
      const auto model = builtin(name);
      OverSelectivity reference(rates_of(*model));
      watch(*model, text_of(name, 1), {&reference});
      options.usual = reference.usual();
    }
    for (const float more : {0.0f, 2.0f, -2.0f}) {
      CAPTURE(name);
      CAPTURE(more);
      const auto model = with_bias(name, more);
      OverSelectivity detector(rates_of(*model), options);
      const auto found = watch(*model, text_of(name, 2), {&detector});
      const std::size_t fast = count_of(found, "forgets fast"), never = count_of(found, "never forgets");
      MESSAGE(name << ", dt_bias " << std::string(more > 0 ? "+" : "") << more << ": " << fast
                   << " times \"forgets fast\", " << never << " times \"never forgets\", " << count_of(found, "resets")
                   << " times \"resets itself\"; " << std::string(name == "copy" ? "letters" : "next tokens")
                   << " right: " << 100 * accuracy(*model, name) << " %"
                   << (found.empty() ? "" : "; first: layer " + std::to_string(found[0].layer) + " " + found[0].text));
      CHECK((fast > 0) == (more > 0));
      CHECK((never > 0) == (more < 0));
    }
  }
}
