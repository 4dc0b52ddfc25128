// Every inner value against those of the reference implementation.
#include <doctest/doctest.h>

#include "model/files/json.h"
#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

const std::vector<std::string> kModels = {"mamba1",      "mamba1-bf16", "mamba1-f16",
                                          "mamba1-bias", "mamba2",      "mamba2-groups",
                                          "falcon_mamba", "granite-dense", "granite-moe",
                                          "llama",       "llama3-rope", "rwkv4"};

// Runs a reference's own tokens in Real and compares every point it holds.
template <class Real>
void compare_with(const std::string& name, const char* file, double limit, double logit_limit) {
  const auto model = open_golden(name);
  Tokens ids;
  const auto references = read_reference(kGolden + name + "/" + file, ids);
  Context<Real> context;
  Recorder<Real> recorder(model->layers());
  recorder.read_everything(model->layers());
  recorder.pad(*model, static_cast<std::int64_t>(ids.size()));
  run<Real>(*model, ids, context, {}, &recorder);
  CHECK(references.size() >= 35);
  std::erase_if(recorder.values, [](const auto& value) {  // ours alone
    return value.first.ends_with("attn.range") || value.first.ends_with("attn.entropy");
  });
  CHECK(recorder.values.size() == references.size());
  for (const auto& [point, reference] : references) {
    CAPTURE(name);
    CAPTURE(point);
    REQUIRE(recorder.values.contains(point));
    CHECK(worst_row(recorder.values.at(point), reference) <= (point == "logits" ? logit_limit : limit));
  }
}

std::int32_t best(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace

// 1e-5 is ten times what float32 kernels of two makers differ by in models of this size, and a hundredth of what the
// smallest fault of the reference set changes.
TEST_CASE("golden: every point of every model is within 1e-5 of the reference, logits within 2e-5") {
  for (const std::string& name : kModels) compare_with<float>(name, "reference.safetensors", 1e-5, 2e-5);
}

TEST_CASE("golden: the oracle is within 1e-12 of the double-precision reference") {
  for (const char* name : {"mamba1", "mamba2"}) compare_with<double>(name, "reference64.safetensors", 1e-12, 1e-12);
}

TEST_CASE("golden: the oracle agrees with every single-precision reference") {
  for (const std::string& name : kModels) compare_with<double>(name, "reference.safetensors", 1e-5, 2e-5);
}

TEST_CASE("golden: greedy continuations are those of the reference, token by token") {
  for (const std::string& name : kModels) {
    CAPTURE(name);
    const auto model = open_golden(name);
    const auto greedy = read_json(kGolden + name + "/greedy.json", {});
    REQUIRE(greedy);
    Tokens prompt;
    for (const Json& id : greedy->find("prompt")->items()) prompt.push_back(static_cast<std::int32_t>(*id.integer()));
    Context<float> context;
    const auto width = static_cast<std::size_t>(model->info().vocabulary);
    Outcome<float> outcome = run<float>(*model, prompt, context);
    Tokens made;
    std::vector<float> last(outcome.logits.end() - static_cast<std::ptrdiff_t>(width), outcome.logits.end());
    for (const Json& expected : greedy->find("tokens")->items()) {
      made.push_back(best(last));
      CHECK(made.back() == *expected.integer());
      outcome = run<float>(*model, {made.back()}, context, {}, nullptr, &outcome.state);
      last = outcome.logits;
    }
    CHECK(made.size() == 32);
  }
}
