#pragma once
// A checkpoint folder on disk for as long as it is measured.
#include <filesystem>
#include <memory>

#include "bench/shapes.h"

namespace lab::bench {

class CheckpointFolder {
 public:
  /// Writes the subject's random weights into a folder of its own among the temporary files.
  static Result<std::unique_ptr<const CheckpointFolder>> write(const Subject& subject);
  ~CheckpointFolder();
  std::string path() const { return path_.string(); }

 private:
  explicit CheckpointFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace lab::bench
