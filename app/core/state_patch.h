#pragma once
// Edits of a state as a file that people can read, review and hand on: what is changed, in which order, and why.
#include <string>
#include <vector>

#include "app/core/command.h"
#include "app/core/reviewed_file.h"

namespace lab {

/// "statelab-patch/1".
struct StatePatch : ReviewedFile {
  std::vector<StateEdit> edits;
};

/// Whether a path names a patch: it ends in .patch.json.
bool is_patch(const std::string& path);
/// States that it takes elements from are named from its own folder in the file, and by whole paths in memory.
/// Refused by field: other formats, and edits with fields that there are not. Whether an edit fits a model is not known here.
Result<StatePatch> read_patch(const std::string& path);
Result<StatePatch> parse_patch(const std::string& json, const std::string& file);
/// The patch as its file at a path has it.
StatePatch as_written(StatePatch patch, const std::string& path);
/// One edit a line, with what differs from the defaults alone.
std::string json_of(const StatePatch& patch);

/// The edit that a command makes, if it is one: zeroing, scaling and restoring of layers too.
std::vector<StateEdit> edits_of(const Command& command);

}  // namespace lab
