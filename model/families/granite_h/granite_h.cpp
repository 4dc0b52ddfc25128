#include "model/families/granite_h/granite_h.h"

#include <utility>

#include "model/families/attention/attention.h"
#include "model/families/feed_forward/feed_forward.h"
#include "model/families/mamba2/mamba2.h"

namespace lab::granite_h {
namespace {

struct Config {
  mamba2::Config mamba;
  attention::Config attention;
  feed_forward::Config feed_forward;
  std::vector<bool> is_attention;  // by layer
};

feed_forward::Names names_of(const std::string& layer) {
  return {layer + "shared_mlp.gate", layer + "shared_mlp.up", layer + "shared_mlp.input_linear", layer + "shared_mlp.output_linear"};
}
std::string experts_of(const std::string& layer) { return layer + "block_sparse_moe."; }

class GraniteH final : public Architecture {
 public:
  GraniteH(Config config, Stream around) : c_(std::move(config)) { stream = std::move(around); }

  void expect_layer(std::int64_t layer, const TensorTable& table, std::vector<Expected>& expected) const override {
    const std::string p = stream.prefix(layer);
    expected.push_back({p + "input_layernorm.weight", {stream.hidden}});
    expected.push_back({p + "post_attention_layernorm.weight", {stream.hidden}});
    if (is_attention(layer)) attention::expect_mixer(c_.attention, p + "self_attn.", expected);
    else mamba2::expect_mixer(c_.mamba, p + "mamba.", expected);
    feed_forward::expect_unit(c_.feed_forward, names_of(p), table, expected);
    if (c_.feed_forward.experts > 0) feed_forward::expect_experts(c_.feed_forward, experts_of(p), table, expected);
  }
  LayerSchema layer_schema(std::int64_t layer) const override {
    return is_attention(layer) ? attention::layer_schema(c_.attention) : mamba2::layer_schema(c_.mamba);
  }
  LayerInfo layer_info(std::int64_t layer) const override {
    LayerInfo info = is_attention(layer) ? attention::layer_info(c_.attention) : mamba2::layer_info(c_.mamba);
    for (PointShape& point : feed_forward::points(c_.feed_forward)) info.points.push_back(std::move(point));
    return info;
  }
  void describe(ModelInfo& info) const override {
    info.family = "granite_h";
    info.title = "Granite 4.0-H";
    mamba2::describe(c_.mamba, info);
  }
  void make(const TensorTable& table, std::int64_t layer, Block<float>& block) const override { make_block(table, layer, block); }
  void make(const TensorTable& table, std::int64_t layer, Block<double>& block) const override { make_block(table, layer, block); }

 private:
  bool is_attention(std::int64_t layer) const { return c_.is_attention[static_cast<std::size_t>(layer)]; }

  template <class Real>
  void make_block(const TensorTable& table, std::int64_t layer, Block<Real>& block) const {
    const std::string p = stream.prefix(layer);
    block.norm1 = read_norm<Real>(table, p + "input_layernorm", stream.epsilon);
    if (is_attention(layer)) block.mixer = std::make_unique<attention::Mixer<Real>>(c_.attention, table, p + "self_attn.");
    else block.mixer = std::make_unique<mamba2::Mixer<Real>>(c_.mamba, table, p + "mamba.");
    block.norm2 = read_norm<Real>(table, p + "post_attention_layernorm", stream.epsilon);
    block.feed_forward = std::make_unique<feed_forward::Network<Real>>(c_.feed_forward, table, names_of(p), experts_of(p));
  }

  const Config c_;
};

// "layer_types" (or "layers_block_type"), in either spelling of the two kinds.
std::vector<bool> read_layers(ConfigReader& read, std::int64_t layers) {
  std::vector<bool> kinds(static_cast<std::size_t>(layers), false);
  const char* name = read.find("layer_types") ? "layer_types" : "layers_block_type";
  const Json* list = read.find(name);
  if (!list || list->is_null()) return kinds;
  const std::string expected = std::to_string(layers) + " names, each mamba or attention";
  if (!list->is_array() || static_cast<std::int64_t>(list->items().size()) != layers) {
    read.problem(name, expected, list->is_array() ? std::to_string(list->items().size()) + " names" : list->brief());
    return kinds;
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const Json& kind = list->items()[i];
    const std::string text = kind.is_string() ? kind.text() : "";
    kinds[i] = text == "attention" || text == "full_attention";
    if (!kinds[i] && text != "mamba" && text != "linear_attention")
      read.problem((std::string(name) + "[" + std::to_string(i) + "]").c_str(), "mamba or attention", kind.brief());
  }
  return kinds;
}

mamba2::Config read_mamba(ConfigReader& read, const Stream& stream) {
  mamba2::Config c{.hidden = stream.hidden};
  c.heads = read.integer("mamba_n_heads", 128, 1, 1 << 16);
  const std::int64_t inner = read.integer("mamba_expand", 2, 1, 256) * stream.hidden;
  const Json* width = read.find("mamba_d_head");
  const bool automatic = !width || width->is_null() || (width->is_string() && width->text() == "auto");
  c.head_dim = automatic ? std::max<std::int64_t>(inner / c.heads, 1) : read.integer("mamba_d_head", 64, 1, 1 << 16);
  c.state_size = read.integer("mamba_d_state", 256, 1, 1 << 16);
  c.groups = read.integer("mamba_n_groups", 1, 1, 1 << 16);
  c.conv_kernel = read.integer("mamba_d_conv", 4, 1, 64);
  c.use_conv_bias = read.boolean("mamba_conv_bias", true);
  c.use_bias = read.boolean("mamba_proj_bias", false);
  c.epsilon = stream.epsilon;
  mamba2::read_limits(read, c);
  if (c.inner() != inner)
    read.problem("mamba_n_heads", "mamba_expand * hidden_size / mamba_d_head = " + std::to_string(inner) + " / " + std::to_string(c.head_dim),
                 std::to_string(c.heads));
  if (c.heads % c.groups != 0)
    read.problem("mamba_n_groups", "a divisor of mamba_n_heads = " + std::to_string(c.heads), std::to_string(c.groups));
  return c;
}

}  // namespace

std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems) {
  ConfigReader read(json, problems);
  Stream stream{.embedding = "model.embed_tokens", .final_norm = "model.norm", .layer_prefix = "model.layers."};
  stream.hidden = read.integer("hidden_size", 4096);
  stream.layers = read.integer("num_hidden_layers", 32, 1, 4096);
  stream.vocabulary = read.integer("vocab_size", 32000);
  stream.epsilon = read.number("rms_norm_eps", 1e-6, 0, 1);
  stream.tied = read.boolean("tie_word_embeddings", false);
  stream.embedding_multiplier = read.number("embedding_multiplier", 1, 1e-9, 1e9);
  stream.residual_multiplier = read.number("residual_multiplier", 1, 1e-9, 1e9);
  stream.logits_scaling = read.number("logits_scaling", 1, 1e-9, 1e9);
  read.one_of("hidden_act", "silu", {"silu", "swish"});
  read.one_of("normalization_function", "rmsnorm", {"rmsnorm"});

  Config c;
  c.is_attention = read_layers(read, stream.layers);
  c.mamba = read_mamba(read, stream);
  c.attention = attention::read_config(read, stream.hidden);
  c.attention.scale = read.number("attention_multiplier", 1, 1e-9, 1e9);
  const Json* position = read.find("position_embedding_type");
  if (position && position->is_string() && position->text() == "rope") attention::read_rotation(read, c.attention);
  c.feed_forward = {.hidden = stream.hidden, .inner = read.integer("shared_intermediate_size", 1024)};
  c.feed_forward.experts = read.integer("num_local_experts", 8, 0, 4096);
  if (c.feed_forward.experts > 0) {
    c.feed_forward.chosen = read.integer("num_experts_per_tok", 2, 1, c.feed_forward.experts);
    c.feed_forward.expert_inner = read.integer("intermediate_size", 11008);
  }
  return std::make_unique<GraniteH>(std::move(c), std::move(stream));
}

}  // namespace lab::granite_h
