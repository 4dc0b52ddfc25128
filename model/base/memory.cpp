#include "model/base/memory.h"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace lab {
namespace {

constexpr std::size_t kLine = 64, kLargePage = 2 << 20;

bool is_large(std::size_t bytes) { return bytes >= 2 * kLargePage; }
std::align_val_t alignment_of(std::size_t bytes) { return std::align_val_t{is_large(bytes) ? kLargePage : kLine}; }

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  void* memory = ::operator new[](bytes, alignment_of(bytes));
#ifdef __linux__
  if (is_large(bytes)) ::madvise(memory, bytes / kLargePage * kLargePage, MADV_HUGEPAGE);  // a wish: refusal costs nothing
#endif
  return memory;
}

void free_aligned(void* memory, std::size_t bytes) { ::operator delete[](memory, alignment_of(bytes)); }

}  // namespace lab
