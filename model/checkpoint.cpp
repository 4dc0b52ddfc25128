#include "model/checkpoint.h"

#include <algorithm>
#include <filesystem>

#include "model/base/hash.h"
#include "model/files/safetensors.h"
#include "model/layouts/gguf.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr JsonLimits kConfigLimits{.bytes = 1 << 20, .depth = 16, .values = 100'000, .bare_non_finite = true};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// The weights' file, or why this folder's weights cannot be opened.
Result<std::string> find_weights(const fs::path& folder) {
  if (is_there(folder / "model.safetensors")) return (folder / "model.safetensors").string();
  for (const char* other : {"model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"})
    if (is_there(folder / other))
      return Error{.code = Code::unsupported, .file = (folder / other).string(), .expected = "model.safetensors", .found = other,
                   .message = "weights in this container cannot be opened"};
  return Error{.code = Code::missing, .file = folder.string(), .field = "model.safetensors", .expected = "a file model.safetensors",
               .message = "the folder holds no weights", .next = "Download the whole model folder"};
}

void mix(std::uint64_t& hash, const std::string& text) { hash = hash_bytes(text.data(), text.size(), hash); }

// A value and all it holds; the order of an object's members says nothing.
void mix(std::uint64_t& hash, const Json& json) {
  mix(hash, json.kind_name());
  mix(hash, json.brief());
  for (const Json& item : json.items()) mix(hash, item);
  std::vector<const Json::Member*> members;
  for (const Json::Member& member : json.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  for (const Json::Member* member : members) {
    mix(hash, member->first);
    mix(hash, member->second);
  }
}

}  // namespace

Result<Checkpoint> open_checkpoint(const std::string& given) {
  if (is_gguf(given)) return open_gguf_checkpoint(given);
  std::error_code ignored;
  fs::path folder(given);
  if (fs::is_regular_file(folder, ignored) && (folder.filename() == "config.json" || folder.filename() == "model.safetensors"))
    folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
  if (!is_there(folder))
    return Error{.code = Code::not_found, .file = given, .expected = "a model folder", .message = "there is nothing at this path",
                 .next = "`statelab models` lists the built-in models"};
  if (!fs::is_directory(folder, ignored))
    return Error{.code = Code::unsupported, .file = given, .expected = "a folder with config.json and model.safetensors",
                 .message = "this is not a model folder"};

  Checkpoint checkpoint{.path = folder.string()};
  const fs::path full = fs::weakly_canonical(folder, ignored);
  checkpoint.name = full.has_filename() ? full.filename().string() : full.parent_path().filename().string();
  LAB_ASSIGN(Json config, read_json((folder / "config.json").string(), kConfigLimits));
  const Json* type = config.find("model_type");
  if (!type || !type->is_string())
    return Error{.code = type ? Code::malformed : Code::missing, .file = (folder / "config.json").string(), .field = "model_type",
                 .expected = "a string such as \"mamba\"", .found = type ? type->brief() : "", .message = "the family of the model is not named"};
  checkpoint.model_type = type->text();
  LAB_ASSIGN(const std::string weights, find_weights(folder));
  LAB_ASSIGN(TensorTable tensors, open_safetensors(weights));
  for (const TensorView& tensor : tensors.all()) checkpoint.weight_bytes += tensor.bytes;
  checkpoint.warnings = tensors.warnings();
  checkpoint.config = std::make_shared<const Json>(std::move(config));
  checkpoint.tensors = std::make_shared<const TensorTable>(std::move(tensors));
  if (is_there(folder / "tokenizer.json")) checkpoint.tokenizer_path = (folder / "tokenizer.json").string();
  return checkpoint;
}

std::string content_hash(const Checkpoint& checkpoint, const std::atomic<bool>* stop) {
  std::uint64_t hash = 0;
  mix(hash, checkpoint.model_type);
  mix(hash, *checkpoint.config);
  for (const TensorView& tensor : checkpoint.tensors->all()) {
    if (stop && stop->load(std::memory_order_relaxed)) return {};
    mix(hash, tensor.name);
    mix(hash, std::string(name_of(tensor.dtype)) + shape_text(tensor.shape));
    hash = hash_bytes(tensor.data, tensor.bytes, hash);
  }
  return hex_of(hash);
}

}  // namespace lab
