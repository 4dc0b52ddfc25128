#pragma once
// The menu that a right click, or a key, opens on a pane: the same in all of them.
#include <functional>
#include <string>
#include <vector>

#include "views/panels/kept.h"
#include "views/panels/kit/widgets.h"

namespace lab {

/// What a pane offers beside copying, exporting and explaining its figure.
struct PaneMenu {
  std::string kind;                      // of the figure that is shown
  FigureOptions shown = {};              // as it is shown: what is copied
  FigureOptions* lockable = nullptr;     // whose colour range can be locked, to
  const KeptFigure* figure = nullptr;    // that of this one
  std::function<void()> fit = {};        // shows all; none: there is nothing to zoom
  std::vector<MenuItem> more = {};       // of the pane itself, first
  std::string values = {};               // tab-separated values in place of those of the figure
};

/// Tells the menu what the mouse points at in this frame.
void note_hover(Ui& ui, PaneContext& context, const std::string& value, std::int64_t token = -1, std::int64_t cell = -1);

/// Opens the menu by a click with the right button or by its key, carries out what keys asked of the pane, and returns the item of
/// `more` that was chosen, or -1. Last in a pane.
int pane_menu(Ui& ui, Box pane, PaneContext& context, const PaneMenu& offered);

/// Keeps the colour range of a figure, or lets it follow the values again.
void toggle_lock(FigureOptions& options, const KeptFigure& figure);

/// A CSV text with tabs between its cells.
std::string tab_separated(const std::string& csv);

}  // namespace lab
