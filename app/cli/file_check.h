#pragma once
// What a file or folder is, and everything that is wrong with it.
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab::cli {

struct FileCheck {
  std::string path;
  std::string kind;    // "model", "tokenizer", "safetensors", "state", "trace", "session", "npz", "bin", "index", ..., "unknown"
  std::string detail;  // what a valid one holds, in a few words
  std::vector<Error> problems;
  std::vector<std::string> warnings;
};

/// Reads and validates whatever is at a path (or builtin:NAME). Nothing is run, weights are not read.
FileCheck check_path(const std::string& path);

}  // namespace lab::cli
