#pragma once
// The page of all keys and mouse gestures, over the window until closed.
#include "views/panels/kit/ui.h"

namespace lab {

/// Draws the page in the middle of the window. Returns false when it was closed with the mouse.
bool draw_help(Ui& ui, Box window);

}  // namespace lab
