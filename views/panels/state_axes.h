#pragma once
// The axes of a state: which of them a heatmap shows, and where the others stand.
#include <optional>

#include "views/panels/kept.h"

namespace lab {

/// The command that selects a flat cell of the selected layer's state of that shape.
Command select_cell(const Snapshot& snapshot, const std::vector<std::int64_t>& shape, std::int64_t cell);
/// The cell `by` rows further down in the state over time as it is displayed; nothing at its end.
std::optional<Command> neighbour_row(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options, std::int64_t by);
/// The cell with the next index on an axis, counted from the last one: -1 is the state index, -2 the channel or that within its head,
/// -3 the head. Nothing at its end.
std::optional<Command> neighbour_index(const Snapshot& snapshot, const Derived& derived, int axis, std::int64_t by);

/// A page of controls below a button: which axis goes down (`rows`) or which one stays (otherwise), and a slider for the index of the
/// selected cell on each. Opened by ImGui::OpenPopup("axes").
void draw_axes_popover(Ui& ui, Box anchor, PaneContext& context, const std::vector<std::int64_t>& shape, FigureOptions& options, bool rows);

}  // namespace lab
