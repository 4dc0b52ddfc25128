#pragma once
// What a file or folder is, and everything that is wrong with it.
#include <optional>
#include <string>
#include <vector>

#include "model/model.h"

namespace lab {

struct FileCheck {
  std::string path;
  std::string kind;    // "model", "tokenizer", "safetensors", "state", "trace", "session", "npz", "bin", "index", ..., "unknown"
  std::string detail;  // what a valid one holds, in a few words
  std::vector<Error> problems;
  std::vector<std::string> warnings;

  // Of a model, as far as it could be read.
  std::optional<Checkpoint> checkpoint;
  std::optional<ModelOutline> outline;
  std::string tokenizer;  // its kind, "" without one
};

/// Whether a folder says that it holds a model, by its configuration or because its only weights are in GGUF files.
bool is_model_folder(const std::string& folder);

/// Reads and validates whatever is at a path (or builtin:NAME). Nothing is run; of weights no more is read than `depth` says;
/// `weights` also compares them with the checksums of their file, where it has any (PyTorch's archives).
FileCheck check_path(const std::string& path, Depth depth = Depth::headers);

/// Reads and validates what would be opened: a model's folder, file or builtin:NAME, or a session and the model it names. What
/// is something else is refused as opening it would be.
FileCheck check_to_open(const std::string& path);

}  // namespace lab
