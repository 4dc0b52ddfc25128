// The safetensors container: whatever is accepted keeps every promise of a tensor table, and lies within the file.
#include <cstdint>

#include "tensor_promises.h"
#include "model/files/safetensors.h"

using namespace lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  const auto table = parse_safetensors({bytes, size}, size, bytes, "input");
  test::keep_promises(table);
  if (!table) return 0;
  std::size_t total = 0;
  for (const TensorView& tensor : table->all()) {
    LAB_CHECK(tensor.data >= bytes + 8 && tensor.data + tensor.bytes <= bytes + size, ==, true);
    total += tensor.bytes;
  }
  LAB_CHECK(total, <=, size - 8);
  return 0;
}
