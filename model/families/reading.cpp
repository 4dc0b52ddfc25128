#include "model/families/reading.h"

#include <cstring>

#include "model/base/check.h"

namespace lab {

void check_tensors(const TensorTable& table, const std::vector<Expected>& expected, std::vector<Error>& problems) {
  for (const Expected& want : expected) {
    const TensorView* tensor = table.find(want.name);
    if (!tensor) {
      if (!want.optional)
        problems.push_back({.code = Code::missing, .file = "model.safetensors", .field = want.name,
                            .expected = "a tensor " + shape_text(want.shape), .message = "a tensor is missing"});
      continue;
    }
    if (tensor->shape != want.shape)
      problems.push_back({.code = Code::mismatch, .file = tensor->file, .field = want.name, .expected = shape_text(want.shape),
                          .found = shape_text(tensor->shape), .message = "the tensor's shape disagrees with config.json"});
    if (tensor->dtype != DType::f32 && tensor->dtype != DType::f16 && tensor->dtype != DType::bf16)
      problems.push_back({.code = Code::unsupported, .file = tensor->file, .field = want.name, .expected = "F32, F16 or BF16",
                          .found = name_of(tensor->dtype), .message = "weights of this number type cannot be multiplied"});
  }
}

const TensorView* find_embedding(const TensorTable& table) { return table.find("backbone.embeddings.weight"); }

std::int64_t padded_vocabulary(const TensorTable& table, std::int64_t vocabulary) {
  constexpr std::int64_t most = 256;  // larger than any padding in use
  const TensorView* embedding = find_embedding(table);
  const std::int64_t rows = embedding && embedding->shape.size() == 2 ? embedding->shape[0] : vocabulary;
  return rows > vocabulary && rows - vocabulary < most ? rows : vocabulary;
}

void check_layer_count(const TensorTable& table, std::int64_t layers, std::vector<Error>& problems) {
  const std::string beyond = "backbone.layers." + std::to_string(layers) + ".";
  for (const TensorView& tensor : table.all()) {
    if (!tensor.name.starts_with(beyond)) continue;
    problems.push_back({.code = Code::mismatch, .file = tensor.file, .field = "num_hidden_layers", .expected = std::to_string(layers) + " layers",
                        .found = tensor.name, .message = "the file holds more layers than config.json counts"});
    return;
  }
}

Matrix matrix_of(const TensorTable& table, const std::string& name) {
  const TensorView* tensor = table.find(name);
  LAB_CHECK(tensor != nullptr, ==, true);
  return {tensor->data, tensor->dtype, tensor->shape[0], tensor->shape[1]};
}

template <class Real>
std::vector<Real> vector_of(const TensorTable& table, const std::string& name) {
  const TensorView* tensor = table.find(name);
  std::vector<Real> values;
  if (!tensor) return values;
  values.resize(static_cast<std::size_t>(tensor->elements()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (tensor->dtype == DType::f32) {
      float value;
      std::memcpy(&value, tensor->data + 4 * i, 4);
      values[i] = value;
    } else {
      std::uint16_t half;
      std::memcpy(&half, tensor->data + 2 * i, 2);
      values[i] = tensor->dtype == DType::bf16 ? float_from_bf16(half) : float_from_f16(half);
    }
  }
  return values;
}

template std::vector<float> vector_of(const TensorTable&, const std::string&);
template std::vector<double> vector_of(const TensorTable&, const std::string&);

}  // namespace lab
