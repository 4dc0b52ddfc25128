#pragma once
// Runs as the window shows them: each keeps its colour in every pane.
#include <string>

#include "views/panels/kept.h"
#include "views/panels/pane.h"

namespace lab {

/// The colour of a run: the first blue, then orange, pink, green, in the order in which they were made.
Color run_color(const Theme& theme, const Snapshot& snapshot, std::int64_t id);
/// The active run among all, null before a model is open.
const RunFacts* active_run(const Snapshot& snapshot);
const RunFacts* find_run(const Snapshot& snapshot, std::int64_t id);
/// How many of its tokens are its own, read after it was forked.
std::int64_t own_tokens(const RunFacts& run);
/// The run in which an edit of a run was made: itself, or the one that it was forked from after the edit.
std::int64_t maker_of(const Snapshot& snapshot, const RunFacts& run, const EditEvent& edit);
/// The run that read a token of a run, for it or before it was forked.
std::int64_t owner_at(const Snapshot& snapshot, const RunFacts& run, std::int64_t token);
/// What differs: "at 100: zero L12", "at 100, reads another text".
std::string difference_text(const Snapshot& snapshot, const RunFacts& run);

/// The menu of a run, opened by ImGui::OpenPopup: go to it, rename, promote, continue, fork, reset, delete. Once a frame.
void draw_run_menu(Ui& ui, const char* id, PaneContext& context, const RunFacts& run);
/// A page on which a run gets its name, where that was begun.
void draw_run_naming(Ui& ui, Box anchor, PaneContext& context);
/// Lines in the colours of the runs on the time axis, which branch where forks begin. A click goes to a run.
void draw_fork_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context);

}  // namespace lab
