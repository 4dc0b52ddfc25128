// Models made without files, and what is refused about checkpoints in memory.
#include <doctest/doctest.h>

#include "tests/model/support.h"

using namespace lab;
using namespace lab::test;

namespace {

Error refusal(const RandomModel& sizes) {
  auto made = random_checkpoint(sizes);
  REQUIRE(!made);
  return made.error();
}

}  // namespace

TEST_CASE("random model: the same seed gives the same weights, another one others") {
  for (const char* family : {"mamba1", "mamba2"}) {
    RandomModel sizes{.family = family, .seed = 7};
    const std::string hash = content_hash(*random_checkpoint(sizes));
    CHECK(content_hash(*random_checkpoint(sizes)) == hash);
    sizes.seed = 8;
    CHECK(content_hash(*random_checkpoint(sizes)) != hash);
  }
}

// Written down once: a change of these means that recorded runs of random models no longer replay.
TEST_CASE("random model: weights of a seed are the same everywhere") {
  CHECK(content_hash(*random_checkpoint({.family = "mamba1", .hidden = 16, .seed = 1})) == "f50c7e4e60e4a629");
  CHECK(content_hash(*random_checkpoint({.family = "mamba2", .hidden = 16, .seed = 1})) == "dd23c186749c926f");
}

TEST_CASE("random model: the known shapes have the published numbers of parameters") {
  for (const auto& [name, parameters] : {std::pair{"mamba-130m", 129'135'360}, {"mamba2-130m", 128'989'632}}) {
    auto sizes = known_shape(name, DType::bf16);
    REQUIRE(sizes);
    const auto model = make_random(*sizes);
    CHECK(model->info().parameters == parameters);
    CHECK(model->layers() == 24);
  }
  CHECK(known_shape("mamba-9b", DType::f32).error().field == "shape");
}

TEST_CASE("random model: activations stay of ordinary size over many tokens") {
  for (const char* family : {"mamba1", "mamba2"}) {
    const auto model = make_random({.family = family, .layers = 8});
    Context<float> context;
    for (const float logit : run<float>(*model, random_tokens(200, 256), context).logits)
      REQUIRE(std::fabs(logit) < 100);
  }
}

TEST_CASE("random model: sizes that cannot be are refused by name") {
  CHECK(refusal({.family = "mamba3"}).field == "family");
  CHECK(refusal({.hidden = 0}).field == "hidden");
  CHECK(refusal({.layers = -1}).field == "layers");
  CHECK(refusal({.vocabulary = 1 << 21}).field == "vocabulary");
  CHECK(refusal({.state_size = 0}).field == "state_size");
  CHECK(refusal({.family = "mamba2", .hidden = 20, .head_dim = 32}).field == "head_dim");
  CHECK(refusal({.family = "mamba2", .hidden = 64, .head_dim = 32, .groups = 3}).field == "groups");
}

TEST_CASE("content hash: a changed configuration is another model, another order of its keys is not") {
  auto checkpoint = *random_checkpoint({});
  const std::string hash = content_hash(checkpoint);
  const auto with_config = [&](const char* text) {
    checkpoint.config = std::make_shared<const Json>(parse_json(text, {.bare_non_finite = true}, "config.json").take());
    return content_hash(checkpoint);
  };
  const std::string one =
      with_config(R"({"model_type": "mamba", "layer_norm_epsilon": 1e-5, "limits": [0, Infinity]})");
  CHECK(one != hash);
  CHECK(with_config(R"({"limits": [0, Infinity], "layer_norm_epsilon": 1e-5, "model_type": "mamba"})") == one);
  CHECK(with_config(R"({"model_type": "mamba", "layer_norm_epsilon": 1e-3, "limits": [0, Infinity]})") != one);
  CHECK(with_config(R"({"model_type": "mamba", "layer_norm_epsilon": 1e-5, "limits": [0, 1]})") != one);
}
