#include "model/families/reading.h"

#include <cstring>

#include "model/base/check.h"
#include "model/families/block.h"
#include "model/math/scalar.h"

namespace lab {

void check_tensors(const TensorTable& table, const std::vector<Expected>& expected, std::vector<Error>& problems) {
  for (const Expected& want : expected) {
    const TensorView* tensor = table.find(want.name);
    if (!tensor && !want.other.empty()) tensor = table.find(want.other);
    if (!tensor) {
      if (!want.optional)
        problems.push_back({.code = Code::missing, .file = "model.safetensors", .field = want.name,
                            .expected = "a tensor " + shape_text(want.shape), .message = "a tensor is missing"});
      continue;
    }
    if (tensor->shape != want.shape)
      problems.push_back({.code = Code::mismatch, .file = tensor->file, .field = tensor->name, .expected = shape_text(want.shape),
                          .found = shape_text(tensor->shape), .message = "the tensor's shape disagrees with the configuration"});
    if (tensor->dtype != DType::f32 && tensor->dtype != DType::f16 && tensor->dtype != DType::bf16)
      problems.push_back({.code = Code::unsupported, .file = tensor->file, .field = tensor->name, .expected = "F32, F16 or BF16",
                          .found = name_of(tensor->dtype), .message = "weights of this number type cannot be multiplied"});
  }
}

std::int64_t padded_vocabulary(const TensorTable& table, const Stream& stream) {
  constexpr std::int64_t most = 256;  // larger than any padding in use
  const TensorView* embedding = table.find(stream.embedding + ".weight");
  const std::int64_t rows = embedding && embedding->shape.size() == 2 ? embedding->shape[0] : stream.vocabulary;
  return rows > stream.vocabulary && rows - stream.vocabulary < most ? rows : stream.vocabulary;
}

void check_layer_count(const TensorTable& table, const Stream& stream, std::vector<Error>& problems) {
  const std::string beyond = stream.prefix(stream.layers);
  for (const TensorView& tensor : table.all()) {
    if (!tensor.name.starts_with(beyond)) continue;
    problems.push_back({.code = Code::mismatch, .file = tensor.file, .field = "num_hidden_layers",
                        .expected = std::to_string(stream.layers) + " layers", .found = tensor.name,
                        .message = "the file holds more layers than the configuration counts"});
    return;
  }
}

Matrix matrix_of(const TensorTable& table, const std::string& name) {
  const TensorView* tensor = table.find(name);
  LAB_CHECK(tensor != nullptr, ==, true);
  const std::int64_t columns = tensor->shape.empty() ? 1 : tensor->shape.back();
  return {tensor->data, tensor->dtype, columns > 0 ? tensor->elements() / columns : 0, columns};
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

Expected expected_rates(const std::string& mixer, std::vector<std::int64_t> shape) {
  return {.name = mixer + "A_log", .shape = std::move(shape), .other = mixer + "A"};
}

template <class Real>
std::vector<Real> rates_of(const TensorTable& table, const std::string& mixer) {
  if (!table.find(mixer + "A_log")) return vector_of<Real>(table, mixer + "A");
  std::vector<Real> rates = vector_of<Real>(table, mixer + "A_log");
  for (Real& rate : rates) rate = scalar::rate(rate);
  return rates;
}

template std::vector<float> vector_of(const TensorTable&, const std::string&);
template std::vector<double> vector_of(const TensorTable&, const std::string&);
template std::vector<float> rates_of(const TensorTable&, const std::string&);
template std::vector<double> rates_of(const TensorTable&, const std::string&);

}  // namespace lab
