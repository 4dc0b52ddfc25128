#pragma once
// What the keys ask of the engine.
#include <vector>

#include "app/core/snapshot.h"
#include "app/shell/shortcuts.h"
#include "views/panels/clock.h"

namespace lab {

/// The commands of an action in the present situation; none for actions of the window itself and for those that would change
/// nothing. `rate`: tokens a second of a run, or what plays; `clock`: what a step is.
std::vector<Command> commands_of(Action action, const Snapshot& snapshot, double rate, TimeClock clock = TimeClock::token);

/// Whether the action gives the keyboard to a text field.
bool moves_keyboard(Action action);

/// Whether holding the key down may repeat the action.
bool repeats(Action action);

}  // namespace lab
