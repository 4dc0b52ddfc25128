#pragma once
// Recorded values that no longer fit into memory: compressed, in a file without a name that vanishes with its last user.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/base/result.h"

struct ZSTD_CCtx_s;

namespace lab {

/// Where a block of values lies in a spill file.
struct SpillPlace {
  std::int64_t offset = 0, bytes = 0;
};

/// One writer appends, any number of readers read what was written before they were told its place.
class SpillFile {
 public:
  /// Makes an empty file in a folder and takes its name away at once, so that nothing stays behind whatever happens.
  static Result<std::shared_ptr<SpillFile>> create(const std::string& folder);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  /// Appends values, or refuses with Code::environment (a full disk, most of all); then nothing was added.
  Result<SpillPlace> write(std::span<const float> values);
  /// Reads exactly the values that were written at a place; a checksum guards them.
  Status read(const SpillPlace& place, std::span<float> values) const;

 private:
  SpillFile(int file, std::string folder);
  Error failure(const char* message, const std::string& found) const;

  struct Free { void operator()(ZSTD_CCtx_s* compressor) const; };
  int file_;
  std::string folder_;
  std::int64_t end_ = 0;
  std::unique_ptr<ZSTD_CCtx_s, Free> compressor_;
  std::vector<unsigned char> planes_, packed_;
};

}  // namespace lab
