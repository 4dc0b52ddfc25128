#pragma once
// Every edit of the state in all its parts. It is a draft until it is applied.
#include <cstdint>
#include <string>
#include <vector>

#include "views/panels/pane.h"

namespace lab {

/// Puts an edit into the editor, which opens at a place; without one, where edits of the selected part are made.
void edit_state(PaneMemory& memory, const StateEdit& edit, Box anchor = {});
/// The same where the menu of a pane was opened: with the cell there, or the box around it, of a state of that shape.
void edit_clicked(Ui& ui, PaneContext& context, const std::vector<std::int64_t>& shape);
/// The editor of memory.state_draft, in whatever pane it was asked for.
void draw_state_editor(Ui& ui, PaneContext& context);

/// What a draft says, made at the end of the active run or in a fork of it at cursor A. Refused by field: what is typed wrong, and all
/// that can be told of the model and its runs; the rest is found where it is made.
Result<Command> command_of(const StateDraft& draft, const Snapshot& snapshot, bool as_fork);

/// Makes an edit at the end of the run, or in a fork that leaves it at cursor A.
void send_edit(PaneContext& context, const Command& edit, bool as_fork);
/// In how many tokens such a fork is made, and in words where an edit is.
std::int64_t edit_position(const Snapshot& snapshot, bool as_fork);
std::string edit_place(const Snapshot& snapshot, bool as_fork);

}  // namespace lab
