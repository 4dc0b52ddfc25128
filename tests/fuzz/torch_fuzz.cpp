// PyTorch files, and pickles alone, which are put into a file of one storage so that no checksum stands before them: whatever
// is accepted keeps every promise of a tensor table.
#include <cstdint>
#include <string>

#include "tensor_promises.h"
#include "model/files/torch_file.h"
#include "tests/files/zip_image.h"

using namespace lab;

namespace {

std::string file_of(std::string input) {
  if (!input.starts_with('\x80')) return input;
  return test::zip_image({test::Member("m/data.pkl", std::move(input)), test::Member("m/data/0", std::string(24, '\1'))});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string image = file_of({reinterpret_cast<const char*>(data), size});
  const auto table = parse_torch(test::bytes_of(image), "input");
  test::keep_promises(table);
  if (!table) return 0;
  std::size_t copied = 0;
  for (const TensorView& tensor : table->all()) {
    const std::byte* begin = test::bytes_of(image).data();
    if (tensor.data < begin || tensor.data >= begin + image.size()) copied += tensor.bytes;
  }
  LAB_CHECK(copied, <=, image.size());
  return 0;
}
