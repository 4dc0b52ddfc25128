#pragma once
// What opening a path means, as commands.
#include <string>
#include <vector>

#include "app/core/session.h"

namespace lab {

/// What a session does: its commands in order, without files it would write. A run without an end goes to where the next
/// command was given; one at the very end is left out.
std::vector<Command> commands_of(const Session& session);

/// A session file: opening its model and all it did. Anything else: opening it as a model. See `is_session`.
Result<std::vector<Command>> commands_to_open(const std::string& path);

}  // namespace lab
