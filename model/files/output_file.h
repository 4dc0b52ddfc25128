#pragma once
// A file that is written piece by piece and appears under its name only when it is complete.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "model/base/result.h"
#include "model/files/replacement.h"

namespace lab {

/// Written under another name in the same folder; `commit` renames it, anything else removes it. See Replacement.
class OutputFile {
 public:
  /// Makes the file and claims `bytes` of disk space, so that a full disk is noticed before any work is done.
  static Result<OutputFile> create(const std::string& path, std::int64_t bytes = 0);

  Status write_at(std::int64_t offset, std::span<const std::byte> bytes);
  /// Moves bytes towards the start of the file; the ranges may overlap.
  Status move_down(std::int64_t from, std::int64_t to, std::int64_t bytes);
  /// Cuts the file to `bytes`, flushes it to disk and puts it in place of what has its name.
  Status commit(std::int64_t bytes);

 private:
  explicit OutputFile(Replacement file) : file_(std::move(file)) {}
  Replacement file_;
};

}  // namespace lab
