#pragma once
// Lanes: runs that step side by side. Which of them are through with their tokens, and the page on which lanes are opened.
#include <cstdint>
#include <vector>

#include "views/panels/kept.h"
#include "views/panels/pane.h"

namespace lab {

/// The runs among several that have read all that was fed to them, without those that were reset since: what a reset of finished
/// lanes chooses.
std::vector<std::int64_t> finished_lanes(const Snapshot& snapshot);
bool any_lane_waits(const Snapshot& snapshot);

/// The page that asks for the texts of new lanes, where it is wanted (PaneMemory::lanes).
void draw_lane_page(Ui& ui, Box anchor, PaneContext& context);

}  // namespace lab
