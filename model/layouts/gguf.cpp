#include "model/layouts/gguf.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "model/layouts/gguf_config.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".gguf";
constexpr std::string_view kFirstPart = "-00001-of-";

bool begins_as_gguf(const fs::path& path) {
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "GGUF";
}

// The GGUF files of a folder, of a split model the first part; none where it holds weights in another container.
std::vector<fs::path> models_of(const fs::path& folder) {
  std::vector<fs::path> models;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string(), ending = entry.path().extension().string();
    if (ending == ".safetensors" || ending == ".bin") return {};
    const bool later_part = name.find("-of-") != name.npos && name.find(kFirstPart) == name.npos;
    if (ending == kEnding && !later_part) models.push_back(entry.path());
  }
  std::sort(models.begin(), models.end());
  return models;
}

Result<fs::path> model_file(const fs::path& given) {
  std::error_code ignored;
  if (!fs::is_directory(given, ignored)) return given;
  const std::vector<fs::path> models = models_of(given);
  if (models.size() == 1) return models.front();
  std::string names;
  for (const fs::path& model : models) names.append(names.empty() ? "" : ", ").append(model.filename().string());
  return Error{.code = Code::bad_argument,
               .file = given.string(),
               .expected = "one model",
               .found = names,
               .message = "the folder holds several GGUF models",
               .next = "Name the file"};
}

// The same bytes under another name and shape.
TensorView renamed(TensorView tensor, const TensorName& to) {
  tensor.name = to.name;
  if (to.reshape == Reshape::conv && tensor.shape.size() == 2) tensor.shape.insert(tensor.shape.begin() + 1, 1);
  if (to.reshape == Reshape::flat) tensor.shape = {tensor.elements()};
  return tensor;
}

TensorTable rename_tensors(const std::shared_ptr<const Gguf>& gguf, const GgufArchitecture& architecture,
                           const Json& config, std::vector<Error>& problems) {
  const Json* layers = config.find("num_hidden_layers");
  const std::int64_t blocks = layers ? layers->integer().value_or(0) : INT64_MAX;
  const std::string count_key = std::string(architecture.name) + ".block_count";
  const auto is_count = [&](const Error& problem) { return problem.field == count_key; };
  TensorTable table;
  table.keep_alive(gguf);
  for (const TensorView& tensor : gguf->tensors.all()) {
    const auto to = hugging_face_name(architecture, tensor.name);
    if (to && to->block >= blocks && std::any_of(problems.begin(), problems.end(), is_count)) continue;  // told once
    if (!to)
      problems.push_back({.code = Code::unsupported,
                          .file = tensor.file,
                          .field = tensor.name,
                          .expected = std::string("the tensors of a ") + architecture.name + " model",
                          .found = tensor.name,
                          .message = "a tensor of this name is not known"});
    else if (to->block >= blocks)
      problems.push_back({.code = Code::mismatch,
                          .file = tensor.file,
                          .field = count_key,
                          .expected = std::to_string(blocks) + " blocks",
                          .found = tensor.name,
                          .message = "the file holds more blocks than it counts"});
    else if (!table.add(renamed(tensor, *to)))
      problems.push_back({.code = Code::duplicate,
                          .file = tensor.file,
                          .field = tensor.name,
                          .expected = "each tensor once",
                          .found = to->name,
                          .message = "two tensors mean the same"});
  }
  return table;
}

Result<const GgufArchitecture*> architecture_of(const Gguf& gguf) {
  constexpr const char* key = "general.architecture";
  const GgufValue* value = gguf.find(key);
  const auto name = value ? value->string() : std::nullopt;
  if (!name)
    return Error{.code = value ? Code::malformed : Code::missing,
                 .field = key,
                 .expected = "a string such as \"mamba\"",
                 .found = value ? value->brief() : "",
                 .message = "the architecture of the model is not named"};
  if (const GgufArchitecture* architecture = find_architecture(*name)) return architecture;
  return Error{.code = Code::unsupported,
               .field = key,
               .expected = "one of " + architecture_names(),
               .found = std::string(*name),
               .message = "models of this architecture are not supported"};
}

// The path of a file that a problem may name plainly. Of a GGUF model only tensors know their part; all else is told of the
// (first) file.
std::string file_of(const Checkpoint& checkpoint, const std::string& plain) {
  const fs::path path = checkpoint.path;
  if (plain.find('/') != plain.npos) return plain;
  if (!checkpoint.gguf) return (path / plain).string();
  return (plain.ends_with(kEnding) ? path.parent_path() / plain : path).string();
}

}  // namespace

bool is_gguf(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return !models_of(path).empty();
  return fs::is_regular_file(path, ignored) && (path.ends_with(kEnding) || begins_as_gguf(path));
}

Result<Checkpoint> open_gguf_checkpoint(const std::string& given) {
  LAB_ASSIGN(const fs::path path, model_file(given));
  LAB_ASSIGN(std::shared_ptr<const Gguf> gguf, open_gguf(path.string()));
  return gguf_checkpoint(std::move(gguf), path.string());
}

Result<Checkpoint> gguf_checkpoint(std::shared_ptr<const Gguf> gguf, const std::string& given) {
  const fs::path path = given;
  auto architecture = architecture_of(*gguf);
  if (!architecture) {
    architecture.error().file = given;
    return architecture.error();
  }
  std::vector<Error> problems;
  const Json config = gguf_config(*gguf, **architecture, problems);
  const TensorTable tensors = rename_tensors(gguf, **architecture, config, problems);
  Checkpoint checkpoint{.path = path.string(),
                        .name = path.stem().string(),
                        .model_type = config.find("model_type")->text(),
                        .config = std::make_shared<const Json>(config),
                        .tensors = std::make_shared<const TensorTable>(tensors),
                        .warnings = gguf->tensors.warnings(),
                        .gguf = gguf};
  for (Error& problem : problems) problem.file = file_of(checkpoint, problem.file);
  if (!problems.empty()) return all_of(std::move(problems));
  for (const TensorView& tensor : tensors.all()) checkpoint.weight_bytes += tensor.bytes;
  note_rounding(checkpoint);
  return checkpoint;
}

void say_as_stored(const Checkpoint& checkpoint, Error& problem) {
  problem.file = file_of(checkpoint, problem.file);
  if (!checkpoint.gguf) return;
  if (const auto architecture = architecture_of(*checkpoint.gguf))
    problem.field = stored_name(**architecture, problem.field);
}

}  // namespace lab
