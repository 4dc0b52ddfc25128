#pragma once
// How GGUF names the keys and tensors of the families the lab knows. Source: gguf-py/gguf/constants.py and
// convert_hf_to_gguf.py of github.com/ggml-org/llama.cpp.
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lab {

/// How a key's value becomes a field of the configuration.
enum class Take : std::uint8_t {
  integer,           // must be there
  number,            // must be there
  optional_integer,  // left out where it is absent
  optional_number,
  multiplier,  // absent or 0 means off, and the field is left out
  derived,     // made by hand from this key, which is named when the field is wrong
};

struct KeyRule {
  const char* key;    // without the architecture's name in front
  const char* field;  // of config.json
  Take take = Take::integer;
};

/// What changes about a shape: the data stays where it is.
enum class Reshape : std::uint8_t { none, conv, flat };  // conv: [C, K] to [C, 1, K]

struct TensorRule {
  const char* stored;  // "ssm_in.weight"
  const char* name;    // "in_proj.weight"
  Reshape reshape = Reshape::none;
};

/// Tensors whose Hugging Face names begin alike, as "mixer.".
struct TensorGroup {
  const char* prefix;
  std::span<const TensorRule> rules;
};

struct GgufArchitecture {
  const char* name;        // general.architecture
  const char* model_type;  // config.json's
  const char* block;       // "backbone.layers." for "blk."
  std::span<const KeyRule> keys;
  std::span<const TensorRule> outside;  // of all blocks
  std::span<const TensorGroup> in_blocks;
  bool has_attention = false;  // the rows of q and k are permuted for the rotation of adjacent pairs
};

const GgufArchitecture* find_architecture(std::string_view name);
/// "mamba, mamba2": for messages.
std::string architecture_names();

/// A tensor in the words of Hugging Face. `block` is -1 outside the blocks.
struct TensorName {
  std::string name;
  std::int64_t block = -1;
  Reshape reshape = Reshape::none;
};
std::optional<TensorName> hugging_face_name(const GgufArchitecture& architecture, std::string_view stored);

/// The other way: what a file of this architecture calls a field of config.json or a tensor. Unknown names stay.
std::string stored_name(const GgufArchitecture& architecture, const std::string& name);

}  // namespace lab
