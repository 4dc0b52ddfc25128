#pragma once
// The configuration of a model in a GGUF file, written as the config.json that Hugging Face would have beside the weights.
#include <string>
#include <vector>

#include "model/files/gguf.h"
#include "model/files/json.h"
#include "model/layouts/gguf_architectures.h"

namespace lab {

/// Keys that are missing, of another type or contradictory are appended to `problems`, and their fields left out.
/// "model_type" is "falcon_mamba" where the file says so. Beside the fields of Hugging Face, `qk_rows_interleaved` is true
/// where the rows of q and k were permuted for the rotation of adjacent pairs.
Json gguf_config(const Gguf& gguf, const GgufArchitecture& architecture, std::vector<Error>& problems);

}  // namespace lab
