#pragma once
// What was done since the model was opened: every command with the position at which it was applied.
#include <cstdint>
#include <memory>
#include <vector>

#include "app/core/command.h"

namespace lab {

struct SessionCommand {
  std::int64_t step = 0;  // position at which it is applied
  Command command;
};

/// Whether a command only looks at what is there: it changes neither the run nor what its session computes.
bool is_look(const Command& command);

/// Whether it changes a run: neither a look nor how the next tokens are chosen.
bool changes_run(const Command& command);

/// Whether nothing of a look is left once the next command has been applied, as of a cursor that is dragged.
bool replaces(const Command& next, const Command& before);

/// The commands of a session as a chain from the latest back to the first. Never changes, so that snapshots share it: one more
/// command costs the same however many there are. A null pointer is a record of nothing.
class CommandRecord {
 public:
  using Pointer = std::shared_ptr<const CommandRecord>;

  /// The record with one more command. A look that replaces the one before it, as a cursor that is dragged, takes its place.
  static Pointer with(Pointer before, SessionCommand next);

  CommandRecord(Pointer before, SessionCommand latest);
  ~CommandRecord();
  CommandRecord(const CommandRecord&) = delete;
  CommandRecord& operator=(const CommandRecord&) = delete;

  const SessionCommand& latest() const { return latest_; }
  const Pointer& before() const { return before_; }
  /// How many commands there are, and how many of them change a run.
  std::int64_t count() const { return count_; }
  std::int64_t changes() const { return changes_; }

 private:
  mutable Pointer before_;  // taken by whoever lets go of a long chain
  const SessionCommand latest_;
  std::int64_t count_ = 0, changes_ = 0;
};

/// All commands of a record, the first one first.
std::vector<SessionCommand> commands_of(const CommandRecord::Pointer& record);

}  // namespace lab
