#pragma once
// RWKV-4 as its author publishes it: a .pth of tensors without any configuration.
// Source: BlinkDL/RWKV-LM, RWKV-v4; names as in transformers' convert_rwkv_checkpoint_to_hf.py.
#include <string>
#include <string_view>
#include <vector>

#include "model/files/json.h"
#include "model/files/tensor_table.h"

namespace lab {

/// Whether the tensors have the original names.
bool is_rwkv4(const TensorTable& tensors);

/// The configuration that the shapes of the tensors tell. Later versions of RWKV are noted as unsupported.
Result<Json> config_from_rwkv4(const TensorTable& tensors, std::vector<Error>& problems);

/// "blocks.0.att.time_mix_k" -> "rwkv.blocks.0.attention.time_mix_key".
std::string name_from_rwkv4(std::string_view name);

}  // namespace lab
