#pragma once
// Mamba as its authors publish it, and Codestral Mamba's own release, which is the same with other words.
// Source: state-spaces/mamba, mamba_ssm/models/config_mamba.py; mistralai/Mamba-Codestral-7B-v0.1, params.json.
#include <string>
#include <string_view>
#include <vector>

#include "model/files/json.h"

namespace lab {

/// Whether a configuration tells its width as `d_model` (state-spaces) or `dim` (Codestral) alone. Hugging Face's files
/// carry `d_model` as a left-over beside `hidden_size`, which counts.
bool is_state_spaces(const Json& config);

/// The same configuration in Hugging Face's words. Attention layers, MLPs and LayerNorm are noted as unsupported.
Result<Json> config_from_state_spaces(const Json& original, const std::string& file, std::vector<Error>& problems);

/// "backbone.embedding.weight", "model.layers.0.norm.weight" -> "backbone.embeddings.weight", "backbone.layers.0.norm.weight".
std::string name_from_state_spaces(std::string_view name);

}  // namespace lab
