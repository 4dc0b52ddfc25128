#pragma once
// How a person has arranged the panes: values that can be kept, compared, taken back and made again.
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lab {

/// Only what differs from the way the window comes.
struct PaneLayout {
  std::map<std::string, float> sizes;        // of splits, "wide/state-at": units, or the share of the first part
  std::map<std::string, std::string> views;  // what a place shows in place of its own pane: "wide/pca" -> "lens"
  std::string enlarged;                      // the pane that has all the room
  friend bool operator==(const PaneLayout&, const PaneLayout&) = default;
};

/// What undo and redo of the layout walk through, apart from those of the state.
class LayoutHistory {
 public:
  /// Begins with a layout that nobody has changed yet.
  void begin(const PaneLayout& layout) { *this = {}, now_ = layout; }
  /// Tells how the panes are now, while nothing is being dragged. Returns whether that is news.
  bool observe(const PaneLayout& layout);
  /// The layout before the last change, or after what was last taken back; nothing where there is none.
  std::optional<PaneLayout> undo();
  std::optional<PaneLayout> redo();

 private:
  PaneLayout now_;
  std::vector<PaneLayout> past_, future_;  // the nearest last
};

}  // namespace lab
