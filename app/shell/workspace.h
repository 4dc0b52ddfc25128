#pragma once
// How each page divides the window into panes, and which pane is enlarged.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/core/snapshot.h"
#include "app/shell/layout.h"
#include "app/shell/tiling.h"
#include "views/panels/kit/ui.h"

namespace lab {

/// What the window shows of an open model.
enum class Page : std::uint8_t { inspect, weights, monitor, compare };

class Workspace {
 public:
  Workspace();

  /// Gives the lists of layers the room they need, and what is left to the next tokens and to the table of alerts.
  void fit_layers(std::int64_t layers);
  void show(Page page) { page_ = page; }
  /// Places the panes. Below 1400 units of width side panes become narrow, and the next tokens move to the middle.
  void place(Box body);
  const std::map<std::string, Box>& panes() const { return tiling_.panes; }
  /// What the visible panes want computed.
  Query needs() const;
  /// The pane at a place, "" where there is none.
  std::string pane_at(float x, float y) const;

  /// The pane after another one as a page is read, from left to right and down, or with -1 before it; around the ends. From a name
  /// that is not there, the first or the last.
  std::string neighbour(const std::string& pane, int by) const;

  /// Lets the mouse drag the lines between panes. Before the panes draw, so that a line wins over what lies beside it.
  void handle_gutters(Ui& ui);
  /// Draws the lines, after the panes.
  void draw_lines(Ui& ui) const;

  /// Gives a pane all the space between what stays above and below, or takes it back.
  void toggle_enlarged(const std::string& pane);
  bool is_enlarged() const { return !enlarged_.empty(); }

  /// Shows another view in the place of a pane; where that view has a place on this page, the two change places.
  void show_view(const std::string& pane, const std::string& view);
  /// How the panes are arranged, and arranging them so. Names and sizes that mean nothing here are passed over.
  PaneLayout layout() const;
  void arrange(const PaneLayout& layout);

 private:
  PaneTile* list_ = nullptr;  // of the wide tree: layers above, next tokens below
  PaneTile* lanes_ = nullptr;         // of the Monitor: alerts by layer above, their table below
  PaneTile* narrow_lanes_ = nullptr;  // the same in a narrow window
  std::unique_ptr<PaneTile> wide_, narrow_, weights_, monitor_, narrow_monitor_, compare_, narrow_compare_;
  PaneTile& tree(Box body) const;
  std::vector<std::pair<const char*, PaneTile*>> trees() const;

  Tiling tiling_;
  Box body_;  // that was last filled
  std::string enlarged_;
  Page page_ = Page::inspect;
};

}  // namespace lab
