#pragma once
// What was done as a line for a shell that does it again without a window.
#include <string>

#include "app/core/command_record.h"
#include "app/core/snapshot.h"

namespace lab {

/// Replays what a record holds.
std::string line_of(const CommandRecord::Pointer& record, const ModelFacts& model);
/// Replays all that was done and, where the run has read a token of its window, runs the controls of a rule of the active run.
std::string line_of_rule(const Snapshot& snapshot, std::int64_t rule);
/// Replays what was done up to an edit of the active run, which is the last thing that it does; "" where the record does not have it.
std::string line_of_edit(const Snapshot& snapshot, std::int64_t edit);

}  // namespace lab
