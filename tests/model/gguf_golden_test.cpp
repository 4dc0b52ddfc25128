// GGUF files against exact arithmetic on their weights, and against llama.cpp.
#include <doctest/doctest.h>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

struct Case {
  const char* name;
  double of_llama_cpp;  // which rounds activations to the weights' 16 bits, or quantises them too
};
constexpr Case kCases[] = {
    {"mamba1-small-F32", 1e-5},
    {"mamba1-small-F16", 3e-3},
    {"mamba2-small-F32", 1e-5},
    {"mamba2-small-F16", 3e-3},
    {"falcon_mamba-small-F32", 1e-5},
    {"granitehybrid-moe-small-F32", 1e-5},
    {"granitehybrid-small-F16", 3e-3},
    {"llama-small-F32", 1e-5},
    {"llama-small-BF16", 2e-2},
    {"llama3-rope-small-F32", 1e-5},
    {"falcon_mamba-small-Q8_0", 1e-1},
    {"granitehybrid-moe-small-Q8_0", 1e-1},
    {"mamba1-small-Q8_0", 1e-1},
    {"granitehybrid-wide-Q4_K_M", 1e-1},
    {"llama-wide-Q4_0", 1e-1},
    {"llama-wide-Q4_1", 1e-1},
    {"llama-wide-Q6_K", 1e-1},
    {"mamba1-wide-Q4_K_M", 1e-1},  // with rows of 32 in Q5_0
    {"mamba1-wide-Q5_K_M", 1e-1},  // in Q5_1
    {"mamba2-wide-Q4_K_M", 1e-1},
};

// Largest relative L2 of any row of any point that the reference holds.
double distance(const Model& model, const std::string& file) {
  Tokens ids;
  const auto references = read_reference(file, ids);
  Context<float> context;
  Recorder<float> recorder(model.layers());
  recorder.read_everything(model.layers());
  run<float>(model, ids, context, {}, &recorder);
  REQUIRE(references.contains("logits"));
  double worst = 0;
  for (const auto& [point, reference] : references) {
    CAPTURE(point);
    REQUIRE(recorder.values.contains(point));
    worst = std::max(worst, worst_row(recorder.values.at(point), reference));
  }
  return worst;
}

}  // namespace

TEST_CASE("gguf golden: every point is within 1e-5 of exact arithmetic on the file's weights") {
  for (const Case& each : kCases) {
    CAPTURE(each.name);
    const std::string stem = std::string("gguf/") + each.name;
    CHECK(distance(*open_golden(stem + ".gguf"), kGolden + stem + ".exact.safetensors") <= 1e-5);
  }
}

TEST_CASE("gguf golden: logits are those of llama.cpp, but for its rounding of activations") {
  for (const Case& each : kCases) {
    CAPTURE(each.name);
    const std::string stem = std::string("gguf/") + each.name;
    CHECK(distance(*open_golden(stem + ".gguf"), kGolden + stem + ".llamacpp_logits.safetensors") <= each.of_llama_cpp);
  }
}
