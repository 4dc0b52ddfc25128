#include "model/layouts/layout.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "model/layouts/rwkv4.h"
#include "model/layouts/state_spaces.h"

namespace lab {
namespace {

bool is_mamba(const Json& config) {
  const Json* type = config.find("model_type");
  return type && (type->text() == "mamba" || type->text() == "mamba2" || type->text() == "falcon_mamba");
}

Result<Json> hugging_face_config(const std::optional<Json>& config, const std::string& config_file, const TensorTable& tensors) {
  if (config && !is_state_spaces(*config)) return *config;
  if (!config && !is_rwkv4(tensors))
    return Error{.code = Code::missing,
                 .file = config_file,
                 .field = "config.json",
                 .expected = "a config.json beside the weights",
                 .message = "the sizes of the model are not told",
                 .next = "Download the whole model folder"};
  std::vector<Error> problems;
  Result<Json> made = config ? config_from_state_spaces(*config, config_file, problems) : config_from_rwkv4(tensors, problems);
  if (!problems.empty()) return all_of(std::move(problems));
  return made;
}

}  // namespace

Result<TensorTable> renamed(TensorTable tensors, std::string (*name_of)(std::string_view)) {
  const auto same = [&](const TensorView& tensor) { return name_of(tensor.name) == tensor.name; };
  if (std::all_of(tensors.all().begin(), tensors.all().end(), same)) return tensors;
  TensorTable table;
  for (TensorView tensor : tensors.all()) {
    const std::string before = std::exchange(tensor.name, name_of(tensor.name));
    if (!table.add(tensor))
      return Error{.code = Code::duplicate,
                   .file = tensor.file,
                   .field = before,
                   .expected = "one tensor " + printable(tensor.name),
                   .found = before,
                   .message = "two names mean the same tensor"};
  }
  for (const auto& [key, value] : tensors.metadata()) table.add_metadata(key, value);
  table.take_over(std::move(tensors));
  return table;
}

Result<Translated> hugging_face_layout(const std::optional<Json>& config, const std::string& config_file, TensorTable tensors) {
  LAB_ASSIGN(Json made, hugging_face_config(config, config_file, tensors));
  if (is_mamba(made)) {
    LAB_ASSIGN(tensors, renamed(std::move(tensors), name_from_state_spaces));
  } else if (is_rwkv4(tensors)) {
    LAB_ASSIGN(tensors, renamed(std::move(tensors), name_from_rwkv4));
  }
  return Translated{std::move(made), std::move(tensors)};
}

}  // namespace lab
