// NumPy's archives and single arrays: whatever is accepted keeps every promise of a tensor table.
#include <cstdint>
#include <memory>

#include "model/base/check.h"
#include "model/base/hash.h"
#include "model/files/npy.h"
#include "model/files/npz.h"

using namespace lab;

namespace {

void check(const TensorView& tensor) {
  LAB_CHECK(static_cast<std::size_t>(tensor.elements()) * size_of(tensor.dtype), ==, tensor.bytes);
  hash_bytes(tensor.data, tensor.bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> image(reinterpret_cast<const std::byte*>(data), size);
  std::shared_ptr<const void> owner;
  if (auto array = parse_npy(image, "x", "input", owner))
    check(*array);
  else
    LAB_CHECK(array.error().text().empty(), ==, false);
  auto table = parse_npz(image, "input");
  if (!table)
    LAB_CHECK(table.error().text().empty(), ==, false);
  else
    for (const TensorView& tensor : table->all()) check(tensor);
  return 0;
}
