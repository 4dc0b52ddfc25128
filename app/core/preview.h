#pragma once
// What is known of a model before it is loaded: what it is, what it needs and what is wrong with it. Reads headers only.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/core/file_check.h"
#include "app/core/session.h"

namespace lab {

/// The weights of one number type.
struct NumberType {
  std::string name;  // "BF16"
  std::int64_t tensors = 0, bytes = 0;
};
/// The number types of a table, those of most bytes first.
std::vector<NumberType> number_types(const TensorTable& table);
/// "F32 (43 tensors), BF16 (2 tensors)".
std::string types_text(const std::vector<NumberType>& types);

/// "36 mamba2, 4 attention".
std::string layers_text(const std::vector<LayerInfo>& layers);

/// What one run of a model keeps in memory, in bytes.
struct MemoryNeed {
  std::int64_t weights = 0;      // mapped
  std::int64_t state = 0;        // of fixed size
  std::int64_t cache_token = 0;  // what the state grows by with each token
  std::int64_t history = 0;      // the budget of the trace
  std::int64_t total() const { return weights + state + history; }
};
MemoryNeed memory_need(const ModelOutline& outline, std::int64_t history_budget);
/// Bytes of the recurrent state of one layer that do not grow.
std::int64_t state_bytes(const LayerSchema& layer);

/// The memory that programs can still take without swapping, in bytes; nothing where the system does not say.
std::optional<std::int64_t> available_memory();
/// The same from the text of /proc/meminfo.
std::optional<std::int64_t> available_memory(std::string_view meminfo);

struct Preview {
  std::string path;              // as asked for
  bool is_folder = false;        // that holds no model: to be looked into
  std::string recorded;          // what a recorded trace holds, "" of all else: it is not opened, but can be compared with
  FileCheck check;               // without the checkpoint
  std::string name;              // of the model
  std::vector<NumberType> types;
  MemoryNeed memory;
  std::optional<std::int64_t> available;
  double seconds = 0;            // that it took to read

  /// Edits, rules or a state, for the run that is there.
  bool is_for_run() const { return check.kind == "patch" || check.kind == "rules" || check.kind == "state"; }
  /// A session with whose model it would open: whoever opens it is asked where that is.
  bool needs_model() const { return check.kind == "session" && check.problems.size() == 1 && lacks_model(check.problems.front()); }
  bool can_open() const { return check.problems.empty() && (check.outline.has_value() || is_for_run()); }
  bool can_compare() const { return (can_open() && !is_for_run()) || !recorded.empty(); }
};

/// Looks at what `path` (or builtin:NAME) would open. Nothing that a file says makes it fail: problems are part of it.
Preview make_preview(const std::string& path, std::int64_t history_budget);

}  // namespace lab
