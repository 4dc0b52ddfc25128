#pragma once
// Draws what is known of a model before it is loaded.
#include <string>

#include "app/core/preview.h"
#include "views/panels/kit/ui.h"

namespace lab {

/// Draws a preview into a box from the top down, scrolled by what surrounds it. `hash`: of the content, "" where it is not
/// known. Returns the height it took.
float draw_preview(Ui& ui, Box box, const Preview& preview, const std::string& hash);

}  // namespace lab
