#pragma once
// What opening a path means, as commands.
#include <string>
#include <vector>

#include "app/core/session.h"

namespace lab {

/// What opening a path does to the lab.
struct OpeningPlan {
  std::vector<Command> commands;         // applied one after the other, each when the one before has done its work
  std::vector<SessionCommand> replayed;  // then these, each at its position: of a session
  Session session;                       // what is kept of it when it is saved again
  bool is_session = false;
  std::vector<std::string> warnings;     // what of the file is not there or not used
  std::string remark;                    // what of it is left to others, "" for nothing
};
/// A session or a journal: opening its model, and all it did. A patch or rules: applying them to what is open. A saved state: starting over from it. Anything else: opening a model.
/// Models of sessions are also looked for among `opened_before`; one that somebody has `located` is taken whatever its name is, and
/// opened where its content is the one that the session states. A refusal changes nothing.
Result<OpeningPlan> plan_to_open(const std::string& path, const std::vector<std::string>& opened_before, const std::string& located = "");
/// The same of a session that is at hand.
Result<OpeningPlan> plan_of(Session session, const std::string& path, const std::vector<std::string>& opened_before, const std::string& located = "");

/// Whether a path names edits, rules or a saved state: they are for the run that is there, nothing else is opened.
bool is_for_run(const std::string& path);

/// What showing A beside B does: the window opens one of both, and then these commands are applied like those of OpeningPlan.
struct ComparingPlan {
  std::string opened;
  std::vector<Command> then;
};
/// Two files that `statelab compare` takes. What is A stays A, whichever is opened. A model beside a session reads along with it, a model
/// beside a recorded trace reads its tokens, and of two models the second reads along with the first. Two recorded traces are refused: one
/// side must be able to go on.
Result<ComparingPlan> plan_to_compare(const std::string& a, const std::string& b);
/// A path that holds wherever it is used from; builtin:NAME stays.
std::string whole_path(const std::string& path);

/// What a session does: its commands in order, without files it would write. A run without an end goes to where the next
/// command was given; one at the very end is left out.
std::vector<Command> commands_of(const Session& session);

/// A session file: opening its model and all it did. Edits or rules: applying them. A saved state: starting from it. Anything else: opening it as a model. See `is_session`.
Result<std::vector<Command>> commands_to_open(const std::string& path);

}  // namespace lab
