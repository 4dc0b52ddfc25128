#pragma once
// Refusals as help: what was refused, what was expected and found, what to do next.
#include <string>

#include "model/base/result.h"
#include "views/panels/kit/ui.h"

namespace lab {

/// What to do about a refusal: what it says itself, else what its kind suggests.
std::string next_step(const Error& error);

/// What was refused, as a sentence that names the file.
std::string headline(const Error& error);

/// Draws a refusal into a box of any height. Returns the height used.
float draw_refusal(Ui& ui, Box box, const Error& error);

}  // namespace lab
