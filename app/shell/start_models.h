#pragma once
// The built-in models as cards of the start page.
#include <vector>

#include "app/shell/start_page.h"

namespace lab {

/// Reads the headers of the built-in models; one that cannot be opened is left out.
std::vector<StartModel> start_models();

}  // namespace lab
