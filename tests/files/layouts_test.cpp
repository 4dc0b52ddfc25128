// Other layouts: their configurations and names become Hugging Face's, and what cannot is refused by its own name.
#include "model/layouts/layout.h"

#include <cmath>

#include "model/layouts/rwkv4.h"
#include "model/layouts/state_spaces.h"
#include "model/model.h"
#include "tests/files/archive_support.h"

using namespace lab;
using namespace lab::test;

namespace {

Json json(const std::string& text) {
  auto parsed = parse_json(text, {.bare_non_finite = true}, "config.json");
  REQUIRE_MESSAGE(parsed, parsed.error().text());
  return parsed.take();
}

Json translated(const std::string& text) {
  std::vector<Error> problems;
  auto config = config_from_state_spaces(json(text), "config.json", problems);
  REQUIRE_MESSAGE(problems.empty(), problems.front().text());
  REQUIRE(config);
  return config.take();
}
std::int64_t integer(const Json& config, const char* name) {
  REQUIRE_MESSAGE(config.find(name), name);
  return config.find(name)->integer().value();
}

std::vector<Error> problems_of(const std::string& text) {
  std::vector<Error> problems;
  (void)config_from_state_spaces(json(text), "config.json", problems);
  return problems;
}

TensorTable table_of(const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& tensors) {
  TensorTable table;
  for (const auto& [name, shape] : tensors) table.add({.name = name, .shape = shape, .file = "f.pth"});
  return table;
}

const std::vector<std::pair<std::string, std::vector<std::int64_t>>> kRwkv = {{"emb.weight", {270, 32}},
                                                                              {"blocks.0.att.time_decay", {40}},
                                                                              {"blocks.0.att.time_mix_k", {1, 1, 32}},
                                                                              {"blocks.0.att.key.weight", {40, 32}},
                                                                              {"blocks.0.ffn.key.weight", {96, 32}},
                                                                              {"blocks.2.ln1.bias", {32}}};

}  // namespace

TEST_CASE("layouts: a state-spaces configuration is told from Hugging Face's, whose left-overs count for nothing") {
  CHECK(is_state_spaces(json(R"({"d_model": 40, "n_layer": 2})")));
  CHECK(is_state_spaces(json(R"({"dim": 40, "n_layers": 2, "model_type": "mamba"})")));
  CHECK_FALSE(is_state_spaces(json(R"({"d_model": 40, "hidden_size": 32, "model_type": "mamba"})")));
  CHECK_FALSE(is_state_spaces(json(R"({"d_model": 40, "model_type": "mpt"})")));
  CHECK_FALSE(is_state_spaces(json("{}")));
  auto layout = hugging_face_layout(
      json(R"({"model_type": "mamba", "hidden_size": 32, "d_model": 40, "ssm_cfg": {"d_state": 8}})"), "c", TensorTable());
  REQUIRE(layout);
  CHECK(integer(layout->config, "hidden_size") == 32);
  CHECK_FALSE(layout->config.find("state_size"));
}

TEST_CASE("layouts: Mamba-1 has the original code's defaults, and a padded vocabulary") {
  const Json plain = translated(R"({"d_model": 768, "n_layer": 24, "vocab_size": 50277})");
  CHECK(plain.find("model_type")->text() == "mamba");
  CHECK(integer(plain, "hidden_size") == 768);
  CHECK(integer(plain, "num_hidden_layers") == 24);
  CHECK(integer(plain, "vocab_size") == 50280);
  CHECK(integer(plain, "state_size") == 16);
  CHECK(integer(plain, "conv_kernel") == 4);
  CHECK(integer(plain, "expand") == 2);
  CHECK_FALSE(plain.find("time_step_rank"));
  CHECK(plain.find("layer_norm_epsilon")->number() == 1e-5);
  CHECK(plain.find("tie_word_embeddings")->boolean() == true);
  const Json other = translated(R"({"d_model": 8, "vocab_size": 33, "pad_vocab_size_multiple": 16, "tie_embeddings": false,
    "ssm_cfg": {"layer": "Mamba1", "d_state": 8, "d_conv": 3, "expand": 4, "dt_rank": 5, "conv_bias": false, "bias": true}})");
  CHECK(integer(other, "vocab_size") == 48);
  CHECK(integer(other, "state_size") == 8);
  CHECK(integer(other, "conv_kernel") == 3);
  CHECK(integer(other, "expand") == 4);
  CHECK(integer(other, "time_step_rank") == 5);
  CHECK(other.find("use_conv_bias")->boolean() == false);
  CHECK(other.find("use_bias")->boolean() == true);
  CHECK(other.find("tie_word_embeddings")->boolean() == false);
  CHECK_FALSE(translated(R"({"d_model": 8, "ssm_cfg": {"dt_rank": "auto"}})").find("time_step_rank"));
}

TEST_CASE("layouts: Mamba-2 derives its heads, and keeps an infinite limit") {
  const Json plain =
      translated(R"({"d_model": 768, "ssm_cfg": {"layer": "Mamba2"}, "vocab_size": 50277, "pad_vocab_size_multiple": 16})");
  CHECK(plain.find("model_type")->text() == "mamba2");
  CHECK(integer(plain, "vocab_size") == 50288);
  CHECK(integer(plain, "num_heads") == 24);
  CHECK(integer(plain, "head_dim") == 64);
  CHECK(integer(plain, "n_groups") == 1);
  CHECK(integer(plain, "state_size") == 128);
  const Json other =
      translated(R"({"d_model": 16, "ssm_cfg": {"layer": "Mamba2", "headdim": 8, "ngroups": 2, "dt_limit": [0.5, Infinity]}})");
  CHECK(integer(other, "num_heads") == 4);
  CHECK(integer(other, "n_groups") == 2);
  REQUIRE(other.find("time_step_limit")->items().size() == 2);
  CHECK(other.find("time_step_limit")->items()[0].number() == 0.5);
  CHECK(other.find("time_step_limit")->items()[1].number() == INFINITY);
}

TEST_CASE("layouts: Codestral's params.json is a Mamba-2") {
  const Json config =
      translated(R"({"dim": 128, "n_layers": 3, "vocab_size": 270, "n_groups": 2, "rms_norm": true, "tie_embeddings": false})");
  CHECK(config.find("model_type")->text() == "mamba2");
  CHECK(integer(config, "hidden_size") == 128);
  CHECK(integer(config, "num_hidden_layers") == 3);
  CHECK(integer(config, "vocab_size") == 270);
  CHECK(integer(config, "n_groups") == 2);
  CHECK(integer(config, "num_heads") == 4);
  CHECK(config.find("tie_word_embeddings")->boolean() == false);
}

TEST_CASE("layouts: what the lab does not do is refused by its original name, all of it at once") {
  for (const auto& [field, value] :
       {std::pair<std::string, std::string>{"attn_layer_idx", "[3]"}, {"d_intermediate", "128"}, {"rms_norm", "false"}}) {
    const auto problems = problems_of(R"({"d_model": 16, ")" + field + "\": " + value + "}");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].code == Code::unsupported);
    CHECK(problems[0].field == field);
  }
  for (const auto& [field, value] : {std::pair<std::string, std::string>{"d_ssm", "8"},
                                     {"D_has_hdim", "true"},
                                     {"rmsnorm", "false"},
                                     {"norm_before_gate", "true"}}) {
    const auto problems = problems_of(R"({"d_model": 64, "ssm_cfg": {"layer": "Mamba2", ")" + field + "\": " + value + "}}");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].code == Code::unsupported);
    CHECK(problems[0].field == "ssm_cfg." + field);
  }
  CHECK(
      problems_of(R"({"d_model": 16, "attn_layer_idx": [1], "d_intermediate": 8, "rms_norm": false, "ssm_cfg": {"layer": "S4"}})")
          .size() == 4);
  auto layout = hugging_face_layout(json(R"({"d_model": 16, "attn_layer_idx": [1], "d_intermediate": 8})"), "c", TensorTable());
  REQUIRE(!layout);
  CHECK(layout.error().others.size() == 1);
}

TEST_CASE("layouts: numbers of an original configuration that cannot be are refused by their original name [CF2]") {
  for (const char* bad : {"0", "-1", "2147483648", "2.5", "\"2\"", "true", "[]", "{}", "NaN"}) {
    for (const char* field : {"d_model", "n_layer", "vocab_size", "pad_vocab_size_multiple"}) {
      const std::string width = field == std::string("d_model") ? "" : "\"d_model\": 16, ";
      const auto problems = problems_of("{" + width + "\"" + field + "\": " + bad + "}");
      REQUIRE(problems.size() == 1);
      CHECK(problems[0].field == field);
    }
    for (const char* field : {"d_state", "d_conv", "expand", "headdim", "ngroups"}) {
      const auto problems =
          problems_of(R"({"d_model": 64, "ssm_cfg": {"layer": "Mamba2", ")" + std::string(field) + "\": " + bad + "}}");
      REQUIRE(problems.size() == 1);
      CHECK(problems[0].field == "ssm_cfg." + std::string(field));
    }
  }
  CHECK(problems_of(R"({"d_model": 16, "ssm_cfg": 5})")[0].field == "ssm_cfg");
  CHECK(problems_of(R"({"d_model": 16, "ssm_cfg": {"layer": "Mamba2", "headdim": 7}})")[0].field == "ssm_cfg.headdim");
}

TEST_CASE("layouts: names of state-spaces and Codestral files become Hugging Face's") {
  CHECK(name_from_state_spaces("backbone.embedding.weight") == "backbone.embeddings.weight");
  CHECK(name_from_state_spaces("model.backbone.layers.0.mixer.D") == "backbone.layers.0.mixer.D");
  CHECK(name_from_state_spaces("model.layers.0.mixer.D") == "backbone.layers.0.mixer.D");
  CHECK(name_from_state_spaces("model.embedding.weight") == "backbone.embeddings.weight");
  CHECK(name_from_state_spaces("model.lm_head.weight") == "lm_head.weight");
  for (const char* same : {"backbone.embeddings.weight", "lm_head.weight", "backbone.norm_f.weight", "modelling.x"})
    CHECK(name_from_state_spaces(same) == same);
}

TEST_CASE("layouts: names of RWKV-4 files become Hugging Face's") {
  CHECK(name_from_rwkv4("emb.weight") == "rwkv.embeddings.weight");
  CHECK(name_from_rwkv4("blocks.0.ln0.bias") == "rwkv.blocks.0.pre_ln.bias");
  CHECK(name_from_rwkv4("blocks.11.ln1.weight") == "rwkv.blocks.11.ln1.weight");
  CHECK(name_from_rwkv4("blocks.1.att.time_mix_k") == "rwkv.blocks.1.attention.time_mix_key");
  CHECK(name_from_rwkv4("blocks.1.att.time_mix_v") == "rwkv.blocks.1.attention.time_mix_value");
  CHECK(name_from_rwkv4("blocks.1.ffn.time_mix_r") == "rwkv.blocks.1.feed_forward.time_mix_receptance");
  CHECK(name_from_rwkv4("blocks.1.att.key.weight") == "rwkv.blocks.1.attention.key.weight");
  CHECK(name_from_rwkv4("blocks.1.att.time_first") == "rwkv.blocks.1.attention.time_first");
  CHECK(name_from_rwkv4("ln_out.weight") == "rwkv.ln_out.weight");
  CHECK(name_from_rwkv4("head.weight") == "head.weight");
}

TEST_CASE("layouts: RWKV-4 tells its sizes by its tensors, and later versions are refused") {
  auto layout = hugging_face_layout(std::nullopt, "config.json", table_of(kRwkv));
  REQUIRE_MESSAGE(layout, layout.error().text());
  CHECK(layout->config.find("model_type")->text() == "rwkv");
  CHECK(integer(layout->config, "vocab_size") == 270);
  CHECK(integer(layout->config, "hidden_size") == 32);
  CHECK(integer(layout->config, "num_hidden_layers") == 3);
  CHECK(integer(layout->config, "attention_hidden_size") == 40);
  CHECK(integer(layout->config, "intermediate_size") == 96);
  CHECK(layout->tensors.find("rwkv.blocks.0.feed_forward.key.weight"));
  auto later = kRwkv;
  later[1].second = {4, 10};
  auto refused = hugging_face_layout(std::nullopt, "config.json", table_of(later));
  REQUIRE(!refused);
  CHECK(refused.error().code == Code::unsupported);
  CHECK(refused.error().field == "blocks.0.att.time_decay");
  auto bare = table_of({{"emb.weight", {270}}, {"blocks.0.att.time_decay", {40}}});
  CHECK(hugging_face_layout(std::nullopt, "config.json", std::move(bare)).error().others.size() > 0);
}

TEST_CASE("layouts: weights without a configuration are refused, and so are two names of one tensor") {
  auto layout = hugging_face_layout(std::nullopt, "config.json", table_of({{"x", {1}}}));
  REQUIRE(!layout);
  CHECK(layout.error().code == Code::missing);
  CHECK(layout.error().field == "config.json");
  auto twice =
      renamed(table_of({{"backbone.embedding.weight", {1}}, {"backbone.embeddings.weight", {1}}}), name_from_state_spaces);
  REQUIRE(!twice);
  CHECK(twice.error().code == Code::duplicate);
}

TEST_CASE("layouts: a .pth of RWKV-4 needs no configuration beside it; other weights do") {
  const Folder folder;
  std::vector<std::pair<std::string, std::string>> tensors;
  for (const auto& [name, shape] : kRwkv) {
    pickled::Tensor tensor{.count = 8640, .shape = shape, .strides = std::vector<std::int64_t>(shape.size(), 1)};
    std::int64_t step = 1;
    for (std::size_t i = shape.size(); i-- > 0; step *= shape[i]) tensor.strides[i] = step;
    tensors.emplace_back(name, tensor.text());
  }
  const std::string path =
      folder.put("RWKV-4.pth", torch_image(pickled::whole(pickled::dict(tensors)), {std::string(4 * 8640, '\0')}));
  auto checkpoint = open_checkpoint(path);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error().text());
  CHECK(checkpoint->model_type == "rwkv");
  CHECK(checkpoint->tensors->find("rwkv.embeddings.weight"));
  const std::string other =
      folder.put("x.bin", torch_image(pickled::whole(pickled::dict({{"x", pickled::Tensor{}.text()}})), {std::string(24, '\0')}));
  CHECK(open_checkpoint(other).error().field == "config.json");
}
