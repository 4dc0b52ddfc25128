#pragma once
// What the panes of interventions share: the rules of the active run, and the controls that have been run of them.
#include <memory>
#include <vector>

#include "views/panels/pane.h"

namespace lab {

/// The rules that hold at the end of the active run, empty where there are none.
const std::vector<Intervention>& present_interventions(const Snapshot& snapshot);
/// The controls that were run of a rule of the active run, or null.
const ControlTable* controls_of(const Snapshot& snapshot, const PaneMemory& memory, const Intervention& rule);

/// A rule on the selected layer, from cursor A on for a few tokens.
Intervention fresh_intervention(const Snapshot& snapshot);
/// Puts a rule into the editor; index -1: a new one.
void edit_intervention(PaneContext& context, int index, const Intervention& rule);
/// The editor of memory.intervention_draft; opened as the popup "intervention".
void draw_intervention_editor(Ui& ui, Box anchor, PaneContext& context);

/// The bars of rules on the event lane, over the tokens at which they hold or held.
struct InterventionBar {
  std::int64_t first = 0, last = 0;
  const Intervention* rule = nullptr;
};
std::vector<InterventionBar> intervention_bars(const std::vector<EditEvent>& edits, std::int64_t count);

}  // namespace lab
