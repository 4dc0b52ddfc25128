#include "model/families/llama/llama.h"

#include "model/families/attention/attention.h"
#include "model/families/feed_forward/feed_forward.h"

namespace lab::llama {
namespace {

feed_forward::Names names_of(const std::string& layer) {
  return {layer + "mlp.gate_proj", layer + "mlp.up_proj", "", layer + "mlp.down_proj"};
}

class Llama final : public Architecture {
 public:
  Llama(const attention::Config& attention, const feed_forward::Config& feed_forward, Stream around)
      : attention_(attention), feed_forward_(feed_forward) {
    stream = std::move(around);
  }

  void expect_layer(std::int64_t layer, const TensorTable& table, std::vector<Expected>& expected) const override {
    const std::string p = stream.prefix(layer);
    expected.push_back({p + "input_layernorm.weight", {stream.hidden}});
    expected.push_back({p + "post_attention_layernorm.weight", {stream.hidden}});
    attention::expect_mixer(attention_, p + "self_attn.", expected);
    feed_forward::expect_unit(feed_forward_, names_of(p), table, expected);
  }
  LayerSchema layer_schema(std::int64_t) const override { return attention::layer_schema(attention_); }
  LayerInfo layer_info(std::int64_t) const override {
    LayerInfo info = attention::layer_info(attention_);
    for (PointShape& point : feed_forward::points(feed_forward_)) info.points.push_back(std::move(point));
    return info;
  }
  void describe(ModelInfo& info) const override {
    info.family = "llama";
    info.title = "Llama";
    info.heads = attention_.heads;
    info.head_dim = attention_.head_dim;
  }
  void make(const TensorTable& table, std::int64_t layer, Block<float>& block) const override { make_block(table, layer, block); }
  void make(const TensorTable& table, std::int64_t layer, Block<double>& block) const override { make_block(table, layer, block); }

 private:
  template <class Real>
  void make_block(const TensorTable& table, std::int64_t layer, Block<Real>& block) const {
    const std::string p = stream.prefix(layer);
    attention::Config attention = attention_;
    for (const double divisor : vector_of<double>(table, "rope_freqs.weight")) attention.divisors.push_back(divisor);
    block.norm1 = read_norm<Real>(table, p + "input_layernorm", stream.epsilon);
    block.mixer = std::make_unique<attention::Mixer<Real>>(attention, table, p + "self_attn.");
    block.norm2 = read_norm<Real>(table, p + "post_attention_layernorm", stream.epsilon);
    block.feed_forward = std::make_unique<feed_forward::Network<Real>>(feed_forward_, table, names_of(p), "");
  }

  const attention::Config attention_;
  const feed_forward::Config feed_forward_;
};

}  // namespace

std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems) {
  ConfigReader read(json, problems);
  Stream stream{.embedding = "model.embed_tokens", .final_norm = "model.norm", .layer_prefix = "model.layers."};
  stream.hidden = read.integer("hidden_size", 4096);
  stream.layers = read.integer("num_hidden_layers", 32, 1, 4096);
  stream.vocabulary = read.integer("vocab_size", 32000);
  stream.epsilon = read.number("rms_norm_eps", 1e-6, 0, 1);
  stream.tied = read.boolean("tie_word_embeddings", false);
  read.one_of("hidden_act", "silu", {"silu", "swish"});
  attention::Config attention = attention::read_config(read, stream.hidden);
  attention::read_rotation(read, attention);
  feed_forward::Config feed_forward{.hidden = stream.hidden, .inner = read.integer("intermediate_size", 11008)};
  feed_forward.use_bias = read.boolean("mlp_bias", false);
  return std::make_unique<Llama>(attention, feed_forward, std::move(stream));
}

}  // namespace lab::llama
