#include "model/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "model/base/hash.h"
#include "model/files/file.h"
#include "model/files/safetensors.h"
#include "model/files/shards.h"
#include "model/files/torch_file.h"
#include "model/layouts/gguf.h"
#include "model/layouts/layout.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr JsonLimits kConfigLimits{.bytes = 1 << 20, .depth = 16, .values = 100'000, .bare_non_finite = true};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// A model's folder, and the weights in it that were asked for; "" for those it has.
struct Place {
  fs::path folder, weights;
};

bool is_weights(const std::string& name) {
  for (const char* ending : {".bin", ".pt", ".pth", ".index.json"})
    if (name.ends_with(ending)) return true;
  return name == "model.safetensors" || name == "consolidated.safetensors";
}

Result<Place> find_model(const std::string& given) {
  std::error_code ignored;
  const fs::path path(given);
  const std::string name = path.filename().string();
  if (fs::is_directory(path, ignored)) return Place{path, {}};
  if (!is_there(path))
    return Error{.code = Code::not_found, .file = given, .expected = "a model folder", .message = "there is nothing at this path",
                 .next = "`statelab models` lists the built-in models"};
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (name == "config.json" || name == "params.json") return Place{folder, {}};
  if (is_weights(name)) return Place{folder, path};
  return Error{.code = Code::unsupported, .file = given, .expected = "a folder with config.json and model.safetensors",
               .message = "this is not a model folder"};
}

// The configuration as it was published: Hugging Face's or state-spaces' config.json, or Codestral's params.json.
std::string config_path(const Place& place) {
  const bool only_params = !is_there(place.folder / "config.json") && is_there(place.folder / "params.json");
  return (place.folder / (only_params ? "params.json" : "config.json")).string();
}

Result<std::optional<Json>> read_config(const Place& place) {
  const std::string path = config_path(place);
  if (!place.weights.empty() && !is_there(path)) return std::optional<Json>();  // the weights may tell all there is to know
  LAB_ASSIGN(Json config, read_json(path, kConfigLimits));
  return std::optional<Json>(std::move(config));
}

Result<std::string> find_weights(const Place& place) {
  if (!place.weights.empty()) return place.weights.string();
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
                           "consolidated.safetensors"})
    if (is_there(place.folder / name)) return (place.folder / name).string();
  return Error{.code = Code::missing, .file = place.folder.string(), .field = "model.safetensors",
               .expected = "a file model.safetensors or pytorch_model.bin, or an index of several", .message = "the folder holds no weights",
               .next = "Download the whole model folder"};
}

Result<std::string> read_model_type(const Json& config, const std::string& file) {
  const Json* type = config.find("model_type");
  if (type && type->is_string()) return type->text();
  return Error{.code = type ? Code::malformed : Code::missing, .file = file, .field = "model_type",
               .expected = "a string such as \"mamba\"", .found = type ? type->brief() : "", .message = "the family of the model is not named"};
}

// The folder's own name.
std::string name_of(const fs::path& folder) {
  std::error_code ignored;
  const fs::path full = fs::weakly_canonical(folder, ignored);
  return (full.has_filename() ? full : full.parent_path()).filename().string();
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

Result<TensorTable> open_weights(const std::string& path) {
  if (path.ends_with(".safetensors.index.json")) return open_shards(path, open_safetensors);
  if (path.ends_with(".index.json")) return open_shards(path, open_torch);
  return path.ends_with(".safetensors") ? open_safetensors(path) : open_torch(path);
}

Result<Checkpoint> open_checkpoint(const std::string& given) {
  if (is_gguf(given)) return open_gguf_checkpoint(given);
  LAB_ASSIGN(const Place place, find_model(given));
  LAB_ASSIGN(const auto published, read_config(place));
  const std::string config_file = config_path(place);
  LAB_ASSIGN(const std::string weights, find_weights(place));
  LAB_ASSIGN(TensorTable table, open_weights(weights));
  LAB_ASSIGN(Translated layout, hugging_face_layout(published, config_file, std::move(table)));

  Checkpoint checkpoint{.path = place.folder.string(), .name = name_of(place.folder), .warnings = layout.tensors.warnings(),
                        .weight_bytes = layout.tensors.stored_bytes()};
  LAB_ASSIGN(checkpoint.model_type, read_model_type(layout.config, config_file));
  checkpoint.config = std::make_shared<const Json>(std::move(layout.config));
  checkpoint.tensors = std::make_shared<const TensorTable>(std::move(layout.tensors));
  note_rounding(checkpoint);
  if (is_there(place.folder / "tokenizer.json")) checkpoint.tokenizer_path = (place.folder / "tokenizer.json").string();
  return checkpoint;
}

void note_rounding(Checkpoint& checkpoint) {
  std::size_t count = 0;
  std::string first;
  for (const TensorView& tensor : checkpoint.tensors->all())
    if (tensor.dtype == DType::f64 && count++ == 0) first = tensor.name;
  if (count > 0)
    checkpoint.warnings.push_back(std::to_string(count) + (count == 1 ? " tensor" : " tensors") + " of type F64, used as F32: " +
                                  printable(first) + (count > 1 ? " and others" : ""));
}

bool move_to_memory(const Checkpoint& checkpoint, const std::atomic<bool>& stop) {
  const auto move_all = [&](const TensorTable& table) { return std::ranges::all_of(table.files(), [&](const auto& file) { return file->move_to_memory(stop); }); };
  return move_all(*checkpoint.tensors) && (!checkpoint.gguf || move_all(checkpoint.gguf->tensors));
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
