#pragma once
// Parts of the transport pane.
#include "views/panels/pane.h"

namespace lab {

/// The time axis with both cursors, edits and what has been read; the mouse moves the cursors along it.
void draw_lanes(Ui& ui, Box box, PaneContext& context);

}  // namespace lab
