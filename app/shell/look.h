#pragma once
// How ImGui's own widgets (text fields, popups, scrollbars) are made to look like ours.
#include "views/panels/kit/theme.h"

namespace lab {

/// Sets every colour and size of ImGui's style for a theme and a scale.
void apply_look(const Theme& theme, float scale);

}  // namespace lab
