#include "model/base/large_pages.h"

#include <sys/mman.h>
#include <unistd.h>

namespace lab {

void* reserve_addresses(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t size = (bytes + page - 1) / page * page, room = size + kLargePage;
  void* start = ::mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  auto* const first = static_cast<std::byte*>(start);
  const std::size_t before = (kLargePage - reinterpret_cast<std::size_t>(first) % kLargePage) % kLargePage;
  if (before > 0) ::munmap(first, before);
  if (room - before > size) ::munmap(first + before + size, room - before - size);
  return first + before;
}

}  // namespace lab
