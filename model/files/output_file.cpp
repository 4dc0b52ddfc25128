#include "model/files/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace lab {
namespace {

constexpr std::int64_t kMoveBytes = 1 << 20;

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path, std::int64_t bytes) {
  LAB_ASSIGN(Replacement made, Replacement::begin(path));
  OutputFile file(std::move(made));
  if (bytes == 0) return file;
  const int problem = ::posix_fallocate(file.file_.descriptor(), 0, bytes);
  if (problem != 0 && problem != EOPNOTSUPP && problem != EINVAL) return file.file_.problem(problem, "there is no room for the file", bytes);
  return file;
}

Status OutputFile::write_at(std::int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_.descriptor(), bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_.problem(written < 0 ? errno : EIO, "the file cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
  return {};
}

Status OutputFile::move_down(std::int64_t from, std::int64_t to, std::int64_t bytes) {
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min(bytes, kMoveBytes)));
  while (from != to && bytes > 0) {
    const ssize_t got = ::pread(file_.descriptor(), piece.data(), static_cast<std::size_t>(std::min(bytes, kMoveBytes)), from);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return file_.problem(got < 0 ? errno : EIO, "the file cannot be read back");
    LAB_TRY(write_at(to, std::span(piece).first(static_cast<std::size_t>(got))));
    from += got;
    to += got;
    bytes -= got;
  }
  return {};
}

Status OutputFile::commit(std::int64_t bytes) {
  if (::ftruncate(file_.descriptor(), bytes) != 0) return file_.problem(errno, "the file cannot be cut to its size");
  return file_.commit();
}

}  // namespace lab
