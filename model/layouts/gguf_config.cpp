#include "model/layouts/gguf_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "model/base/check.h"

namespace lab {
namespace {

constexpr std::int64_t kMostLayers = 4096;  // as the families; a list of more could outgrow the limits of a configuration

// Reads keys below the architecture's name and writes fields of a JSON object.
class ConfigWriter {
 public:
  ConfigWriter(const Gguf& gguf, const GgufArchitecture& architecture, std::vector<Error>& problems)
      : gguf_(gguf), architecture_(architecture), problems_(problems) {}

  const GgufValue* find(const char* key) const { return gguf_.find(full(key)); }
  bool has(const char* tensor) const { return gguf_.tensors.find(tensor) != nullptr; }
  /// Whether some block holds a tensor of this name.
  bool has_in_blocks(const char* tensor) const {
    for (const TensorView& each : gguf_.tensors.all())
      if (each.name.ends_with(std::string(".") + tensor)) return true;
    return false;
  }
  /// A key that is asked for twice is told of once.
  void problem(Code code, const char* key, std::string expected, std::string found, const char* message) {
    Error error{.code = code,
                .field = full(key),
                .expected = std::move(expected),
                .found = std::move(found),
                .message = message};
    const auto same = [&](const Error& other) { return other.field == error.field && other.message == error.message; };
    if (std::none_of(problems_.begin(), problems_.end(), same)) problems_.push_back(std::move(error));
  }

  /// An integer; nothing where it is absent or, with a note, of another type.
  std::optional<std::int64_t> integer(const char* key, bool required) {
    const GgufValue* value = find(key);
    if (!value && required) problem(Code::missing, key, "an integer", "", "a key is missing");
    if (!value) return std::nullopt;
    const auto integer = value->integer();
    if (!integer) problem(Code::mismatch, key, "an integer", value->brief(), "the value is of another type");
    return integer;
  }
  /// A number in the fewest digits that read back the same: the decimal its author wrote, as 1e-05 where an f32 is stored.
  std::optional<std::string> number(const char* key, bool required) {
    const GgufValue* value = find(key);
    if (!value && required) problem(Code::missing, key, "a number", "", "a key is missing");
    if (!value) return std::nullopt;
    const auto number = value->number();
    if (number && std::isfinite(*number))
      return value->type() == GgufType::f32 ? shortest(static_cast<float>(*number)) : shortest(*number);
    problem(Code::mismatch, key, "a finite number", value->brief(), "the value is of another type");
    return std::nullopt;
  }
  bool boolean(const char* key, bool fallback) {
    const GgufValue* value = find(key);
    if (!value) return fallback;
    if (const auto boolean = value->boolean()) return *boolean;
    problem(Code::mismatch, key, "a boolean", value->brief(), "the value is of another type");
    return fallback;
  }

  void put(const char* field, const std::string& json) {
    text_.append(text_.empty() ? "{\"" : ", \"").append(field).append("\": ").append(json);
  }
  void put(const char* field, std::int64_t value) { put(field, std::to_string(value)); }
  void put(const char* field, bool value) { put(field, std::string(value ? "true" : "false")); }
  /// Text of ours: nothing in it needs escaping.
  void put_text(const char* field, const char* text) { put(field, "\"" + std::string(text) + "\""); }

  /// Every field that is one key.
  void take_keys() {
    for (const KeyRule& rule : architecture_.keys) take(rule);
  }

  Json finish() {
    auto json = parse_json(text_ + "}", {}, "config.json");
    LAB_CHECK(static_cast<bool>(json), ==, true);
    return json.take();
  }

  template <class Float>
  static std::string shortest(Float value) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
  }

 private:
  std::string full(const char* key) const { return std::string(architecture_.name) + "." + key; }
  void take(const KeyRule& rule) {
    if (rule.take == Take::integer || rule.take == Take::optional_integer) {
      if (const auto value = integer(rule.key, rule.take == Take::integer)) put(rule.field, *value);
    } else if (rule.take != Take::derived) {
      const auto value = number(rule.key, rule.take == Take::number);
      const bool off = value && rule.take == Take::multiplier && find(rule.key)->number() == 0.0;
      if (value && !off) put(rule.field, *value);
    }
  }

  const Gguf& gguf_;
  const GgufArchitecture& architecture_;
  std::vector<Error>& problems_;
  std::string text_;
};

// whole / parts where that is a whole number; otherwise nothing, with a note.
std::optional<std::int64_t> divided(ConfigWriter& config, const char* whole, const char* parts) {
  const auto dividend = config.integer(whole, false), divisor = config.integer(parts, false);
  if (!dividend || !divisor) return std::nullopt;  // noted by who needs them
  if (*divisor > 0 && *dividend % *divisor == 0) return *dividend / *divisor;
  if (*divisor <= 0)
    config.problem(Code::out_of_range, parts, "an integer from 1", std::to_string(*divisor), "a size cannot be");
  else
    config.problem(Code::mismatch, whole, std::string("a multiple of ") + parts + " = " + std::to_string(*divisor),
                   std::to_string(*dividend), "two sizes disagree");
  return std::nullopt;
}

void add_common(ConfigWriter& config, const Gguf& gguf) {
  const TensorView* embedding = gguf.tensors.find("token_embd.weight");
  if (const auto vocabulary = config.integer("vocab_size", !embedding))
    config.put("vocab_size", *vocabulary);
  else if (embedding)
    config.put("vocab_size", embedding->shape[0]);
  config.put("tie_word_embeddings", !config.has("output.weight"));
}

// llama.cpp norms the time step, B and C with the epsilon of the layers; GGUF has no key for another one.
void add_mamba1(ConfigWriter& config, bool falcon) {
  if (!falcon) return;
  if (const auto epsilon = config.number("attention.layer_norm_rms_epsilon", false))
    config.put("mixer_rms_eps", *epsilon);
}

// Heads of a Mamba-2 mixer; the key of the time step's rank counts them.
void add_heads(ConfigWriter& config, const char* head_dim, const char* expand) {
  if (!config.integer("ssm.inner_size", true)) return;
  if (const auto width = divided(config, "ssm.inner_size", "ssm.time_step_rank")) config.put(head_dim, *width);
  if (const auto times = divided(config, "ssm.inner_size", "embedding_length")) config.put(expand, *times);
}

// Width of an attention head. The rotation turns all of it.
std::optional<std::int64_t> add_head_dim(ConfigWriter& config, bool rotates) {
  const auto given = config.integer("attention.key_length", false);
  const auto width = given ? given : divided(config, "embedding_length", "attention.head_count");
  if (!width) return std::nullopt;
  config.put("head_dim", *width);
  for (const char* key : {"attention.value_length", "rope.dimension_count"})
    if (const auto other = config.integer(key, false);
        other && *other != *width && (rotates || key != std::string_view("rope.dimension_count")))
      config.problem(Code::unsupported, key, std::to_string(*width) + ", the width of a head", std::to_string(*other),
                     "heads of this form are not supported");
  return width;
}

// Scaled positions are passed on in the form of Hugging Face; the family says which it can do.
void add_rope_scaling(ConfigWriter& config) {
  const GgufValue* type = config.find("rope.scaling.type");
  const auto factor =
      config.number(config.find("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear", false);
  const std::string_view name = type ? type->string().value_or("?") : factor && *factor != "1" ? "linear" : "none";
  if (name == "none") return;
  for (const char* known : {"linear", "yarn", "longrope"})
    if (name == known)
      return config.put("rope_scaling",
                        "{\"rope_type\": \"" + std::string(known) + "\", \"factor\": " + factor.value_or("1") + "}");
  config.problem(Code::unsupported, "rope.scaling.type", "none, linear, yarn or longrope", type->brief(),
                 "positions of this kind are not supported");
}

void add_llama(ConfigWriter& config) {
  add_head_dim(config, true);
  add_rope_scaling(config);
  if (const auto experts = config.integer("expert_count", false); experts && *experts != 0)
    config.problem(Code::unsupported, "expert_count", "0", std::to_string(*experts),
                   "experts are not supported in this architecture");
  config.put("mlp_bias", config.has_in_blocks("ffn_gate.bias"));
}

// The heads of keys and values, a number for each layer: 0 marks a Mamba layer.
void add_layers(ConfigWriter& config) {
  const char* key = "attention.head_count_kv";
  const GgufValue* value = config.find(key);
  const auto layers = config.integer("block_count", false);
  if (!layers) return;
  if (*layers > kMostLayers)
    return config.problem(Code::out_of_range, "block_count", "an integer up to " + std::to_string(kMostLayers),
                          std::to_string(*layers), "a size cannot be");
  const std::vector<GgufValue> items = value ? value->items() : std::vector<GgufValue>{};
  if (items.size() != static_cast<std::size_t>(*layers))
    return config.problem(value ? Code::mismatch : Code::missing, key,
                          "an array of " + std::to_string(*layers) + " integers, one a layer",
                          value ? value->brief() : "", "the kinds of the layers are not told");
  std::int64_t heads = 0;
  std::string types;
  for (const GgufValue& item : items) {
    const std::int64_t here = item.integer().value_or(-1);
    if (here < 0 || (here > 0 && heads > 0 && here != heads))
      return config.problem(Code::mismatch, key, heads > 0 ? "0 or " + std::to_string(heads) : "an integer from 0",
                            item.brief(), "the layers' heads cannot be");
    heads = std::max(heads, here);
    types.append(types.empty() ? "" : ", ").append(here > 0 ? "\"attention\"" : "\"mamba\"");
  }
  config.put("layer_types", "[" + types + "]");
  if (heads > 0) config.put("num_key_value_heads", heads);
}

void add_granite(ConfigWriter& config) {
  add_heads(config, "mamba_d_head", "mamba_expand");
  add_layers(config);
  // Absent, the rotation is on: the key only switches it off.
  const bool rotates = config.boolean("rope.scaling.finetuned", true);
  config.put_text("position_embedding_type", rotates ? "rope" : "nope");
  const auto width = add_head_dim(config, rotates);
  const auto scale = config.number("attention.scale", false);
  if (scale && config.find("attention.scale")->number() != 0.0)
    config.put("attention_multiplier", *scale);
  else if (width && *width > 0)
    config.put("attention_multiplier", ConfigWriter::shortest(1 / std::sqrt(static_cast<double>(*width))));
  const std::int64_t experts = config.integer("expert_count", false).value_or(0);
  config.put("num_local_experts", experts);
  config.put("num_experts_per_tok", config.integer("expert_used_count", experts != 0).value_or(0));
  if (const auto shared =
          config.integer(experts != 0 ? "expert_shared_feed_forward_length" : "feed_forward_length", experts != 0))
    config.put("shared_intermediate_size", *shared);
  config.put("mamba_conv_bias", config.has_in_blocks("ssm_conv1d.bias"));
}

}  // namespace

Json gguf_config(const Gguf& gguf, const GgufArchitecture& architecture, std::vector<Error>& problems) {
  ConfigWriter config(gguf, architecture, problems);
  const std::string_view type = architecture.model_type;
  const bool falcon = type == "mamba" && config.boolean("ssm.dt_b_c_rms", false);
  config.put_text("model_type", falcon ? "falcon_mamba" : architecture.model_type);
  add_common(config, gguf);
  config.take_keys();
  if (type == "mamba") add_mamba1(config, falcon);
  if (type == "mamba2") add_heads(config, "head_dim", "expand");
  if (type == "llama") add_llama(config);
  if (type == "granitemoehybrid") add_granite(config);
  if (architecture.has_attention) {
    config.put("qk_rows_interleaved", true);
    config.put("attention_bias", config.has_in_blocks("attn_q.bias"));
  } else {
    config.put("use_conv_bias", config.has_in_blocks("ssm_conv1d.bias"));
  }
  return config.finish();
}

}  // namespace lab
