// The same weights in another container or layout: the same bits.
#include <doctest/doctest.h>

#include "model/files/file.h"
#include "tests/model/support.h"
#include "tests/temporary_folder.h"

using namespace lab;
using namespace lab::test;

namespace {

Outcome<float> run_on_reference(const Model& model) {
  Tokens ids;
  read_reference(kGolden + "mamba1/reference.safetensors", ids);
  Context<float> context;
  return run<float>(model, ids, context);
}

// A checkpoint whose tensors the test may add to.
Checkpoint with_tensor(Checkpoint checkpoint, TensorView tensor) {
  auto table = std::make_shared<TensorTable>(*checkpoint.tensors);
  REQUIRE(table->add(std::move(tensor)));
  checkpoint.tensors = table;
  return checkpoint;
}

}  // namespace

TEST_CASE("layouts: shards, PyTorch files and original names give the bits of the plain folder") {
  const Outcome<float> plain = run_on_reference(*open_golden("mamba1"));
  for (const char* name : {"mamba1-sharded", "mamba1-original-layout", "mamba1-original-layout/pytorch_model.bin",
                           "mamba1-original-layout/config.json", "mamba1-sharded/model.safetensors.index.json"}) {
    CAPTURE(name);
    CHECK(same_bits(plain, run_on_reference(*open_golden(name))));
  }
}

TEST_CASE("layouts: an original checkpoint says its sizes in Hugging Face's words, and counts shared weights once") {
  const auto original = open_golden("mamba1-original-layout"), plain = open_golden("mamba1");
  CHECK(original->info().model_type == "mamba");
  CHECK(original->info().vocabulary == 1008);
  CHECK(original->info().parameters == plain->info().parameters);
  CHECK(original->info().weight_bytes == plain->info().weight_bytes);
  CHECK(original->info().tied_head);
  CHECK(original->info().warnings.empty());
}

TEST_CASE("layouts: Codestral's folder is the same Mamba-2 under other names") {
  const TemporaryFolder folder;
  const auto plain = open_checkpoint(kGolden + "mamba2");
  REQUIRE(plain);
  std::vector<TensorToWrite> tensors;
  for (const TensorView& tensor : plain->tensors->all())
    tensors.push_back({tensor.name == "backbone.embeddings.weight" ? "model.backbone.embedding.weight" : "model." + tensor.name,
                       tensor.dtype, tensor.shape, tensor.data});
  REQUIRE(write_safetensors(folder / "consolidated.safetensors", tensors, {}));
  const Json& config = *plain->config;
  const auto number = [&](const char* name) { return config.find(name)->text(); };
  const std::string params = "{\"dim\": " + number("hidden_size") + ", \"n_layers\": " + number("num_hidden_layers") +
                             ", \"vocab_size\": " + number("vocab_size") + ", \"n_groups\": " + number("n_groups") +
                             ", \"head_dim\": " + number("head_dim") + ", \"state_size\": " + number("state_size") +
                             ", \"rms_norm\": true, \"tie_embeddings\": false, \"model_type\": \"mamba\"}";
  REQUIRE(write_file_atomically(folder / "params.json", params));
  const auto checkpoint = open_checkpoint(folder.path.string());
  REQUIRE_MESSAGE(checkpoint, checkpoint.error().text());
  const auto model = load_model(*checkpoint);
  REQUIRE_MESSAGE(model, model.error().text());
  const Tokens tokens = random_tokens(20, (*model)->info().vocabulary);
  Context<float> context;
  CHECK(same_bits(run<float>(**model, tokens, context), run<float>(*open_golden("mamba2"), tokens, context)));
}

TEST_CASE("layouts: a head that differs from its embedding is used, and warned about") {
  const auto plain = open_checkpoint(kGolden + "mamba1");
  REQUIRE(plain);
  TensorView head = *plain->tensors->find("backbone.embeddings.weight");
  std::vector<float> values(static_cast<std::size_t>(head.elements()));
  std::memcpy(values.data(), head.data, head.bytes);
  head.name = "lm_head.weight";
  head.data = reinterpret_cast<const std::byte*>(values.data());
  const auto copied = load_model(with_tensor(*plain, head));
  REQUIRE(copied);
  CHECK((*copied)->info().warnings.empty());
  CHECK((*copied)->info().tied_head);
  const Outcome<float> before = run_on_reference(**copied);
  CHECK(same_bits(before, run_on_reference(*open_golden("mamba1"))));

  for (float& value : values) value *= 2;  // exact, and so is what it does to the logits
  const auto doubled = load_model(with_tensor(*plain, head));
  REQUIRE(doubled);
  REQUIRE((*doubled)->info().warnings.size() == 1);
  CHECK((*doubled)->info().warnings[0].find("lm_head.weight") != std::string::npos);
  CHECK_FALSE((*doubled)->info().tied_head);
  const Outcome<float> after = run_on_reference(**doubled);
  CHECK(same_bits(after.state, before.state));
  bool twice = after.logits.size() == before.logits.size();
  for (std::size_t i = 0; i < after.logits.size(); ++i) twice = twice && after.logits[i] == 2 * before.logits[i];
  CHECK(twice);
}
