#include "model/layouts/state_spaces.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "model/files/config_reader.h"

namespace lab {
namespace {

using Members = nlohmann::ordered_json;

// Where the two dialects keep a size, and what it is when they do not say.
struct Size {
  const char* name;
  std::int64_t fallback;
};
struct Dialect {
  Size hidden, layers, vocabulary, padding, state, heads_of, groups;
  bool tied;
};
constexpr Dialect kStateSpaces{.hidden = {"d_model", 2560},
                               .layers = {"n_layer", 64},
                               .vocabulary = {"vocab_size", 50277},
                               .padding = {"pad_vocab_size_multiple", 8},
                               .state = {"d_state", 128},
                               .heads_of = {"headdim", 64},
                               .groups = {"ngroups", 1},
                               .tied = true};
constexpr Dialect kCodestral{.hidden = {"dim", 4096},
                             .layers = {"n_layers", 64},
                             .vocabulary = {"vocab_size", 32768},
                             .padding = {"pad_vocab_size_multiple", 1},
                             .state = {"state_size", 128},
                             .heads_of = {"head_dim", 64},
                             .groups = {"n_groups", 8},
                             .tied = false};

// Infinity as the tagged word that config files may hold.
Members json_of(const Json& json) {
  const auto value = json.number();
  if (!value) return nullptr;
  if (std::isfinite(*value)) return *value;
  return {{"__float__", std::isnan(*value) ? "NaN" : *value > 0 ? "Infinity" : "-Infinity"}};
}

void read_mamba1(ConfigReader& layer, Members& out) {
  out["model_type"] = "mamba";
  out["state_size"] = layer.integer("d_state", 16);
  const Json* rank = layer.find("dt_rank");
  if (rank && !rank->is_null() && rank->text() != "auto") out["time_step_rank"] = layer.integer("dt_rank", 1);
}

void read_mamba2(const Dialect& words, ConfigReader& layer, Members& out) {
  out["model_type"] = "mamba2";
  out["state_size"] = layer.integer(words.state.name, words.state.fallback);
  const std::int64_t inner = out["expand"].get<std::int64_t>() * out["hidden_size"].get<std::int64_t>();
  const std::int64_t head_dim = layer.integer(words.heads_of.name, words.heads_of.fallback);
  if (inner % head_dim != 0)
    layer.problem(words.heads_of.name, "a divisor of expand * width = " + std::to_string(inner), std::to_string(head_dim));
  out["head_dim"] = head_dim;
  out["num_heads"] = inner / head_dim;
  out["n_groups"] = layer.integer(words.groups.name, words.groups.fallback);
  if (layer.integer("d_ssm", inner) != inner)
    layer.unsupported("d_ssm", std::to_string(inner), "a layer that is an MLP in part is not supported");
  if (layer.boolean("D_has_hdim", false)) layer.unsupported("D_has_hdim", "false", "a skip of each channel is not supported");
  if (!layer.boolean("rmsnorm", true)) layer.unsupported("rmsnorm", "true", "a layer without its norm is not supported");
  if (layer.boolean("norm_before_gate", false))
    layer.unsupported("norm_before_gate", "false", "a norm before the gate is not supported");
  if (const Json* limits = layer.find("dt_limit"); limits && !limits->is_null()) {
    out["time_step_limit"] = Members::array();
    for (const Json& limit : limits->items()) out["time_step_limit"].push_back(json_of(limit));
  }
}

// What the published files never have; HF's classes lack it too.
void refuse_hybrids(ConfigReader& read) {
  if (const Json* layers = read.find("attn_layer_idx"); layers && !layers->items().empty())
    read.unsupported("attn_layer_idx", "no attention layers", "hybrids with attention layers are not supported");
  if (read.integer("d_intermediate", 0, 0) > 0) read.unsupported("d_intermediate", "0", "layers with an MLP are not supported");
  if (!read.boolean("rms_norm", true)) read.unsupported("rms_norm", "true", "LayerNorm in place of RMSNorm is not supported");
}

}  // namespace

bool is_state_spaces(const Json& config) {
  const Json* type = config.find("model_type");
  const bool may_be = !type || type->text() == "mamba" || type->text() == "mamba2";
  return may_be && !config.find("hidden_size") && (config.find("d_model") || config.find("dim"));
}

Result<Json> config_from_state_spaces(const Json& original, const std::string& file, std::vector<Error>& problems) {
  const bool is_codestral = !original.find("d_model");
  const Dialect& words = is_codestral ? kCodestral : kStateSpaces;
  ConfigReader read(original, problems, file);
  const Json* inner = original.find("ssm_cfg");
  if (inner && !inner->is_object() && !inner->is_null()) read.problem("ssm_cfg", "an object", inner->brief());
  const bool has_layer = inner && inner->is_object();
  const Json nothing;
  const Json& place = has_layer ? *inner : is_codestral ? original : nothing;
  ConfigReader layer(place, problems, file, has_layer ? "ssm_cfg." : "");
  refuse_hybrids(read);

  Members out;
  out["hidden_size"] = read.integer(words.hidden.name, words.hidden.fallback);
  out["num_hidden_layers"] = read.integer(words.layers.name, words.layers.fallback, 1, 4096);
  const std::int64_t vocabulary = read.integer(words.vocabulary.name, words.vocabulary.fallback);
  const std::int64_t multiple = read.integer(words.padding.name, words.padding.fallback);
  out["vocab_size"] = (vocabulary + multiple - 1) / multiple * multiple;
  out["tie_word_embeddings"] = read.boolean("tie_embeddings", words.tied);
  out["layer_norm_epsilon"] = 1e-5;  // a constant of the original code
  out["expand"] = layer.integer("expand", 2, 1, 256);
  out["conv_kernel"] = layer.integer("d_conv", 4, 1, 64);
  out["use_bias"] = layer.boolean("bias", false);
  out["use_conv_bias"] = layer.boolean("conv_bias", true);
  const std::string kind = layer.one_of("layer", is_codestral ? "Mamba2" : "Mamba1", {"Mamba1", "Mamba2"});
  if (kind == "Mamba1")
    read_mamba1(layer, out);
  else
    read_mamba2(words, layer, out);
  return parse_json(out.dump(), {}, file);
}

std::string name_from_state_spaces(std::string_view name) {
  constexpr std::string_view model = "model.", backbone = "backbone.";
  std::string made(name);
  if (name.starts_with(model)) {
    const std::string_view rest = name.substr(model.size());
    const bool is_whole = rest.starts_with(backbone) || rest.starts_with("lm_head.");
    made = std::string(is_whole ? "" : backbone).append(rest);
  }
  return made == "backbone.embedding.weight" ? "backbone.embeddings.weight" : made;
}

}  // namespace lab
