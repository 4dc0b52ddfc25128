#pragma once
// Parts of the time panel.
#include "views/panels/kept.h"
#include "views/panels/pane.h"

namespace lab {

/// The time axis with both cursors, named ranges, resets, edits, alerts and what has been read; the mouse moves the cursors along it.
void draw_lanes(Ui& ui, Box box, PaneContext& context);

/// Where an edit lies on the axis: between two tokens.
inline float place_of(const KeptTimeAxis& axis, std::int64_t position) { return axis.place(static_cast<double>(position) - 0.5); }
/// Diamonds of edits, bars of trials and rules. Those of other runs than the active one have the colours of their runs; a click goes there.
void draw_edit_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context, bool with_resets);

/// Both cursors beside each other with their difference, and the numbers of the selected range.
void draw_cursor_table(Ui& ui, Box box, PaneContext& context);

/// How far back the selected cell sees from cursor A: where a half, a tenth and a hundredth of what was written are left.
void draw_reach_ruler(Ui& ui, const KeptTimeAxis& axis, Box row, PaneContext& context);

inline constexpr const char* kPlaybackPage = "playback page";
/// The page that hangs from a button: speed, clock, how the next token is chosen, the way back.
void draw_playback(Ui& ui, Box anchor, PaneContext& context);
/// The choice of how many tokens, or layers, a second.
void draw_rate(Ui& ui, Box box, PaneContext& context);
void draw_clock(Ui& ui, Box box, PaneContext& context);

}  // namespace lab
