#pragma once
// How files are saved: a new one is made beside the old under a hidden name, flushed to disk, and takes its place in one call.
#include <string>
#include <string_view>
#include <utility>

#include "model/base/result.h"

namespace lab {

/// A file that is not there yet. `commit` puts it in place of what has its name; anything else removes it, and what was there stays.
/// A link stays one, its target is replaced; permissions are those of the old file.
class Replacement {
 public:
  static Result<Replacement> begin(const std::string& path);
  ~Replacement();
  Replacement(Replacement&& other) noexcept
      : path_(std::move(other.path_)), target_(std::move(other.target_)), temporary_(std::exchange(other.temporary_, {})),
        descriptor_(std::exchange(other.descriptor_, -1)) {}
  Replacement& operator=(Replacement&&) = delete;

  /// Open for reading and writing.
  int descriptor() const { return descriptor_; }
  Status write(std::string_view content);
  /// Flush, close, rename, flush of the folder; nothing is tried again after it has failed.
  Status commit();

  /// What went wrong with a call to the system (`number` is errno): what it means, what is kept, what to do next. `wanted`: bytes
  /// that were to be written, -1 where it is not about them.
  Error problem(int number, const char* doing, std::int64_t wanted = -1) const;

 private:
  Replacement() = default;
  std::string path_, target_, temporary_;  // as asked for, with links followed, and the hidden name beside that
  int descriptor_ = -1;
};

/// Removes what programs that have ended left in a folder while they saved. Returns how many files those were.
int remove_left_overs(const std::string& folder);

}  // namespace lab
