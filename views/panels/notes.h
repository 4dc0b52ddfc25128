#pragma once
// Notes at tokens, and the page of breakpoints.
#include "views/panels/kept.h"
#include "views/panels/pane.h"

namespace lab {

/// Begins a note at cursor A, or to rewrite the one that is there.
void begin_note(NoteDraft& draft, const Snapshot& snapshot);
/// The page on which a note is written, where one was begun.
void draw_note_page(Ui& ui, Box anchor, PaneContext& context);
/// The notes on the time axis. A click goes to one, the right button rewrites it.
void draw_note_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context);
/// The token of the note nearest after a token, or before it; nothing where there is none.
std::optional<std::int64_t> neighbour_note(const Snapshot& snapshot, std::int64_t token, bool next);

inline constexpr const char* kStopsPage = "stops page";
/// The page of breakpoints: which there are, which of them are on, and a field for another one.
void draw_stops(Ui& ui, Box anchor, PaneContext& context);

}  // namespace lab
