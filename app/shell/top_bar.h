#pragma once
// The bar at the top: what is open, undo and redo, search, open, help, theme, settings.
#include <functional>
#include <optional>

#include "app/core/snapshot.h"
#include "app/shell/shortcuts.h"
#include "app/shell/workspace.h"
#include "views/panels/kit/ui.h"

namespace lab {

/// Draws the bar. Returns what was asked for with the mouse; `send` takes what the list of runs asks of the lab.
std::optional<Action> draw_top_bar(Ui& ui, Box bar, const Snapshot& snapshot, Page shown, const std::function<void(Command)>& send);

}  // namespace lab
