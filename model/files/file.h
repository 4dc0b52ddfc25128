#pragma once
// Regular files: mapped read-only, read bounded, written atomically.
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "model/base/result.h"

namespace lab {

/// A read-only private mapping of a whole regular file, from the beginning of a large page on.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return bytes_; }

  /// Moves the content out of the pages of the file into memory of the process's own, in large pages where the system has them: long
  /// reads are a third faster then, and what becomes of the file no longer matters. Addresses stay as they are and others may read
  /// meanwhile. Piece by piece, so that it never takes much more memory than the file has. False where it was stopped, or the system
  /// has no such memory: what was moved until then stays so. A second call goes on where the first one ended.
  bool move_to_memory(const std::atomic<bool>& stop) const;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
  mutable std::mutex moving_;
  mutable std::size_t moved_ = 0;  // bytes, from the beginning
};

/// The last part of a path.
std::string plain_name(const std::string& path);

/// The whole content of a regular file of at most `limit` bytes (pipes, devices and folders are refused).
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// Replaces a file's content, whole or not at all: see Replacement. On any error the old file is untouched, and the error says so.
Status write_file_atomically(const std::string& path, std::string_view content);

}  // namespace lab
