#pragma once
// What the keys ask of the engine.
#include <optional>

#include "app/core/snapshot.h"
#include "app/shell/shortcuts.h"

namespace lab {

/// The command of an action in the present situation; nothing for actions of the window itself and for those that would
/// change nothing. `rate`: tokens a second of a run.
std::optional<Command> command_of(Action action, const Snapshot& snapshot, double rate);

/// Whether the action gives the keyboard to a text field.
bool moves_keyboard(Action action);

/// Whether holding the key down may repeat the action.
bool repeats(Action action);

}  // namespace lab
