#include "model/layouts/rwkv4.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace lab {
namespace {

constexpr std::string_view kBlocks = "blocks.";

// Parts of names, in the order in which they are looked for.
constexpr std::pair<std::string_view, std::string_view> kParts[] = {{".ln0.", ".pre_ln."},
                                                                    {".att.", ".attention."},
                                                                    {".ffn.", ".feed_forward."},
                                                                    {".time_mix_k", ".time_mix_key"},
                                                                    {".time_mix_v", ".time_mix_value"},
                                                                    {".time_mix_r", ".time_mix_receptance"}};

// One more than the largest number of a block, as far as the numbers are plausible.
std::int64_t count_blocks(const TensorTable& tensors) {
  std::int64_t count = 0;
  for (const TensorView& tensor : tensors.all()) {
    if (!tensor.name.starts_with(kBlocks)) continue;
    std::int32_t block = -1;
    std::from_chars(tensor.name.data() + kBlocks.size(), tensor.name.data() + tensor.name.size(), block);
    count = std::max(count, std::int64_t{block} + 1);
  }
  return count;
}

}  // namespace

bool is_rwkv4(const TensorTable& tensors) { return tensors.find("emb.weight") && tensors.find("blocks.0.att.time_decay"); }

Result<Json> config_from_rwkv4(const TensorTable& tensors, std::vector<Error>& problems) {
  const auto extent = [&](const char* name, std::size_t axis) -> std::int64_t {
    const TensorView* tensor = tensors.find(name);
    if (tensor && tensor->shape.size() == 2) return tensor->shape[axis];
    problems.push_back({.code = tensor ? Code::mismatch : Code::missing,
                        .file = tensors.all().front().file,
                        .field = name,
                        .expected = "a matrix",
                        .found = tensor ? shape_text(tensor->shape) : "",
                        .message = "the size of the model cannot be told"});
    return 1;
  };
  nlohmann::ordered_json out;
  out["model_type"] = "rwkv";
  out["vocab_size"] = extent("emb.weight", 0);
  out["hidden_size"] = extent("emb.weight", 1);
  out["num_hidden_layers"] = count_blocks(tensors);
  out["attention_hidden_size"] = extent("blocks.0.att.key.weight", 0);
  out["intermediate_size"] = extent("blocks.0.ffn.key.weight", 0);
  out["layer_norm_epsilon"] = 1e-5;  // PyTorch's default, which the original code keeps
  out["tie_word_embeddings"] = false;
  const TensorView* decay = tensors.find("blocks.0.att.time_decay");
  if (problems.empty() &&
      (decay->shape != std::vector{out["attention_hidden_size"].get<std::int64_t>()} || !tensors.find("blocks.0.att.time_mix_k")))
    problems.push_back({.code = Code::unsupported,
                        .file = decay->file,
                        .field = decay->name,
                        .expected = "RWKV-4: a decay for each channel",
                        .found = shape_text(decay->shape),
                        .message = "this is another version of RWKV"});
  return parse_json(out.dump(), {}, "config.json");
}

std::string name_from_rwkv4(std::string_view name) {
  if (name == "emb.weight") return "rwkv.embeddings.weight";
  if (name.starts_with("ln_out.")) return "rwkv." + std::string(name);
  if (!name.starts_with(kBlocks)) return std::string(name);
  std::string made = "rwkv." + std::string(name);
  for (const auto& [from, to] : kParts)
    if (const std::size_t at = made.find(from); at != made.npos) made.replace(at, from.size(), to);
  return made;
}

}  // namespace lab
