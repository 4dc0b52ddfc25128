#pragma once
// Regular files: mapped read-only, read bounded, written atomically.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/base/result.h"

namespace lab {

/// A read-only private mapping of a whole regular file.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

/// The last part of a path.
std::string plain_name(const std::string& path);

/// The whole content of a regular file of at most `limit` bytes (pipes, devices and folders are refused).
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// Replaces a file's content, whole or not at all: see Replacement. On any error the old file is untouched, and the error says so.
Status write_file_atomically(const std::string& path, std::string_view content);

}  // namespace lab
