#include "model/layouts/gguf_architectures.h"

#include <charconv>

namespace lab {
namespace {

constexpr std::string_view kBlock = "blk.";

constexpr KeyRule kMamba1Keys[] = {{"vocab_size", "vocab_size", Take::derived},
                                   {"embedding_length", "hidden_size"},
                                   {"block_count", "num_hidden_layers"},
                                   {"ssm.inner_size", "intermediate_size"},
                                   {"ssm.state_size", "state_size"},
                                   {"ssm.conv_kernel", "conv_kernel"},
                                   {"ssm.time_step_rank", "time_step_rank"},
                                   {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon", Take::number},
                                   {"attention.layer_norm_rms_epsilon", "mixer_rms_eps", Take::derived}};

constexpr KeyRule kMamba2Keys[] = {{"vocab_size", "vocab_size", Take::derived},
                                   {"embedding_length", "hidden_size"},
                                   {"block_count", "num_hidden_layers"},
                                   {"ssm.inner_size", "head_dim", Take::derived},
                                   {"ssm.inner_size", "expand", Take::derived},
                                   {"ssm.state_size", "state_size"},
                                   {"ssm.conv_kernel", "conv_kernel"},
                                   {"ssm.time_step_rank", "num_heads"},
                                   {"ssm.group_count", "n_groups"},
                                   {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon", Take::number}};

constexpr KeyRule kLlamaKeys[] = {{"vocab_size", "vocab_size", Take::derived},
                                  {"embedding_length", "hidden_size"},
                                  {"block_count", "num_hidden_layers"},
                                  {"feed_forward_length", "intermediate_size"},
                                  {"context_length", "max_position_embeddings", Take::optional_integer},
                                  {"attention.head_count", "num_attention_heads"},
                                  {"attention.head_count_kv", "num_key_value_heads", Take::optional_integer},
                                  {"attention.key_length", "head_dim", Take::derived},
                                  {"attention.layer_norm_rms_epsilon", "rms_norm_eps", Take::number},
                                  {"rope.freq_base", "rope_theta", Take::optional_number},
                                  {"rope.scaling.type", "rope_scaling", Take::derived}};

constexpr KeyRule kGraniteKeys[] = {{"vocab_size", "vocab_size", Take::derived},
                                    {"embedding_length", "hidden_size"},
                                    {"block_count", "num_hidden_layers"},
                                    {"feed_forward_length", "intermediate_size"},
                                    {"feed_forward_length", "shared_intermediate_size", Take::derived},
                                    {"context_length", "max_position_embeddings", Take::optional_integer},
                                    {"expert_count", "num_local_experts", Take::derived},
                                    {"expert_used_count", "num_experts_per_tok", Take::derived},
                                    {"attention.head_count", "num_attention_heads"},
                                    {"attention.head_count_kv", "num_key_value_heads", Take::derived},
                                    {"attention.head_count_kv", "layer_types", Take::derived},
                                    {"attention.key_length", "head_dim", Take::derived},
                                    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", Take::number},
                                    {"attention.scale", "attention_multiplier", Take::derived},
                                    {"embedding_scale", "embedding_multiplier", Take::multiplier},
                                    {"residual_scale", "residual_multiplier", Take::multiplier},
                                    {"logit_scale", "logits_scaling", Take::multiplier},
                                    {"rope.freq_base", "rope_theta", Take::optional_number},
                                    {"rope.scaling.finetuned", "position_embedding_type", Take::derived},
                                    {"ssm.inner_size", "mamba_d_head", Take::derived},
                                    {"ssm.inner_size", "mamba_expand", Take::derived},
                                    {"ssm.state_size", "mamba_d_state"},
                                    {"ssm.conv_kernel", "mamba_d_conv"},
                                    {"ssm.time_step_rank", "mamba_n_heads"},
                                    {"ssm.group_count", "mamba_n_groups"}};

constexpr TensorRule kBackbone[] = {{"token_embd.weight", "backbone.embeddings.weight"},
                                    {"output_norm.weight", "backbone.norm_f.weight"},
                                    {"output.weight", "lm_head.weight"}};
constexpr TensorRule kDecoder[] = {{"token_embd.weight", "model.embed_tokens.weight"},
                                   {"output_norm.weight", "model.norm.weight"},
                                   {"output.weight", "lm_head.weight"},
                                   {"rope_freqs.weight", "rope_freqs.weight"}};

constexpr TensorRule kNorm[] = {{"attn_norm.weight", "norm.weight"}};
constexpr TensorRule kNorms[] = {{"attn_norm.weight", "input_layernorm.weight"},
                                 {"ffn_norm.weight", "post_attention_layernorm.weight"}};
constexpr TensorRule kMamba1Mixer[] = {{"ssm_in.weight", "in_proj.weight"},
                                       {"ssm_conv1d.weight", "conv1d.weight", Reshape::conv},
                                       {"ssm_conv1d.bias", "conv1d.bias"},
                                       {"ssm_x.weight", "x_proj.weight"},
                                       {"ssm_dt.weight", "dt_proj.weight"},
                                       {"ssm_dt.bias", "dt_proj.bias"},
                                       {"ssm_a", "A"},
                                       {"ssm_d", "D"},
                                       {"ssm_out.weight", "out_proj.weight"}};
constexpr TensorRule kMamba2Mixer[] = {{"ssm_in.weight", "in_proj.weight"},
                                       {"ssm_conv1d.weight", "conv1d.weight", Reshape::conv},
                                       {"ssm_conv1d.bias", "conv1d.bias"},
                                       {"ssm_dt.bias", "dt_bias"},
                                       {"ssm_a", "A", Reshape::flat},
                                       {"ssm_d", "D", Reshape::flat},
                                       {"ssm_norm.weight", "norm.weight", Reshape::flat},
                                       {"ssm_out.weight", "out_proj.weight"}};
constexpr TensorRule kAttention[] = {{"attn_q.weight", "q_proj.weight"},      {"attn_q.bias", "q_proj.bias"},
                                     {"attn_k.weight", "k_proj.weight"},      {"attn_k.bias", "k_proj.bias"},
                                     {"attn_v.weight", "v_proj.weight"},      {"attn_v.bias", "v_proj.bias"},
                                     {"attn_output.weight", "o_proj.weight"}, {"attn_output.bias", "o_proj.bias"}};
constexpr TensorRule kMlp[] = {{"ffn_gate.weight", "gate_proj.weight"}, {"ffn_gate.bias", "gate_proj.bias"},
                               {"ffn_up.weight", "up_proj.weight"},     {"ffn_up.bias", "up_proj.bias"},
                               {"ffn_down.weight", "down_proj.weight"}, {"ffn_down.bias", "down_proj.bias"}};
// The two halves of input_linear are separate tensors; beside experts the names say that this one is shared.
constexpr TensorRule kSharedMlp[] = {{"ffn_gate.weight", "gate.weight"},
                                     {"ffn_gate_shexp.weight", "gate.weight"},
                                     {"ffn_up.weight", "up.weight"},
                                     {"ffn_up_shexp.weight", "up.weight"},
                                     {"ffn_down.weight", "output_linear.weight"},
                                     {"ffn_down_shexp.weight", "output_linear.weight"}};
constexpr TensorRule kExperts[] = {{"ffn_gate_inp.weight", "router.layer.weight"},
                                   {"ffn_gate_exps.weight", "gate.weight"},
                                   {"ffn_up_exps.weight", "up.weight"},
                                   {"ffn_down_exps.weight", "output_linear.weight"}};

constexpr TensorGroup kMamba1Blocks[] = {{"", kNorm}, {"mixer.", kMamba1Mixer}};
constexpr TensorGroup kMamba2Blocks[] = {{"", kNorm}, {"mixer.", kMamba2Mixer}};
constexpr TensorGroup kLlamaBlocks[] = {{"", kNorms}, {"self_attn.", kAttention}, {"mlp.", kMlp}};
constexpr TensorGroup kGraniteBlocks[] = {{"", kNorms},
                                          {"mamba.", kMamba2Mixer},
                                          {"self_attn.", kAttention},
                                          {"shared_mlp.", kSharedMlp},
                                          {"block_sparse_moe.", kExperts}};

constexpr GgufArchitecture kArchitectures[] = {
    {"mamba", "mamba", "backbone.layers.", kMamba1Keys, kBackbone, kMamba1Blocks},
    {"mamba2", "mamba2", "backbone.layers.", kMamba2Keys, kBackbone, kMamba2Blocks},
    {"granitehybrid", "granitemoehybrid", "model.layers.", kGraniteKeys, kDecoder, kGraniteBlocks, true},
    {"llama", "llama", "model.layers.", kLlamaKeys, kDecoder, kLlamaBlocks, true}};

// "3.ssm_in.weight" as 3 and "ssm_in.weight". A number that is written otherwise is none.
std::optional<std::pair<std::int64_t, std::string_view>> split_block(std::string_view text) {
  std::int64_t block = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), block);
  if (error != std::errc() || block < 0) return std::nullopt;
  const std::string dotted = std::to_string(block) + ".";
  if (!text.starts_with(dotted)) return std::nullopt;
  return std::pair(block, text.substr(dotted.size()));
}

}  // namespace

const GgufArchitecture* find_architecture(std::string_view name) {
  for (const GgufArchitecture& each : kArchitectures)
    if (name == each.name) return &each;
  return nullptr;
}

std::string architecture_names() {
  std::string names;
  for (const GgufArchitecture& each : kArchitectures) names.append(names.empty() ? "" : ", ").append(each.name);
  return names;
}

std::optional<TensorName> hugging_face_name(const GgufArchitecture& architecture, std::string_view stored) {
  for (const TensorRule& rule : architecture.outside)
    if (stored == rule.stored) return TensorName{rule.name, -1, rule.reshape};
  if (!stored.starts_with(kBlock)) return std::nullopt;
  const auto split = split_block(stored.substr(kBlock.size()));
  if (!split) return std::nullopt;
  for (const TensorGroup& group : architecture.in_blocks)
    for (const TensorRule& rule : group.rules)
      if (split->second == rule.stored)
        return TensorName{architecture.block + std::to_string(split->first) + "." + group.prefix + rule.name,
                          split->first, rule.reshape};
  return std::nullopt;
}

std::string stored_name(const GgufArchitecture& architecture, const std::string& name) {
  if (name == "model_type") return "general.architecture";
  for (const KeyRule& rule : architecture.keys)
    if (name == rule.field) return std::string(architecture.name) + "." + rule.key;
  for (const TensorRule& rule : architecture.outside)
    if (name == rule.name) return rule.stored;
  const std::string_view block = architecture.block;
  const auto split = name.starts_with(block) ? split_block(std::string_view(name).substr(block.size())) : std::nullopt;
  if (!split) return name;
  for (const TensorGroup& group : architecture.in_blocks)
    for (const TensorRule& rule : group.rules)
      if (split->second == std::string(group.prefix) + rule.name)
        return std::string(kBlock) + std::to_string(split->first) + "." + rule.stored;
  return name;
}

}  // namespace lab
