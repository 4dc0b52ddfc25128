// GGUF models in the words of Hugging Face: configuration, names, shapes, and problems in the words of the file.
#include <doctest/doctest.h>

#include <cmath>

#include "model/layouts/gguf.h"
#include "model/model.h"
#include "tests/files/gguf_image.h"
#include "tests/files/support.h"

using namespace lab;
using namespace lab::test;

namespace {

// d 8, di 16, N 4, K 3, R 2, V 10.
GgufImage mamba1(const std::string& name = "mamba") {
  GgufImage image;
  image.string("general.architecture", name).integer("mamba.embedding_length", 8).integer("mamba.block_count", 1);
  image.integer("mamba.ssm.inner_size", 16).integer("mamba.ssm.state_size", 4).integer("mamba.ssm.conv_kernel", 3);
  return image.integer("mamba.ssm.time_step_rank", 2).number("mamba.attention.layer_norm_rms_epsilon", 1e-3f);
}
GgufImage& add_mamba1_tensors(GgufImage& image) {
  image.ones("token_embd.weight", {8, 10}).ones("output_norm.weight", {8}).ones("blk.0.attn_norm.weight", {8});
  image.ones("blk.0.ssm_in.weight", {8, 32})
      .ones("blk.0.ssm_conv1d.weight", {3, 16})
      .ones("blk.0.ssm_conv1d.bias", {16});
  image.ones("blk.0.ssm_x.weight", {16, 10}).ones("blk.0.ssm_dt.weight", {2, 16}).ones("blk.0.ssm_dt.bias", {16});
  return image.ones("blk.0.ssm_a", {4, 16}).ones("blk.0.ssm_d", {16}).ones("blk.0.ssm_out.weight", {16, 8});
}
// d 8, di 16, H 2 of 8, G 2, N 4, K 3.
GgufImage& add_mamba2_keys(GgufImage& image, const std::string& prefix) {
  image.integer(prefix + "embedding_length", 8).integer(prefix + "block_count", 1).integer(prefix + "vocab_size", 10);
  image.integer(prefix + "ssm.inner_size", 16)
      .integer(prefix + "ssm.state_size", 4)
      .integer(prefix + "ssm.conv_kernel", 3);
  image.integer(prefix + "ssm.time_step_rank", 2).integer(prefix + "ssm.group_count", 2);
  return image.number(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
}
GgufImage& add_mamba2_mixer(GgufImage& image, const std::string& block) {
  image.ones(block + "ssm_in.weight", {8, 50})
      .ones(block + "ssm_conv1d.weight", {3, 32})
      .ones(block + "ssm_conv1d.bias", {32});
  image.ones(block + "ssm_dt.bias", {2}).ones(block + "ssm_a", {1, 2}).ones(block + "ssm_d", {1, 2});
  return image.ones(block + "ssm_norm.weight", {8, 2}).ones(block + "ssm_out.weight", {16, 8});
}
GgufImage mamba2() {
  GgufImage image;
  add_mamba2_keys(image.string("general.architecture", "mamba2"), "mamba2.");
  image.ones("token_embd.weight", {8, 10}).ones("output_norm.weight", {8}).ones("output.weight", {8, 10});
  return add_mamba2_mixer(image.ones("blk.0.attn_norm.weight", {8}), "blk.0.");
}
GgufImage attention(const std::string& architecture) {
  GgufImage image;
  image.string("general.architecture", architecture);
  image.integer(architecture + ".attention.head_count", 2).integer(architecture + ".feed_forward_length", 6);
  return image;
}
GgufImage granite(bool experts) {
  GgufImage image = attention("granitehybrid");
  add_mamba2_keys(image, "granitehybrid.");
  image.array("granitehybrid.attention.head_count_kv", GgufType::i32, 1, bytes_of(0));
  if (experts) image.integer("granitehybrid.expert_count", 3).integer("granitehybrid.expert_used_count", 2);
  if (experts) image.integer("granitehybrid.expert_shared_feed_forward_length", 7);
  image.ones("token_embd.weight", {8, 10}).ones("output_norm.weight", {8});
  return add_mamba2_mixer(image.ones("blk.0.attn_norm.weight", {8}).ones("blk.0.ffn_norm.weight", {8}), "blk.0.");
}
GgufImage llama() {
  GgufImage image = attention("llama");
  image.integer("llama.embedding_length", 8)
      .integer("llama.block_count", 1)
      .integer("llama.attention.head_count_kv", 1);
  image.number("llama.attention.layer_norm_rms_epsilon", 1e-5f).integer("llama.rope.dimension_count", 4);
  return image.ones("token_embd.weight", {8, 10});
}

// A checkpoint in a file that is gone when the test ends.
struct Opened {
  explicit Opened(const GgufImage& image) : result(open_checkpoint(folder.put("model.gguf", image.bytes()))) {}
  const Checkpoint& checkpoint() const {
    REQUIRE_MESSAGE(result, result.error().text());
    return *result;
  }
  std::string field(const char* name) const {
    const Json* json = checkpoint().config->find(name);
    return json ? json->brief() : "absent";
  }
  std::vector<std::int64_t> shape(const char* name) const {
    const TensorView* tensor = checkpoint().tensors->find(name);
    REQUIRE_MESSAGE(tensor, name);
    return tensor->shape;
  }
  Folder folder;
  Result<Checkpoint> result;
};
using Shape = std::vector<std::int64_t>;

void check_refused(const GgufImage& image, Code code, const std::string& field) {
  const Opened opened(image);
  REQUIRE(!opened.result);
  CAPTURE(opened.result.error().text());
  CHECK(name_of(opened.result.error().code) == std::string(name_of(code)));
  CHECK(opened.result.error().field == field);
  CHECK(opened.result.error().file == opened.folder.at("model.gguf"));
}

}  // namespace

TEST_CASE("gguf layout: a mamba file becomes the configuration and tensors of Hugging Face") {
  GgufImage image = mamba1();
  const Opened opened(add_mamba1_tensors(image));
  CHECK(opened.checkpoint().model_type == "mamba");
  CHECK(opened.checkpoint().name == "model");
  CHECK(opened.field("hidden_size") == "8");
  CHECK(opened.field("num_hidden_layers") == "1");
  CHECK(opened.field("intermediate_size") == "16");
  CHECK(opened.field("state_size") == "4");
  CHECK(opened.field("conv_kernel") == "3");
  CHECK(opened.field("time_step_rank") == "2");
  CHECK(opened.field("vocab_size") == "10");
  CHECK(opened.field("layer_norm_epsilon") == "0.001");
  CHECK(opened.field("tie_word_embeddings") == "true");
  CHECK(opened.field("use_conv_bias") == "true");
  CHECK(opened.field("mixer_rms_eps") == "absent");
  CHECK(opened.shape("backbone.layers.0.mixer.conv1d.weight") == Shape{16, 1, 3});
  CHECK(opened.shape("backbone.layers.0.mixer.A") == Shape{16, 4});
  CHECK(opened.shape("backbone.embeddings.weight") == Shape{10, 8});
  CHECK(opened.checkpoint().tensors->all().size() == 12);
  CHECK(opened.checkpoint().gguf->find("general.architecture")->string() == "mamba");
  CHECK_MESSAGE(load_model(opened.checkpoint()), load_model(opened.checkpoint()).error().text());
}

TEST_CASE("gguf layout: weights stay where they lie in the file") {
  GgufImage image = mamba1();
  const Opened opened(add_mamba1_tensors(image));
  CHECK(opened.checkpoint().tensors->find("backbone.layers.0.mixer.A")->data ==
        opened.checkpoint().gguf->tensors.find("blk.0.ssm_a")->data);
}

TEST_CASE("gguf layout: Falcon-Mamba is told from Mamba by its switch, and has the file's epsilon in the mixer") {
  GgufImage image = mamba1().boolean("mamba.ssm.dt_b_c_rms", true);
  const Opened opened(add_mamba1_tensors(image));
  CHECK(opened.checkpoint().model_type == "falcon_mamba");
  CHECK(opened.field("model_type") == "\"falcon_mamba\"");
  CHECK(opened.field("mixer_rms_eps") == "0.001");
}

TEST_CASE("gguf layout: a mamba2 file loads with flat vectors, heads and an untied head") {
  const Opened opened(mamba2());
  CHECK(opened.field("num_heads") == "2");
  CHECK(opened.field("head_dim") == "8");
  CHECK(opened.field("expand") == "2");
  CHECK(opened.field("n_groups") == "2");
  CHECK(opened.field("tie_word_embeddings") == "false");
  for (const char* name : {"A", "D", "dt_bias"})
    CHECK(opened.shape((std::string("backbone.layers.0.mixer.") + name).c_str()) == Shape{2});
  CHECK(opened.shape("backbone.layers.0.mixer.norm.weight") == Shape{16});
  CHECK_MESSAGE(load_model(opened.checkpoint()), load_model(opened.checkpoint()).error().text());
}

TEST_CASE("gguf layout: Granite's layers, multipliers and halves of the shared MLP") {
  GgufImage image =
      granite(false).number("granitehybrid.embedding_scale", 12).number("granitehybrid.residual_scale", 0.246f);
  image.number("granitehybrid.logit_scale", 0)
      .number("granitehybrid.attention.scale", 0)
      .boolean("granitehybrid.rope.scaling.finetuned", false);
  image.ones("blk.0.ffn_gate.weight", {8, 6}).ones("blk.0.ffn_up.weight", {8, 6}).ones("blk.0.ffn_down.weight", {6, 8});
  const Opened opened(image);
  CHECK(opened.checkpoint().model_type == "granitemoehybrid");
  CHECK(opened.checkpoint().config->find("layer_types")->items()[0].text() == "mamba");
  CHECK(opened.field("mamba_n_heads") == "2");
  CHECK(opened.field("mamba_d_head") == "8");
  CHECK(opened.field("mamba_n_groups") == "2");
  CHECK(opened.field("embedding_multiplier") == "12");
  CHECK(opened.field("residual_multiplier") == "0.246");
  CHECK(opened.field("logits_scaling") == "absent");     // 0 is off
  CHECK(opened.field("attention_multiplier") == "0.5");  // off: one over the root of the width 4
  CHECK(opened.field("position_embedding_type") == "\"nope\"");
  CHECK(opened.field("num_local_experts") == "0");
  CHECK(opened.field("shared_intermediate_size") == "6");
  CHECK(opened.field("qk_rows_interleaved") == "true");
  CHECK(opened.shape("model.layers.0.shared_mlp.gate.weight") == Shape{6, 8});
  CHECK(opened.shape("model.layers.0.shared_mlp.up.weight") == Shape{6, 8});
  CHECK(opened.shape("model.layers.0.shared_mlp.output_linear.weight") == Shape{8, 6});
  CHECK(opened.shape("model.layers.0.mamba.A") == Shape{2});
  CHECK(opened.shape("model.layers.0.mamba.norm.weight") == Shape{16});
}

TEST_CASE("gguf layout: Granite's experts and the shared one beside them") {
  GgufImage image = granite(true).ones("blk.0.ffn_gate_inp.weight", {8, 3});
  image.ones("blk.0.ffn_gate_exps.weight", {8, 6, 3}).ones("blk.0.ffn_up_exps.weight", {8, 6, 3});
  image.ones("blk.0.ffn_down_exps.weight", {6, 8, 3}).ones("blk.0.ffn_up_shexp.weight", {8, 7});
  const Opened opened(image);
  CHECK(opened.field("num_local_experts") == "3");
  CHECK(opened.field("num_experts_per_tok") == "2");
  CHECK(opened.field("intermediate_size") == "6");
  CHECK(opened.field("shared_intermediate_size") == "7");
  CHECK(opened.field("position_embedding_type") == "\"rope\"");  // not switched off
  CHECK(opened.shape("model.layers.0.block_sparse_moe.router.layer.weight") == Shape{3, 8});
  CHECK(opened.shape("model.layers.0.block_sparse_moe.gate.weight") == Shape{3, 6, 8});
  CHECK(opened.shape("model.layers.0.block_sparse_moe.up.weight") == Shape{3, 6, 8});
  CHECK(opened.shape("model.layers.0.block_sparse_moe.output_linear.weight") == Shape{3, 8, 6});
  CHECK(opened.shape("model.layers.0.shared_mlp.up.weight") == Shape{7, 8});
}

TEST_CASE("gguf layout: the layers of a hybrid are told by their heads, which must agree") {
  const auto heads = [](std::vector<std::int32_t> counts) {
    GgufImage image = attention("granitehybrid");
    add_mamba2_keys(image, "granitehybrid.");
    std::string bytes;
    for (const std::int32_t count : counts) bytes += bytes_of(count);
    return image.array("granitehybrid.attention.head_count_kv", GgufType::i32, counts.size(), bytes)
        .ones("token_embd.weight", {8, 10});
  };
  const Opened opened(heads({1}));
  CHECK(opened.checkpoint().config->find("layer_types")->items()[0].text() == "attention");
  CHECK(opened.field("num_key_value_heads") == "1");
  check_refused(heads({0, 1}), Code::mismatch, "granitehybrid.attention.head_count_kv");
  check_refused(heads({-1}), Code::mismatch, "granitehybrid.attention.head_count_kv");
}

TEST_CASE("gguf layout: numbers of layers that cannot be are refused by key, however long their list [GG11]") {
  const auto layers = [](std::uint32_t count) {
    GgufImage image = attention("granitehybrid");
    image.integer("granitehybrid.embedding_length", 8).integer("granitehybrid.block_count", count);
    for (const auto& [key, number] : {std::pair{"inner_size", 16u}, {"state_size", 4u}, {"conv_kernel", 3u},
                                      {"time_step_rank", 2u}, {"group_count", 2u}})
      image.integer(std::string("granitehybrid.ssm.") + key, number);
    image.number("granitehybrid.attention.layer_norm_rms_epsilon", 1e-5f).ones("token_embd.weight", {8, 10});
    return image.array("granitehybrid.attention.head_count_kv", GgufType::i32, count, std::string(4 * count, '\0'));
  };
  const Opened none(layers(0));
  const std::vector<Error> problems = validate(none.checkpoint());
  REQUIRE_FALSE(problems.empty());
  CHECK(problems[0].code == Code::out_of_range);
  CHECK(problems[0].field == "granitehybrid.block_count");
  check_refused(layers(200'000), Code::out_of_range, "granitehybrid.block_count");
}

TEST_CASE("gguf layout: Llama's rotation, its divisors and the permuted rows") {
  GgufImage image =
      llama().number("llama.rope.freq_base", 500000).ones("rope_freqs.weight", {2}).ones("blk.0.attn_q.weight", {8, 8});
  image.ones("blk.0.attn_q.bias", {8}).ones("blk.0.ffn_down.weight", {6, 8});
  const Opened opened(image);
  CHECK(opened.checkpoint().model_type == "llama");
  CHECK(opened.field("num_attention_heads") == "2");
  CHECK(opened.field("num_key_value_heads") == "1");
  CHECK(opened.field("head_dim") == "4");
  CHECK(opened.field("intermediate_size") == "6");
  CHECK(opened.field("rms_norm_eps") == "1e-05");
  CHECK(opened.checkpoint().config->find("rope_theta")->number() == 500000.0);
  CHECK(opened.field("rope_scaling") == "absent");
  CHECK(opened.field("attention_bias") == "true");
  CHECK(opened.field("mlp_bias") == "false");
  CHECK(opened.field("qk_rows_interleaved") == "true");
  CHECK(opened.shape("rope_freqs.weight") == Shape{2});
  CHECK(opened.shape("model.layers.0.self_attn.q_proj.weight") == Shape{8, 8});
  CHECK(opened.shape("model.layers.0.self_attn.q_proj.bias") == Shape{8});
  CHECK(opened.shape("model.layers.0.mlp.down_proj.weight") == Shape{8, 6});
}

TEST_CASE("gguf layout: scaled positions are passed on, unknown ones refused") {
  const Opened opened(llama().string("llama.rope.scaling.type", "linear").number("llama.rope.scaling.factor", 2));
  const Json* scaling = opened.checkpoint().config->find("rope_scaling");
  REQUIRE(scaling);
  CHECK(scaling->find("rope_type")->text() == "linear");
  CHECK(scaling->find("factor")->number() == 2.0);
  CHECK(Opened(llama().number("llama.rope.scale_linear", 4)).field("rope_scaling") == "an object");
  CHECK(Opened(llama().string("llama.rope.scaling.type", "none")).field("rope_scaling") == "absent");
  check_refused(llama().string("llama.rope.scaling.type", "\"}, {"), Code::unsupported, "llama.rope.scaling.type");
}

TEST_CASE("gguf layout: heads that rotate in part, and experts where none are known, are refused by key") {
  check_refused(llama().integer("llama.attention.key_length", 6), Code::unsupported, "llama.rope.dimension_count");
  check_refused(llama().integer("llama.attention.value_length", 6), Code::unsupported, "llama.attention.value_length");
  check_refused(llama().integer("llama.expert_count", 8), Code::unsupported, "llama.expert_count");
}

TEST_CASE("gguf layout: an architecture that is not known is refused by its name [GG11]") {
  check_refused(mamba1("jamba"), Code::unsupported, "general.architecture");
  CHECK(Opened(mamba1("jamba")).result.error().found == "jamba");
  check_refused(GgufImage(), Code::missing, "general.architecture");
  check_refused(GgufImage().integer("general.architecture", 7), Code::malformed, "general.architecture");
}

TEST_CASE("gguf layout: all keys that are missing or of another type are told at once, by their own names") {
  GgufImage image;
  image.string("general.architecture", "mamba").string("mamba.embedding_length", "8").integer("mamba.block_count", 1);
  image.integer("mamba.ssm.inner_size", 16).integer("mamba.ssm.state_size", 4).number("mamba.ssm.conv_kernel", 3);
  image.number("mamba.attention.layer_norm_rms_epsilon", INFINITY);
  const Opened opened(add_mamba1_tensors(image));
  REQUIRE(!opened.result);
  std::vector<Error> problems = opened.result.error().others;
  problems.insert(problems.begin(), opened.result.error());
  std::vector<std::string> told;
  for (const Error& problem : problems) told.push_back(name_of(problem.code) + (" " + problem.field));
  CHECK(told == std::vector<std::string>{"mismatch mamba.embedding_length", "mismatch mamba.ssm.conv_kernel",
                                         "missing mamba.ssm.time_step_rank",
                                         "mismatch mamba.attention.layer_norm_rms_epsilon"});
}

TEST_CASE("gguf layout: a key that two fields come from is told of once") {
  GgufImage image;
  image.string("general.architecture", "mamba2").integer("mamba2.embedding_length", 8).integer("mamba2.block_count", 1);
  image.string("mamba2.ssm.time_step_rank", "2").integer("mamba2.ssm.group_count", 2);
  image.integer("mamba2.ssm.inner_size", 16).integer("mamba2.ssm.state_size", 4).integer("mamba2.ssm.conv_kernel", 3);
  const Opened opened(
      image.number("mamba2.attention.layer_norm_rms_epsilon", 1e-5f).ones("token_embd.weight", {8, 10}));
  REQUIRE(!opened.result);
  CHECK(opened.result.error().field == "mamba2.ssm.time_step_rank");
  CHECK(opened.result.error().others.empty());
}

TEST_CASE("gguf layout: sizes that do not divide are refused without dividing by zero") {
  const auto with_heads = [](std::uint32_t heads, std::uint32_t inner) {
    GgufImage image;
    image.string("general.architecture", "mamba2")
        .integer("mamba2.embedding_length", 8)
        .integer("mamba2.block_count", 1);
    image.integer("mamba2.ssm.inner_size", inner)
        .integer("mamba2.ssm.state_size", 4)
        .integer("mamba2.ssm.conv_kernel", 3);
    image.integer("mamba2.ssm.time_step_rank", heads).integer("mamba2.ssm.group_count", 1);
    return image.number("mamba2.attention.layer_norm_rms_epsilon", 1e-5f).ones("token_embd.weight", {8, 10});
  };
  check_refused(with_heads(0, 16), Code::out_of_range, "mamba2.ssm.time_step_rank");
  check_refused(with_heads(~0u, 16), Code::mismatch, "mamba2.ssm.inner_size");
  check_refused(with_heads(3, 16), Code::mismatch, "mamba2.ssm.inner_size");
  check_refused(with_heads(2, 12), Code::mismatch, "mamba2.ssm.inner_size");
}

TEST_CASE(
    "gguf layout: tensors that nobody knows, that mean the same or lie beyond the last block are refused [GG11]") {
  check_refused(mamba1().ones("token_embd.weight", {8, 10}).ones("blk.0.ssm_dt_norm.weight", {2}), Code::unsupported,
                "blk.0.ssm_dt_norm.weight");
  check_refused(mamba1().ones("token_embd.weight", {8, 10}).ones("blk.00.ssm_d", {16}), Code::unsupported,
                "blk.00.ssm_d");
  check_refused(mamba1().ones("token_embd.weight", {8, 10}).ones("blk.1.ssm_d", {16}), Code::mismatch,
                "mamba.block_count");
  check_refused(granite(false).ones("blk.0.ffn_up.weight", {8, 6}).ones("blk.0.ffn_up_shexp.weight", {8, 6}),
                Code::duplicate, "blk.0.ffn_up_shexp.weight");
}

TEST_CASE("gguf layout: blocks beyond the count are told of once, not for each of their tensors") {
  const Opened opened(mamba1().ones("token_embd.weight", {8, 10}).ones("blk.1.ssm_d", {16}).ones("blk.2.ssm_d", {16}));
  REQUIRE(!opened.result);
  CHECK(opened.result.error().others.empty());
}

TEST_CASE("gguf layout: what a family finds wrong is told in the words of the file") {
  GgufImage image = mamba1().integer("mamba.vocab_size", 0);
  const Opened opened(add_mamba1_tensors(image));
  std::vector<Error> problems = validate(opened.checkpoint());
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].field == "mamba.vocab_size");
  CHECK(problems[0].file == opened.folder.at("model.gguf"));

  const Opened bare(mamba1().ones("token_embd.weight", {8, 10}).ones("blk.0.ssm_a", {4, 15}));
  problems = validate(bare.checkpoint());
  std::vector<std::string> fields;
  for (const Error& problem : problems) fields.push_back(problem.field);
  CHECK(fields == std::vector<std::string>{"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ssm_in.weight",
                                           "blk.0.ssm_conv1d.weight", "blk.0.ssm_x.weight", "blk.0.ssm_dt.weight",
                                           "blk.0.ssm_dt.bias", "blk.0.ssm_a", "blk.0.ssm_d", "blk.0.ssm_out.weight"});
  CHECK(load_model(bare.checkpoint()).error().file == bare.folder.at("model.gguf"));
}

TEST_CASE("gguf layout: a folder with one model opens it, one with several asks which") {
  const Folder folder;
  GgufImage image = mamba1();
  add_mamba1_tensors(image);
  folder.put("a.gguf", image.bytes());
  REQUIRE(open_checkpoint(folder.path.string()));
  CHECK(open_checkpoint(folder.path.string())->name == "a");
  folder.put("b.gguf", image.bytes());
  CHECK(open_checkpoint(folder.path.string()).error().found == "a.gguf, b.gguf");
  folder.put("b.safetensors", "");  // then the folder is not a GGUF one
  CHECK_FALSE(is_gguf(folder.path.string()));
}

TEST_CASE("gguf layout: a file is known by its first bytes, whatever its name") {
  const Folder folder;
  GgufImage image = mamba1();
  CHECK(open_checkpoint(folder.put("model.bin", add_mamba1_tensors(image).bytes())));
  CHECK(open_checkpoint(folder.put("page.gguf", "<html>")).error().code == Code::wrong_kind);
}
