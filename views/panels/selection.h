#pragma once
// Parts of the selection pane.
#include "views/panels/pane.h"

namespace lab {

/// The editor of the state at the end of the run.
void draw_edit(Ui& ui, Box& box, PaneContext& context);
/// What the history uses of its budget.
void draw_memory(Ui& ui, Box& box, PaneContext& context);

}  // namespace lab
