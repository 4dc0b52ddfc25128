#pragma once
// Granite 4.0-H. Source: the Hugging Face class GraniteMoeHybridForCausalLM: layers of Mamba-2 (see ../mamba2) and of attention
// (see ../attention), each followed by a feed-forward with or without experts (see ../feed_forward), with four multipliers.
#include <memory>
#include <vector>

#include "model/families/block.h"

namespace lab::granite_h {

/// Reads config.json; problems are appended.
std::unique_ptr<Architecture> read(const Json& json, std::vector<Error>& problems);

}  // namespace lab::granite_h
