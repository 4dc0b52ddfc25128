#include "model/state_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "model/base/hash.h"
#include "model/files/safetensors.h"

namespace lab {
namespace {

constexpr const char* kFormat = "statelab-state/1";
constexpr const char* kFormatFamily = "statelab-state/";
constexpr const char* kLayout = "conv_state [channels, K] oldest first; ssm_state as mix.h; kv [rows, Hkv, hd], keys after rotation";

std::string tensor_name(std::size_t layer, const std::string& tensor) {
  return "layers." + std::to_string(layer) + "." + tensor;
}

const char* long_name(DType type) {
  switch (type) {
    case DType::f64: return "float64";
    case DType::f32: return "float32";
    case DType::f16: return "float16";
    case DType::bf16: return "bfloat16";
    default: return name_of(type);
  }
}

template <class Real>
constexpr DType kStored = sizeof(Real) == 8 ? DType::f64 : DType::f32;

std::uint64_t hash_text(const std::string& text, std::uint64_t seed) {
  return hash_bytes(text.data(), text.size(), seed);
}

// Over everything a reader uses: the metadata but the checksum itself, in the order of its keys, then every tensor's
// name, type, shape and bytes in the order of the file.
template <class Tensors>
std::string checksum_of(std::vector<std::pair<std::string, std::string>> metadata, const Tensors& tensors) {
  std::sort(metadata.begin(), metadata.end());
  std::uint64_t hash = 0;
  for (const auto& [key, value] : metadata)
    if (key != "checksum") hash = hash_text(value, hash_text(key, hash));
  for (const auto& tensor : tensors) {
    hash = hash_text(name_of(tensor.dtype) + shape_text(tensor.shape), hash_text(tensor.name, hash));
    std::size_t bytes = size_of(tensor.dtype);
    for (std::int64_t extent : tensor.shape) bytes *= static_cast<std::size_t>(extent);
    hash = hash_bytes(tensor.data, bytes, hash);
  }
  return hex_of(hash);
}

// A state file that is sound in itself; whether it fits a model is asked later.
struct StateFile {
  TensorTable tensors;
  std::int64_t position = 0;
  bool has_lane_axis = false;
  std::vector<std::string> warnings;
};

Error refusal(Code code, const std::string& path, std::string field, std::string expected, std::string found,
              const char* message) {
  return {.code = code,
          .file = path,
          .field = std::move(field),
          .expected = std::move(expected),
          .found = std::move(found),
          .message = message};
}

Status check_format(const std::string& path, const TensorTable& table) {
  const std::string* format = table.metadata("format");
  if (format && *format == kFormat) return {};
  const bool newer = format && format->starts_with(kFormatFamily);
  return refusal(newer ? Code::unsupported : Code::wrong_kind, path, "__metadata__.format", kFormat,
                 format ? *format : "nothing",
                 newer ? "the state was written by another version" : "this is not a state file");
}

// A whole number >= 0 written in digits, or nothing.
std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Status read_metadata(const std::string& path, StateFile& file) {
  const TensorTable& table = file.tensors;
  if (const std::string* position = table.metadata("position")) {
    const auto value = whole_number(*position);
    if (!value)
      return refusal(Code::malformed, path, "__metadata__.position", "a number of tokens", *position,
                     "the position cannot be used");
    file.position = *value;
  } else {
    file.warnings.push_back("no position: the state counts as 0 tokens old");
  }
  if (const std::string* lanes = table.metadata("lanes")) {
    if (*lanes != "1")
      return refusal(whole_number(*lanes) ? Code::unsupported : Code::malformed, path, "__metadata__.lanes", "1",
                     *lanes, "only a state of one lane can be opened");
    file.has_lane_axis = true;
  }
  if (!table.metadata("model_type")) file.warnings.push_back("no model_type: only the shapes can be compared");
  const std::string* checksum = table.metadata("checksum");
  if (!checksum) {
    file.warnings.push_back("no checksum: damage would not be noticed");
    return {};
  }
  const std::string actual = checksum_of(table.metadata(), table.all());
  if (*checksum != actual)
    return refusal(Code::mismatch, path, "__metadata__.checksum", *checksum, actual, "the state file is damaged");
  return {};
}

// "layers.{i}.{name}".
bool is_state_name(std::string_view name) {
  if (!name.starts_with("layers.")) return false;
  name.remove_prefix(7);
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  const bool is_plain = digits == 1 || name[0] != '0';
  return digits > 0 && digits < 7 && is_plain && name.size() > digits + 1 && name[digits] == '.';
}

Status check_tensors(const std::string& path, const TensorTable& table) {
  if (table.all().empty())
    return refusal(Code::missing, path, "layers.0.ssm_state", "a state of at least one layer", "nothing",
                   "the state file is empty");
  for (const TensorView& tensor : table.all()) {
    if (!is_state_name(tensor.name))
      return refusal(Code::mismatch, path, tensor.name, "layers.{i}.ssm_state or the like", tensor.name,
                     "this tensor is not part of a state");
    if (tensor.dtype != DType::f32 && tensor.dtype != DType::f64 && tensor.dtype != DType::f16 &&
        tensor.dtype != DType::bf16)
      return refusal(Code::unsupported, path, tensor.name, "F32, F64, F16 or BF16", name_of(tensor.dtype),
                     "a state holds real numbers");
  }
  return {};
}

template <class Real>
Real value_at(const TensorView& tensor, std::size_t i) {
  const std::byte* at = tensor.data + i * size_of(tensor.dtype);
  if (tensor.dtype == DType::f64) {
    double value;
    std::memcpy(&value, at, sizeof value);
    return static_cast<Real>(value);
  }
  if (tensor.dtype == DType::f32) {
    float value;
    std::memcpy(&value, at, sizeof value);
    return static_cast<Real>(value);
  }
  std::uint16_t half;
  std::memcpy(&half, at, sizeof half);
  return static_cast<Real>(tensor.dtype == DType::f16 ? float_from_f16(half) : float_from_bf16(half));
}

// A number that no state holds many of: neither nothing nor of a size that models compute with.
bool is_extreme(double value) {
  const double size = std::fabs(value);
  return !std::isfinite(value) || (size != 0 && (size < 1e-18 || size > 1e18));
}

double swapped_value_at(const TensorView& tensor, std::size_t i) {
  const std::size_t size = size_of(tensor.dtype);
  std::byte bytes[8];
  std::reverse_copy(tensor.data + i * size, tensor.data + (i + 1) * size, bytes);
  return value_at<double>({.dtype = tensor.dtype, .data = bytes}, 0);
}

// Numbers written by a big-endian program have sizes all over the range as they stand, and sensible ones the other way round.
// F16 has no room for sizes that would tell.
Status check_byte_order(const std::string& path, const TensorTable& table) {
  std::int64_t values = 0, extreme = 0, extreme_swapped = 0;
  for (const TensorView& tensor : table.all()) {
    if (tensor.dtype == DType::f16) continue;
    for (std::size_t i = 0; i < static_cast<std::size_t>(tensor.elements()); ++i) {
      const double value = value_at<double>(tensor, i);
      if (value == 0) continue;
      ++values;
      extreme += is_extreme(value);
      extreme_swapped += is_extreme(swapped_value_at(tensor, i));
    }
  }
  if (values < 64 || extreme * 4 < values || extreme_swapped * 1000 > values) return {};
  return refusal(Code::mismatch, path, "byte order", "little-endian numbers", "big-endian ones", "the state was written in the other byte order");
}

Result<StateFile> open_state_file(const std::string& path) {
  StateFile file;
  LAB_ASSIGN(file.tensors, open_safetensors(path));
  LAB_TRY(check_format(path, file.tensors));
  LAB_TRY(read_metadata(path, file));
  LAB_TRY(check_tensors(path, file.tensors));
  if (!file.tensors.metadata("checksum")) LAB_TRY(check_byte_order(path, file.tensors));
  return file;
}

// What the file says of its model against the model that is asked for.
Status compare_model(const std::string& path, const StateSchema& schema, const std::string& model_hash,
                     StateFile& file) {
  const std::string *type = file.tensors.metadata("model_type"), *hash = file.tensors.metadata("model_hash");
  if (type && *type != schema.model_type())
    return refusal(Code::mismatch, path, "__metadata__.model_type", schema.model_type(), *type,
                   "the state belongs to another family of models");
  if (model_hash.empty()) return {};
  if (!hash)
    file.warnings.push_back("no model_hash: the state may come from another model of these shapes");
  else if (*hash != model_hash)
    return refusal(Code::mismatch, path, "__metadata__.model_hash", model_hash, *hash,
                   "the state belongs to another model");
  return {};
}

// Every tensor of the file must have its place in the schema, and every place its tensor.
// Rows of a tensor that grows: one a token since the beginning, or since it was last emptied.
bool fits_rows(const std::vector<std::int64_t>& shape, const TensorSchema& want, std::int64_t position) {
  return shape.size() == want.shape.size() + 1 && std::equal(want.shape.begin(), want.shape.end(), shape.begin() + 1) && shape[0] <= position;
}

std::string expected_shape(const TensorSchema& want, std::int64_t position) {
  if (!want.grows()) return shape_text(want.shape);
  return "at most " + std::to_string(position) + " rows " + shape_text(want.shape);
}

Status compare_tensors(const std::string& path, const StateSchema& schema, const StateFile& file) {
  std::size_t expected = 0;
  for (std::size_t layer = 0; layer < schema.layers().size(); ++layer) {
    for (const TensorSchema& want : schema.layers()[layer].tensors) {
      ++expected;
      const std::string name = tensor_name(layer, want.name);
      const TensorView* tensor = file.tensors.find(name);
      if (!tensor)
        return refusal(Code::missing, path, name, "a tensor of " + expected_shape(want, file.position), "nothing",
                       "the state lacks a tensor");
      std::vector<std::int64_t> shape = tensor->shape;
      if (file.has_lane_axis && shape.size() == want.shape.size() + 1 && shape[0] == 1) shape.erase(shape.begin());
      const bool fits = want.grows() ? fits_rows(shape, want, file.position) : shape == want.shape;
      if (!fits)
        return refusal(Code::mismatch, path, name, expected_shape(want, file.position), shape_text(tensor->shape),
                       "the state has another shape");
    }
  }
  if (file.tensors.all().size() == expected) return {};
  for (const TensorView& tensor : file.tensors.all()) {
    const std::size_t dot = tensor.name.find('.', 7);
    const std::size_t layer = static_cast<std::size_t>(std::stoul(tensor.name.substr(7, dot - 7)));
    if (layer >= schema.layers().size() || schema.layers()[layer].find(tensor.name.substr(dot + 1)) < 0 ||
        tensor.name != tensor_name(layer, tensor.name.substr(dot + 1)))
      return refusal(Code::mismatch, path, tensor.name,
                     std::to_string(schema.layers().size()) + " layers of the model's tensors",
                     shape_text(tensor.shape), "the model has no place for this tensor");
  }
  return {};
}

// Fills the state; tells of narrowed types and of values that are no numbers.
template <class Real>
Status fill(const StateFile& file, LoadedState<Real>& loaded) {
  const StateSchema& schema = loaded.state.schema();
  std::int64_t nonfinite = 0;
  DType other = kStored<Real>;
  std::vector<Real> values;
  for (std::size_t layer = 0; layer < schema.layers().size(); ++layer) {
    const auto& tensors = schema.layers()[layer].tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const TensorView& tensor = *file.tensors.find(tensor_name(layer, tensors[i].name));
      if (tensor.dtype != kStored<Real>) other = tensor.dtype;
      values.resize(static_cast<std::size_t>(tensor.elements()));
      for (std::size_t k = 0; k < values.size(); ++k) {
        values[k] = value_at<Real>(tensor, k);
        nonfinite += !std::isfinite(values[k]);
      }
      LAB_TRY(loaded.state.set(static_cast<int>(layer), static_cast<int>(i), values));
    }
  }
  if (other != kStored<Real>)
    loaded.warnings.push_back(std::string("stored as ") + long_name(other) + ", computed as " +
                              long_name(kStored<Real>));
  if (nonfinite > 0) loaded.warnings.push_back(std::to_string(nonfinite) + " values are not finite");
  loaded.state.position = file.position;
  return {};
}

// What the name and the header say of a tensor: "layers.{i}.{name}", without the axis of the one lane.
StateFileTensor described(const TensorView& tensor, bool has_lane_axis) {
  const std::size_t dot = tensor.name.find('.', 7);
  StateFileTensor info{.layer = std::stoi(tensor.name.substr(7, dot - 7)), .name = tensor.name.substr(dot + 1), .dtype = tensor.dtype,
                       .shape = tensor.shape};
  if (has_lane_axis && info.shape.size() > 1 && info.shape[0] == 1) info.shape.erase(info.shape.begin());
  return info;
}

// The norm is a sum of squares until all values were seen.
void count(double value, StateFileTensor& info) {
  const double smallest_normal = info.dtype == DType::f16 ? 0x1p-14 : info.dtype == DType::f64 ? 0x1p-1022 : 0x1p-126;
  if (!std::isfinite(value)) {
    ++info.nonfinite;
    return;
  }
  info.zeros += value == 0;
  info.subnormal += value != 0 && std::fabs(value) < smallest_normal;
  info.norm += value * value;
  info.largest = std::max(info.largest, std::fabs(value));
}

// Counts of the whole file, and the first tensor that has any.
void warn_of_values(StateFileContents& contents) {
  for (const auto& [counter, words] : {std::pair{&StateFileTensor::nonfinite, "not finite"}, {&StateFileTensor::subnormal, "subnormal"}}) {
    std::int64_t total = 0;
    const StateFileTensor* first = nullptr;
    for (const StateFileTensor& tensor : contents.tensors) {
      total += tensor.*counter;
      if (!first && tensor.*counter > 0) first = &tensor;
    }
    if (first)
      contents.warnings.push_back(std::to_string(total) + (total == 1 ? " value is " : " values are ") + words + ", the first in " +
                                  tensor_name(static_cast<std::size_t>(first->layer), first->name));
  }
}

}  // namespace

bool is_state_file(const std::string& path) {
  std::error_code ignored;
  if (!path.ends_with(".safetensors") || !std::filesystem::is_regular_file(path, ignored)) return false;
  const Result<TensorTable> table = open_safetensors(path);
  const std::string* format = table ? table->metadata("format") : nullptr;
  return format && format->starts_with(kFormatFamily);
}

template <class Real>
Status save_state(const std::string& path, const BasicState<Real>& state, const std::string& model_hash) {
  std::vector<std::vector<Real>> values;
  std::vector<TensorToWrite> tensors;
  const auto& layers = state.schema().layers();
  for (std::size_t layer = 0; layer < layers.size(); ++layer)
    for (std::size_t i = 0; i < layers[layer].tensors.size(); ++i) {
      const TensorSchema& tensor = layers[layer].tensors[i];
      values.push_back(state.get(static_cast<int>(layer), static_cast<int>(i)));
      tensors.push_back({tensor_name(layer, tensor.name), kStored<Real>, state.shape(static_cast<int>(layer), static_cast<int>(i)),
                         values.back().data()});
    }
  std::vector<std::pair<std::string, std::string>> metadata = {{"format", kFormat},
                                                               {"model_type", state.schema().model_type()},
                                                               {"position", std::to_string(state.position)},
                                                               {"dtype", long_name(kStored<Real>)},
                                                               {"layout", kLayout}};
  if (!model_hash.empty()) metadata.emplace_back("model_hash", model_hash);
  metadata.emplace_back("checksum", checksum_of(metadata, tensors));
  return write_safetensors(path, tensors, metadata);
}

template <class Real>
Result<LoadedState<Real>> load_state(const std::string& path, const std::shared_ptr<const StateSchema>& schema,
                                     const std::string& model_hash) {
  LAB_ASSIGN(StateFile file, open_state_file(path));
  LAB_TRY(compare_model(path, *schema, model_hash, file));
  LAB_TRY(compare_tensors(path, *schema, file));
  LoadedState<Real> loaded{BasicState<Real>(schema), std::move(file.warnings)};
  LAB_TRY(fill(file, loaded));
  return loaded;
}

Result<StateFileContents> read_state_file(const std::string& path) {
  LAB_ASSIGN(StateFile file, open_state_file(path));
  const auto said = [&](const char* key) {
    const std::string* text = file.tensors.metadata(key);
    return text ? *text : std::string();
  };
  StateFileContents contents{.state = {.model_type = said("model_type"), .position = file.position, .layers = {}},
                             .model_hash = said("model_hash"), .layout = said("layout"), .warnings = file.warnings};
  if (contents.model_hash.empty()) contents.warnings.push_back("no model_hash: any model of these shapes would take it");
  for (const TensorView& tensor : file.tensors.all()) {
    StateFileTensor info = described(tensor, file.has_lane_axis);
    BasicStateTensor<double> values{info.name, info.shape, std::vector<double>(static_cast<std::size_t>(tensor.elements()))};
    for (std::size_t i = 0; i < values.values.size(); ++i) count(values.values[i] = value_at<double>(tensor, i), info);
    info.norm = std::sqrt(info.norm);
    contents.bytes += static_cast<std::int64_t>(tensor.bytes);
    contents.state.layers[info.layer].tensors.push_back(std::move(values));
    contents.tensors.push_back(std::move(info));
  }
  std::ranges::stable_sort(contents.tensors, {}, &StateFileTensor::layer);
  warn_of_values(contents);
  return contents;
}

template Status save_state(const std::string&, const BasicState<float>&, const std::string&);
template Status save_state(const std::string&, const BasicState<double>&, const std::string&);
template Result<LoadedState<float>> load_state(const std::string&, const std::shared_ptr<const StateSchema>&,
                                               const std::string&);
template Result<LoadedState<double>> load_state(const std::string&, const std::shared_ptr<const StateSchema>&,
                                                const std::string&);

}  // namespace lab
