#include "model/files/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

namespace lab {
namespace {

constexpr std::int64_t kMoveBytes = 1 << 20;

Error world_error(int number, const std::string& path, const char* what) {
  return {.code = number == ENOENT || number == ENOTDIR ? Code::not_found : Code::environment,
          .file = path,
          .found = std::strerror(number),
          .message = what};
}

Error no_space(int number, const std::string& path, std::int64_t bytes) {
  Error error = world_error(number, path, "there is no room for the file");
  error.expected = std::to_string(bytes) + " free bytes";
  return error;
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path, std::int64_t bytes) {
  static std::atomic<unsigned> counter{0};
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  OutputFile file;
  file.path_ = path;
  const std::string temporary = folder + "." + path.substr(folder.size()) + "." + std::to_string(::getpid()) + "." +
                                std::to_string(counter++) + ".part";
  file.fd_ = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file.fd_ < 0) return world_error(errno, path, "a file cannot be made here");
  file.temporary_ = temporary;
  if (bytes == 0) return file;
  const int problem = ::posix_fallocate(file.fd_, 0, bytes);
  if (problem != 0 && problem != EOPNOTSUPP && problem != EINVAL) return no_space(problem, path, bytes);
  return file;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status OutputFile::write_at(std::int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return world_error(errno, path_, "the file cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
  return {};
}

Status OutputFile::move_down(std::int64_t from, std::int64_t to, std::int64_t bytes) {
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min(bytes, kMoveBytes)));
  while (from != to && bytes > 0) {
    const ssize_t got = ::pread(fd_, piece.data(), static_cast<std::size_t>(std::min(bytes, kMoveBytes)), from);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return world_error(got < 0 ? errno : EIO, path_, "the file cannot be read back");
    LAB_TRY(write_at(to, std::span(piece).first(static_cast<std::size_t>(got))));
    from += got;
    to += got;
    bytes -= got;
  }
  return {};
}

Status OutputFile::commit(std::int64_t bytes) {
  if (::ftruncate(fd_, bytes) != 0 || ::fsync(fd_) != 0)
    return world_error(errno, path_, "the file cannot be flushed to disk");
  const int closed = ::close(std::exchange(fd_, -1));
  if (closed != 0) return world_error(errno, path_, "the file cannot be closed");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return world_error(errno, path_, "the file cannot be replaced");
  temporary_.clear();
  const std::size_t slash = path_.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  if (const int parent = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); parent >= 0) {
    ::fsync(parent);
    ::close(parent);
  }
  return {};
}

}  // namespace lab
