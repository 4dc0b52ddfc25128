#pragma once
// Which window works on a file, and whether somebody else has written it meanwhile.
#include <cstdint>
#include <string>

#include "model/base/result.h"

namespace lab {

/// Holds a file so that other windows know it is in use: an advisory lock, which the system takes back when the process ends, however
/// it ends. Released when this goes.
class FileHold {
 public:
  FileHold() = default;
  /// Refused with Code::environment where another holder is alive; where there is no file, it cannot be read or locked, with others.
  static Result<FileHold> take(const std::string& file);
  ~FileHold();
  FileHold(FileHold&& other) noexcept;
  FileHold& operator=(FileHold&& other) noexcept;

  const std::string& file() const { return file_; }
  /// Whether a path leads to the very file that is held.
  bool is_of(const std::string& path) const;
  /// Removes the file, and lets go of it.
  void remove();

 private:
  void release();
  std::string file_;
  int descriptor_ = -1;
};

/// What tells a file from the one that was there before, or was written since.
struct FileStamp {
  std::uint64_t device = 0, number = 0;
  std::int64_t bytes = -1, written_ns = 0;  // -1: there is none
  bool is_there() const { return bytes >= 0; }
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
FileStamp stamp_of(const std::string& path);

}  // namespace lab
