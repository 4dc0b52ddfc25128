// NumPy's archives: whatever is accepted keeps every promise of a tensor table.
#include <cstdint>

#include "tensor_promises.h"
#include "model/files/npz.h"

using namespace lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::keep_promises(parse_npz(test::image_of(data, size), "input"));
  return 0;
}
