#include "app/core/file_hold.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace lab {
namespace {

bool are_one(const struct stat& a, const struct stat& b) { return a.st_ino == b.st_ino && a.st_dev == b.st_dev; }

}  // namespace

Result<FileHold> FileHold::take(const std::string& file) {
  FileHold hold;
  hold.file_ = file;
  hold.descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (hold.descriptor_ < 0) return Error{.code = errno == ENOENT ? Code::not_found : Code::not_readable, .file = file, .found = std::strerror(errno), .message = "the file cannot be opened"};
  if (::flock(hold.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Error{.code = Code::environment, .file = file, .expected = "one window that uses it", .found = "another one", .message = "the file is open in another window"};
    return Error{.code = Code::unsupported, .file = file, .found = std::strerror(errno), .message = "the file cannot be locked"};
  }
  if (!hold.is_of(file)) return Error{.code = Code::not_found, .file = file, .message = "another window has replaced or removed the file"};
  return hold;
}

FileHold::FileHold(FileHold&& other) noexcept : file_(std::exchange(other.file_, {})), descriptor_(std::exchange(other.descriptor_, -1)) {}

FileHold& FileHold::operator=(FileHold&& other) noexcept {
  if (this == &other) return *this;
  release();
  file_ = std::exchange(other.file_, {});
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

FileHold::~FileHold() { release(); }

bool FileHold::is_of(const std::string& path) const {
  struct stat mine {}, there {};
  return descriptor_ >= 0 && ::fstat(descriptor_, &mine) == 0 && ::stat(path.c_str(), &there) == 0 && are_one(mine, there);
}

void FileHold::release() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  file_.clear();
}

void FileHold::remove() {
  if (!file_.empty()) ::unlink(file_.c_str());
  release();
}

FileStamp stamp_of(const std::string& path) {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return {};
  return {.device = there.st_dev, .number = there.st_ino, .bytes = there.st_size, .written_ns = std::int64_t{there.st_mtim.tv_sec} * 1'000'000'000 + there.st_mtim.tv_nsec};
}

}  // namespace lab
