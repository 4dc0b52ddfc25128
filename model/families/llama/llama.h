#pragma once
// Llama. Source: Touvron et al., "LLaMA" (2023), and the Hugging Face class LlamaForCausalLM: attention with rotary positions
// (see ../attention) and a gated feed-forward (see ../feed_forward).
#include <memory>
#include <vector>

#include "model/families/block.h"

namespace lab::llama {

/// Reads config.json; problems are appended.
std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems);

}  // namespace lab::llama
