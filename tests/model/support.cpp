#include "tests/model/support.h"

namespace lab::test {
namespace {

template <class T>
void read_all(const TensorView& tensor, std::vector<double>& values) {
  for (std::int64_t i = 0; i < tensor.elements(); ++i) {
    T value;
    std::memcpy(&value, tensor.data + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
    values.push_back(static_cast<double>(value));
  }
}

}  // namespace

std::map<std::string, Reference> read_reference(const std::string& path, Tokens& ids) {
  auto table = open_safetensors(path);
  REQUIRE_MESSAGE(table, table.error().text());
  std::map<std::string, Reference> references;
  for (const TensorView& tensor : table->all()) {
    Reference reference{.tokens = tensor.shape[0], .values = {}};
    if (tensor.dtype == DType::f32)
      read_all<float>(tensor, reference.values);
    else if (tensor.dtype == DType::f64)
      read_all<double>(tensor, reference.values);
    else if (tensor.dtype == DType::i64)
      read_all<std::int64_t>(tensor, reference.values);
    references[tensor.name] = std::move(reference);
  }
  for (double id : references.at("tok.ids").values) ids.push_back(static_cast<std::int32_t>(id));
  references.erase("tok.ids");
  return references;
}

}  // namespace lab::test
