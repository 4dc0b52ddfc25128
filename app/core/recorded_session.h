#pragma once
// A session of what was done in a lab, saved and checked; and one command of it as text to take along.
#include <memory>
#include <string>

#include "app/core/session.h"

namespace lab {

/// Everything done since the model was opened. A run that goes on ends where the snapshot has it. `kept`: the session that the
/// window was opened with, whose notes and unknown fields stay.
Session session_of(const Snapshot& snapshot, const OpenedModel& opened, const Session& kept = {});

/// Adds the hash of the model and of the state at the end, so that a replay can be compared. Reads the model where its hash is not
/// known yet, and plays the last tokens of the history: a job, never for a frame. A history that does not reach there leaves it out.
void add_hashes(Session& session, const Snapshot& snapshot, const OpenedModel& opened);

/// The state at a position of the run of a snapshot, as the token there finds it; and its hash.
Result<State> state_at(const Snapshot& snapshot, const OpenedModel& opened, std::int64_t position);
Result<std::string> state_hash(const Snapshot& snapshot, const OpenedModel& opened, std::int64_t position);

/// Writes a session whole or not at all, and reads it back: what is on the disk is what was meant.
Status save_session(const Session& session, const std::string& path);

/// A line for a shell that replays the session up to and with its command number `last`.
std::string run_line(const Session& session, std::size_t last);

}  // namespace lab
