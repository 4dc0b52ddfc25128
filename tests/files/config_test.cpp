// Configurations against weights: every field that cannot be, and every disagreement, is refused by name.
#include <doctest/doctest.h>

#include <map>

#include "model/model.h"
#include "tests/files/support.h"

using namespace lab;
using namespace lab::test;

namespace {

using Fields = std::map<std::string, std::string>;  // as JSON text

const Fields kMamba1 = {{"model_type", "\"mamba\""},
                        {"hidden_size", "16"},
                        {"intermediate_size", "32"},
                        {"num_hidden_layers", "2"},
                        {"vocab_size", "40"},
                        {"expand", "2"},
                        {"state_size", "4"},
                        {"conv_kernel", "3"},
                        {"time_step_rank", "1"},
                        {"layer_norm_epsilon", "1e-5"},
                        {"tie_word_embeddings", "true"}};
const Fields kMamba2 = {{"model_type", "\"mamba2\""},
                        {"hidden_size", "16"},
                        {"num_hidden_layers", "2"},
                        {"vocab_size", "40"},
                        {"expand", "2"},
                        {"state_size", "4"},
                        {"conv_kernel", "3"},
                        {"num_heads", "4"},
                        {"head_dim", "8"},
                        {"n_groups", "2"},
                        {"layer_norm_epsilon", "1e-5"},
                        {"tie_word_embeddings", "true"}};

std::string json_of(const Fields& fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields)
    text.append(text.size() > 1 ? ", " : "").append("\"" + name + "\": " + value);
  return text + "}";
}

// A checkpoint whose tensors fit kMamba1 or kMamba2.
Checkpoint checkpoint_of(const Fields& fields) {
  const bool first = fields.at("model_type") == "\"mamba\"";
  auto made = random_checkpoint({.family = first ? "mamba1" : "mamba2",
                                 .hidden = 16,
                                 .vocabulary = 40,
                                 .state_size = 4,
                                 .conv_kernel = 3,
                                 .head_dim = 8,
                                 .groups = first ? 1 : 2});
  REQUIRE(made);
  return made.take();
}

Result<std::unique_ptr<const Model>> load_with(const Fields& fields) {
  Checkpoint checkpoint = checkpoint_of(fields);
  auto json = parse_json(json_of(fields), {.bare_non_finite = true}, "config.json");
  if (!json) return json.error();
  checkpoint.config = std::make_shared<const Json>(json.take());
  return load_model(checkpoint);
}

Fields with(Fields fields, const std::string& name, const std::string& value) {
  fields[name] = value;
  return fields;
}

void check(const Fields& fields, Code code, const std::string& field) {
  const auto model = load_with(fields);
  INFO(json_of(fields));
  REQUIRE(!model);
  CAPTURE(model.error().text());
  CHECK(name_of(model.error().code) == std::string(name_of(code)));
  CHECK(model.error().field == field);
}

bool is_number_field(const std::string& name) { return name != "model_type" && name != "tie_word_embeddings"; }

}  // namespace

TEST_CASE("config: the plain configurations load") {
  for (const Fields& fields : {kMamba1, kMamba2}) {
    const auto model = load_with(fields);
    REQUIRE_MESSAGE(model, model.error().text());
    CHECK((*model)->layers() == 2);
  }
}

TEST_CASE("config: every numeric field refuses what is no number of its range, by name [CF2]") {
  for (const Fields& fields : {kMamba1, kMamba2})
    for (const auto& [name, good] : fields) {
      if (!is_number_field(name)) continue;
      for (const char* bad :
           {"-1", "2147483648", "4294967312", "1e400", "\"2\"", "true", "[]", "{}", "NaN", "Infinity", "-Infinity"})
        check(with(fields, name, bad), Code::out_of_range, name);
      if (name == "layer_norm_epsilon") continue;
      for (const char* bad : {"0", "2.5", "1e1", "18446744073709551616"})
        check(with(fields, name, bad), Code::out_of_range, name);
    }
}

TEST_CASE("config: switches and words of another kind are refused by name") {
  for (const Fields& fields : {kMamba1, kMamba2}) {
    for (const char* name : {"tie_word_embeddings", "use_bias", "use_conv_bias"})
      for (const char* bad : {"1", "\"true\"", "[]", "{}"}) check(with(fields, name, bad), Code::out_of_range, name);
    for (const char* bad : {"\"gelu\"", "1", "[]"})
      check(with(fields, "hidden_act", bad), Code::out_of_range, "hidden_act");
  }
  check(with(kMamba1, "time_step_rank", "\"3\""), Code::out_of_range, "time_step_rank");
}

TEST_CASE("config: time step limits are two ordered numbers, the upper one perhaps infinite [CF1]") {
  for (const char* good : {"[0.0, Infinity]", "[0, {\"__float__\": \"Infinity\"}]", "[0.001, 0.1]", "null"})
    CHECK(load_with(with(kMamba2, "time_step_limit", good)));
  for (const char* bad : {"[0]", "[0, 1, 2]", "[1, 0]", "[1, 1]", "[-1, 1]", "[NaN, 1]", "[0, NaN]",
                          "[Infinity, Infinity]", "[\"0\", 1]", "0.1", "{}"})
    check(with(kMamba2, "time_step_limit", bad), Code::out_of_range, "time_step_limit");
  CHECK(load_with(with(kMamba2, "ignored", "[-Infinity, NaN]")));
}

TEST_CASE("config: a size that disagrees with the weights is refused with both [CF3]") {
  const std::string layer = "backbone.layers.0.";
  check(with(kMamba1, "hidden_size", "17"), Code::mismatch, "backbone.norm_f.weight");
  check(with(kMamba1, "intermediate_size", "48"), Code::mismatch, layer + "mixer.in_proj.weight");
  check(with(kMamba1, "state_size", "5"), Code::mismatch, layer + "mixer.x_proj.weight");
  check(with(kMamba1, "conv_kernel", "4"), Code::mismatch, layer + "mixer.conv1d.weight");
  check(with(kMamba1, "time_step_rank", "2"), Code::mismatch, layer + "mixer.x_proj.weight");
  check(with(kMamba1, "vocab_size", "41"), Code::mismatch, "backbone.embeddings.weight");
  check(with(kMamba2, "num_heads", "8"), Code::out_of_range, "num_heads");
  check(with(kMamba2, "head_dim", "4"), Code::out_of_range, "num_heads");
  check(with(with(kMamba2, "head_dim", "16"), "num_heads", "2"), Code::mismatch, layer + "mixer.in_proj.weight");
  check(with(kMamba2, "n_groups", "4"), Code::mismatch, layer + "mixer.in_proj.weight");
  check(with(kMamba2, "n_groups", "3"), Code::out_of_range, "n_groups");
  for (const Fields& fields : {kMamba1, kMamba2}) {
    check(with(fields, "num_hidden_layers", "3"), Code::missing, "backbone.layers.2.norm.weight");
    check(with(fields, "num_hidden_layers", "1"), Code::mismatch, "num_hidden_layers");
    check(with(fields, "tie_word_embeddings", "false"), Code::missing, "lm_head.weight");
    check(with(fields, "use_bias", "true"), Code::missing, layer + "mixer.in_proj.bias");
  }
  const auto model = load_with(with(kMamba1, "state_size", "5"));
  CHECK(model.error().expected == "[11, 32]");
  CHECK(model.error().found == "[9, 32]");
}

TEST_CASE("config: all problems are listed, not only the first") {
  Checkpoint checkpoint = checkpoint_of(kMamba1);
  checkpoint.config = std::make_shared<const Json>(
      parse_json(json_of(with(with(kMamba1, "hidden_size", "0"), "conv_kernel", "-1")), {}, "c").take());
  CHECK(validate(checkpoint).size() == 2);
  checkpoint.config =
      std::make_shared<const Json>(parse_json(json_of(with(kMamba1, "conv_kernel", "4")), {}, "c").take());
  CHECK(validate(checkpoint).size() == 2);  // one a layer
  CHECK(load_model(checkpoint).error().next.find("1 more") != std::string::npos);
}

TEST_CASE("config: what published files hold beside the needed loads [CF4, CF6]") {
  CHECK(load_with(with(kMamba1, "time_step_rank", "\"auto\"")));
  for (const char* name : {"time_step_rank", "intermediate_size", "layer_norm_epsilon", "use_bias", "use_conv_bias",
                           "hidden_act", "expand"})
    CHECK(load_with(with(kMamba1, name, "null")));
  CHECK(load_with(with(kMamba1, "d_model", "999")));
  CHECK(load_with(with(kMamba1, "auto_map", R"({"AutoModel": "code.py--Model"})")));
  CHECK(load_with(with(kMamba1, "chat_template", R"("{% for m in messages %}{{ os.system('x') }}{% endfor %}")")));
  const auto padded = load_with(with(kMamba1, "vocab_size", "37"));
  REQUIRE_MESSAGE(padded, padded.error().text());
  CHECK((*padded)->info().vocabulary == 40);
}

TEST_CASE("config: a family that is not known is refused by its own name") {
  Checkpoint checkpoint = checkpoint_of(kMamba1);
  checkpoint.model_type = "jamba";
  const auto model = load_model(checkpoint);
  REQUIRE(!model);
  CHECK(model.error().code == Code::unsupported);
  CHECK(model.error().field == "model_type");
  CHECK(model.error().found == "jamba");
}

TEST_CASE("weights: types that cannot be multiplied are refused by tensor") {
  Checkpoint checkpoint = checkpoint_of(kMamba1);
  auto table = std::make_shared<TensorTable>();
  for (TensorView tensor : checkpoint.tensors->all()) {
    if (tensor.name == "backbone.layers.1.mixer.D") tensor.dtype = DType::i32;
    table->add(tensor);
  }
  table->keep_alive(checkpoint.tensors);
  checkpoint.tensors = table;
  const auto model = load_model(checkpoint);
  REQUIRE(!model);
  CHECK(model.error().code == Code::unsupported);
  CHECK(model.error().field == "backbone.layers.1.mixer.D");
  CHECK(model.error().found == "I32");
}

TEST_CASE("weights: each tensor a family needs is missed by name") {
  for (const Fields& fields : {kMamba1, kMamba2}) {
    const Checkpoint whole = checkpoint_of(fields);
    for (const TensorView& missing : whole.tensors->all()) {
      Checkpoint checkpoint = whole;
      auto table = std::make_shared<TensorTable>();
      for (const TensorView& tensor : whole.tensors->all())
        if (tensor.name != missing.name) table->add(tensor);
      checkpoint.tensors = table;
      const auto problems = validate(checkpoint);
      REQUIRE(problems.size() == 1);
      CHECK(problems[0].code == Code::missing);
      CHECK(problems[0].field == missing.name);
    }
  }
}
