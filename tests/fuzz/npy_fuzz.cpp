// NumPy's single arrays: whatever is accepted keeps every promise of a tensor table.
#include <cstdint>
#include <memory>

#include "tensor_promises.h"
#include "model/files/npy.h"

using namespace lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::shared_ptr<const void> owner;
  const auto array = parse_npy(test::image_of(data, size), "x", "input", owner);
  if (array)
    test::keep_promises(*array);
  else
    LAB_CHECK(array.error().text().empty(), ==, false);
  return 0;
}
