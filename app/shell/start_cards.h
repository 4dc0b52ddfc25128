#pragma once
// What the start page offers: the built-in models, and the sessions that come with the program.
#include <vector>

#include "app/shell/start_page.h"

namespace lab {

/// Reads the headers of the built-in models; one that cannot be opened is left out.
std::vector<StartCard> model_cards();

/// The last few models and sessions that were opened and are still there.
std::vector<StartCard> recent_cards(const std::string& recent_file);

/// The sessions in the folders `sessions` beside the assets; one that cannot be read is left out.
std::vector<StartCard> study_cards();

}  // namespace lab
