// PyTorch files: whatever is accepted keeps every promise of a tensor table.
#include <cstdint>

#include "model/base/check.h"
#include "model/base/hash.h"
#include "model/files/torch_file.h"

using namespace lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto table = parse_torch({reinterpret_cast<const std::byte*>(data), size}, "input");
  if (!table) {
    LAB_CHECK(table.error().text().empty(), ==, false);
    return 0;
  }
  std::size_t copied = 0;
  for (const TensorView& tensor : table->all()) {
    LAB_CHECK(static_cast<std::size_t>(tensor.elements()) * size_of(tensor.dtype), ==, tensor.bytes);
    LAB_CHECK(table->find(tensor.name), ==, &tensor);
    hash_bytes(tensor.data, tensor.bytes);
    const auto* begin = reinterpret_cast<const std::byte*>(data);
    if (tensor.data < begin || tensor.data >= begin + size) copied += tensor.bytes;
  }
  LAB_CHECK(copied, <=, size);
  return 0;
}
