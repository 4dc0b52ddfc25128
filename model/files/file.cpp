#include "model/files/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "model/base/large_pages.h"
#include "model/files/replacement.h"

namespace lab {
namespace {

// Closes on every way out.
struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Error system_error(Code code, const std::string& path, const char* what) {
  return {.code = errno == ENOENT ? Code::not_found : code, .file = path, .found = std::strerror(errno), .message = what};
}

// Opens a regular file for reading and tells its size; a pipe, device or folder is refused without being waited for.
Result<std::size_t> open_regular(const std::string& path, Descriptor& file) {
  if (path.find('\0') != std::string::npos)
    return Error{.code = Code::bad_argument, .file = path, .message = "a path cannot hold a zero byte"};
  file.fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file.fd < 0) return system_error(Code::not_readable, path, "the file cannot be opened");
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) return system_error(Code::not_readable, path, "the file cannot be examined");
  if (!S_ISREG(status.st_mode))
    return Error{.code = Code::not_readable, .file = path, .expected = "a regular file",
                 .found = S_ISDIR(status.st_mode) ? "a folder" : "a device, pipe or socket", .message = "this is not a file"};
  return static_cast<std::size_t>(status.st_size);
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  Descriptor file;
  LAB_ASSIGN(const std::size_t size, open_regular(path, file));
  std::span<const std::byte> bytes;
  if (size > 0) {
    void* start = reserve_addresses(size);
    if (start) start = ::mmap(start, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.fd, 0);
    if (!start || start == MAP_FAILED) return system_error(Code::environment, path, "the file cannot be mapped");
    bytes = {static_cast<const std::byte*>(start), size};
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(bytes));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

bool MappedFile::move_to_memory(const std::atomic<bool>& stop) const {
#ifdef __linux__
  constexpr std::size_t kPiece = 16 * kLargePage;
  const std::lock_guard lock(moving_);
  while (moved_ < bytes_.size()) {
    if (stop) return false;
    const std::span<const std::byte> piece = bytes_.subspan(moved_, std::min(kPiece, bytes_.size() - moved_));
    void* memory = reserve_addresses(piece.size());
    if (!memory) return false;
    ::madvise(memory, piece.size(), MADV_HUGEPAGE);  // a wish: refusal costs nothing
    const bool is_ready = ::mprotect(memory, piece.size(), PROT_READ | PROT_WRITE) == 0;
    if (is_ready) std::memcpy(memory, piece.data(), piece.size());
    // The kernel puts the new pages in the place of the old ones at once: whoever reads there waits for a moment.
    void* place = const_cast<std::byte*>(piece.data());
    if (!is_ready || ::mprotect(memory, piece.size(), PROT_READ) != 0 ||
        ::mremap(memory, piece.size(), piece.size(), MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED) {
      ::munmap(memory, piece.size());
      return false;
    }
    moved_ += piece.size();
  }
  return true;
#else
  (void)stop;
  return false;
#endif
}

std::string plain_name(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  Descriptor file;
  LAB_ASSIGN(const std::size_t size, open_regular(path, file));
  if (size > limit)
    return Error{.code = Code::too_large, .file = path, .expected = "at most " + std::to_string(limit) + " bytes",
                 .found = std::to_string(size), .message = "the file is too large"};
  std::string content(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(file.fd, content.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(Code::not_readable, path, "the file cannot be read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  content.resize(have);
  return content;
}

Status write_file_atomically(const std::string& path, std::string_view content) {
  LAB_ASSIGN(Replacement file, Replacement::begin(path));
  LAB_TRY(file.write(content));
  return file.commit();
}

}  // namespace lab
