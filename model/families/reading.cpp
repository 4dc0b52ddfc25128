#include "model/families/reading.h"

#include "model/base/check.h"
#include "model/families/block.h"
#include "model/math/dequantise.h"
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
    if (!is_weight(tensor->dtype))
      problems.push_back({.code = Code::unsupported, .file = tensor->file, .field = tensor->name,
                          .expected = "F32, F16, BF16, F64, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K",
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

Matrix matrix_of(const TensorView& tensor) {
  const std::int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  return {tensor.data, tensor.dtype, columns > 0 ? tensor.elements() / columns : 0, columns};
}

Matrix matrix_of(const TensorTable& table, const std::string& name) {
  const TensorView* tensor = table.find(name);
  LAB_CHECK(tensor != nullptr, ==, true);
  return matrix_of(*tensor);
}

std::vector<float> rows_of(const TensorView& tensor, std::int64_t first, std::int64_t last) {
  const Matrix w = matrix_of(tensor);
  LAB_CHECK(first >= 0 && first <= last && last <= w.rows, ==, true);
  std::vector<float> values(static_cast<std::size_t>((last - first) * w.cols));
  dequantise(w.type, w.row(first), values);
  return values;
}

template <class Real>
std::vector<Real> vector_of(const TensorTable& table, const std::string& name) {
  const TensorView* tensor = table.find(name);
  if (!tensor) return {};
  const std::vector<float> values = rows_of(*tensor, 0, matrix_of(*tensor).rows);
  return {values.begin(), values.end()};
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
