#include "model/base/memory.h"

#include <algorithm>
#include <cstdint>
#include <new>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// Under the address sanitizer every block comes from the heap, where it sees what is read beside it.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <sys/mman.h>

#include "model/base/large_pages.h"
#define LAB_MAPS_LARGE_BLOCKS
#endif

namespace lab {
namespace {

#ifdef LAB_MAPS_LARGE_BLOCKS

bool is_large(std::size_t bytes) { return bytes >= 2 * kLargePage; }

// A mapping of its own goes back to the system when it is freed: history that was dropped does not stay as a hole in the heap.
void* map(std::size_t bytes) {
  void* place = reserve_addresses(bytes);
  if (!place) throw std::bad_alloc();
  if (::mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
    ::munmap(place, bytes);
    throw std::bad_alloc();
  }
  ::madvise(place, bytes, MADV_HUGEPAGE);  // a wish: refusal costs nothing
  return place;
}

void unmap(void* memory, std::size_t bytes) { ::munmap(memory, bytes); }

#else

bool is_large(std::size_t) { return false; }
void* map(std::size_t) { return nullptr; }
void unmap(void*, std::size_t) {}

#endif

constexpr std::align_val_t kLine{64};

}  // namespace

void* allocate_aligned(std::size_t bytes) { return is_large(bytes) ? map(bytes) : ::operator new[](bytes, kLine); }

void free_aligned(void* memory, std::size_t bytes) {
  if (is_large(bytes)) unmap(memory, bytes);
  else ::operator delete[](memory, kLine);
}

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kLargestBlock = 64 << 20, kFree = 128 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLargestBlock);
  ::mallopt(M_TRIM_THRESHOLD, kFree);
#endif
}

void copy_past_caches(const float* from, std::ptrdiff_t stride, std::ptrdiff_t width, std::ptrdiff_t count, float* to) {
#ifdef __SSE2__
  constexpr std::ptrdiff_t kLong = 256, kFour = 4;
  const bool aligned = reinterpret_cast<std::uintptr_t>(to) % sizeof(__m128) == 0;
  if (width >= kLong && width % kFour == 0 && aligned) {
    for (std::ptrdiff_t row = 0; row < count; ++row, from += stride, to += width)
      for (std::ptrdiff_t i = 0; i < width; i += kFour) _mm_stream_ps(to + i, _mm_loadu_ps(from + i));
    _mm_sfence();  // these stores have an order of their own: whoever is told about the rows must find them
    return;
  }
#endif
  for (std::ptrdiff_t row = 0; row < count; ++row) std::copy_n(from + row * stride, width, to + row * width);
}

}  // namespace lab
