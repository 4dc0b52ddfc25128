#include "bench/folder.h"

#include <unistd.h>

#include "model/files/file.h"
#include "model/files/safetensors.h"

namespace lab::bench {
namespace {

namespace fs = std::filesystem;

// A configuration is one flat object of texts, numbers and flags.
std::string text_of(const Json& object) {
  std::string text;
  for (const auto& [name, value] : object.members()) {
    text.append(text.empty() ? "{\"" : ", \"").append(name).append("\": ");
    if (value.is_string()) text.append("\"").append(value.text()).append("\"");
    else if (const auto flag = value.boolean()) text.append(*flag ? "true" : "false");
    else text.append(value.text());
  }
  return text + "}";
}

}  // namespace

Result<std::unique_ptr<const CheckpointFolder>> CheckpointFolder::write(const Subject& subject) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedSubject> opened, open_subject(subject));
  const fs::path path = fs::temp_directory_path() / ("statelab-bench-" + std::to_string(::getpid()));
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error{.code = Code::environment, .file = path.string(), .found = error.message(), .message = "a folder cannot be made here"};
  std::unique_ptr<const CheckpointFolder> folder(new CheckpointFolder(path));
  std::vector<TensorToWrite> tensors;
  for (const TensorView& tensor : opened->checkpoint.tensors->all())
    tensors.push_back({.name = tensor.name, .dtype = tensor.dtype, .shape = tensor.shape, .data = tensor.data});
  LAB_TRY(write_file_atomically((path / "config.json").string(), text_of(*opened->checkpoint.config)));
  LAB_TRY(write_safetensors((path / "model.safetensors").string(), tensors, {}));
  return folder;
}

CheckpointFolder::~CheckpointFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace lab::bench
