#pragma once
// How Inspect divides the window into panes, and which pane is enlarged.
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "app/core/snapshot.h"
#include "app/shell/tiling.h"
#include "views/panels/kit/ui.h"

namespace lab {

class Workspace {
 public:
  Workspace();

  /// Gives the list of layers the room it needs, and the next tokens what is left beside it.
  void fit_layers(std::int64_t layers);
  /// Shows the weights of a tensor in place of the run.
  void show_weights(bool shown) { shows_weights_ = shown; }
  /// Places the panes. Below 1400 units of width side panes become narrow, and the next tokens move to the middle.
  void place(Box body);
  const std::map<std::string, Box>& panes() const { return tiling_.panes; }
  /// What the visible panes want computed.
  Query needs() const;
  /// The pane at a place, "" where there is none.
  std::string pane_at(float x, float y) const;

  /// Lets the mouse drag the lines between panes. Before the panes draw, so that a line wins over what lies beside it.
  void handle_gutters(Ui& ui);
  /// Draws the lines, after the panes.
  void draw_lines(Ui& ui) const;

  /// Gives a pane all the space between the token strip and the transport, or takes it back.
  void toggle_enlarged(const std::string& pane);
  bool is_enlarged() const { return !enlarged_.empty(); }

 private:
  Tile* list_ = nullptr;  // of the wide tree: layers above, next tokens below
  std::unique_ptr<Tile> wide_, narrow_, weights_;
  Tiling tiling_;
  std::string enlarged_;
  bool shows_weights_ = false;
};

}  // namespace lab
