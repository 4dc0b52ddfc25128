#pragma once
// Parts of the selection pane.
#include "views/panels/pane.h"

namespace lab {

/// The few edits that the selected part needs most, and the way to all of them.
void draw_edit(Ui& ui, Box& box, PaneContext& context);
/// What the editor has chosen, with what the chosen operation has no use for as well.
StateEdit present_edit(PaneContext& context);
/// What the history uses of its budget.
void draw_memory(Ui& ui, Box& box, PaneContext& context);

}  // namespace lab
