#pragma once
// PNG files with what the simple interfaces lack: resolution and text.
#include <string>
#include <utility>
#include <vector>

#include "views/plot/display_list.h"

namespace lab {

/// The bytes of a PNG; the alpha channel is left out where every pixel is opaque. `dots_per_inch` 0: none stored.
std::string png_bytes(const Pixels& pixels, double dots_per_inch,
                      const std::vector<std::pair<std::string, std::string>>& texts);

}  // namespace lab
