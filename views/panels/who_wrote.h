#pragma once
// Who wrote the selected part of the state: what its pane and the list beside the selected cell share.
#include "views/panels/kept.h"
#include "views/panels/pane.h"

namespace lab {

/// The tokens of what was derived, from the one that gives most to the one that gives least. Kept between frames.
const KeptWriters& kept_writers(PaneContext& context);
/// Of what is being asked: the part whose writers are shown.
StatePart written_part(const PaneMemory& memory);
/// One of those who wrote, for a tooltip.
std::string writer_tip(const Snapshot& snapshot, const Content& content, std::int64_t token);
/// Takes what a token has left out of the part: here where cursor A is at the end, otherwise as a fork from there.
void forget_token(PaneContext& context, std::int64_t token);

/// The tokens that give most to the selected cell, a bar each; as many as there is room for, at most `rows`.
void draw_written_by(Ui& ui, Box& box, PaneContext& context, int rows);

}  // namespace lab
