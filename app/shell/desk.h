#pragma once
// What a person has set, and how the panes are arranged: in force, and kept for the next window.
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "app/shell/preferences.h"
#include "app/shell/shortcuts.h"
#include "app/shell/workspace.h"

namespace lab {

class Desk {
 public:
  /// As the file keeps it; "": the program as it comes, and nothing is kept. `wake`: see PreferencesFile.
  Desk(const std::string& file, std::function<void()> wake) : kept_(file, std::move(wake)), settings_(kept_.latest().settings) {}

  const Settings& settings() const { return settings_; }
  PreferencesFile& kept() { return kept_; }
  const PreferencesFile& kept() const { return kept_; }

  /// Arranges the panes of a new window and what views begin with. `theme`: in place of the setting where no file is kept.
  void begin(int theme, Workspace& workspace, PaneMemory& memory);
  /// Puts settings in force, and views that begin otherwise with them.
  void use(const Settings& wanted, PaneMemory& memory);
  /// Notes how the panes are arranged, while nothing is being dragged.
  void note(const Workspace& workspace);
  /// Takes the last change of the layout back, or makes it again.
  void undo(Workspace& workspace) { arrange(history_.undo(), workspace); }
  void redo(Workspace& workspace) { arrange(history_.redo(), workspace); }

 private:
  void arrange(const std::optional<PaneLayout>& layout, Workspace& workspace);

  PreferencesFile kept_;
  Settings settings_;
  LayoutHistory history_;
};

/// The menu that the title of a pane opens: other views in its place. Called after the pane has drawn, under its id. Arranges
/// the panes; returns what else was asked for.
std::optional<Action> draw_view_menu(Ui& ui, Workspace& workspace, const std::string& pane);

}  // namespace lab
