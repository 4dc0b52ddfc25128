// The safetensors container: whatever is accepted keeps every promise of a tensor table.
#include <cstdint>
#include <vector>

#include "model/base/check.h"
#include "model/base/hash.h"
#include "model/files/safetensors.h"

using namespace lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  auto table = parse_safetensors({bytes, size}, size, bytes, "input");
  if (!table) {
    LAB_CHECK(table.error().text().empty(), ==, false);
    return 0;
  }
  std::size_t total = 0;
  for (const TensorView& tensor : table->all()) {
    LAB_CHECK(tensor.data >= bytes + 8, ==, true);
    LAB_CHECK(tensor.data + tensor.bytes <= bytes + size, ==, true);
    LAB_CHECK(static_cast<std::size_t>(tensor.elements()) * size_of(tensor.dtype), ==, tensor.bytes);
    LAB_CHECK(table->find(tensor.name), ==, &tensor);
    hash_bytes(tensor.data, tensor.bytes);
    total += tensor.bytes;
  }
  LAB_CHECK(total, <=, size - 8);
  return 0;
}
