#pragma once
// Other layouts of a model's configuration and names, brought to Hugging Face's, which is the only one the families know.
#include <optional>
#include <string>
#include <string_view>

#include "model/files/json.h"
#include "model/files/tensor_table.h"

namespace lab {

/// What a family reads.
struct Translated {
  Json config;
  TensorTable tensors;
};

/// Brings what was found to Hugging Face's layout; what is in it already stays as it is. Without a configuration only the
/// original RWKV-4 files are understood, whose sizes are those of their tensors. `config_file` names the configuration in
/// errors, which list every problem at once.
Result<Translated> hugging_face_layout(const std::optional<Json>& config, const std::string& config_file, TensorTable tensors);

/// The same tensors under the names that `name_of` makes of theirs. Two that become one are refused.
Result<TensorTable> renamed(TensorTable tensors, std::string (*name_of)(std::string_view));

}  // namespace lab
