#pragma once
// Finds anything by typing: commands, layers, tokens, tensors, settings of the views, built-in models.
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/core/snapshot.h"
#include "app/shell/input_queue.h"
#include "app/shell/settings.h"
#include "app/shell/shortcuts.h"
#include "app/shell/start_page.h"
#include "app/shell/workspace.h"
#include "views/panels/pane.h"

namespace lab {

/// What choosing an entry does: an action of the window, a command of the lab, a change of how views show things, of
/// settings or of the layout, or opening a path.
using PaletteDeed = std::variant<Action, Command, std::function<void(PaneMemory&)>, std::function<void(Settings&)>, std::function<void(Workspace&)>, std::string>;

struct PaletteEntry {
  const char* kind;  // "command", "layer", "token", "tensor", "view", "range", "run", "edit", "pane", "setting", "model", "copy", "session"
  std::string label, keys;
  PaletteDeed does;
};

/// Everything that can be chosen now and that what is typed names, the best first. Tokens, panes and settings only once something is typed.
std::vector<PaletteEntry> palette_entries(const std::string& typed, const Snapshot& snapshot, const Workspace& workspace,
                                          const std::vector<RecoveredCard>& recovered = {});
/// The same of the other views for one pane.
std::vector<PaletteEntry> view_entries(const std::string& typed, const std::string& pane);

/// The same of what was done since the model was opened, the latest first: choosing copies a command, or a line for a shell.
std::vector<PaletteEntry> history_entries(const std::string& typed, const Snapshot& snapshot);

class Palette {
 public:
  /// Opens it on everything. `recovered`: what earlier windows left.
  void open(std::vector<RecoveredCard> recovered = {});
  /// Opens it on what was done, to be copied.
  void open_for_history();
  /// Opens it on the other views for one pane.
  void open_for(const std::string& pane);
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }
  /// A key press, always while its text field has the keyboard. Returns whether the palette used it.
  bool press(const InputEvent& press, bool in_text);

  /// Draws it. Returns what was chosen in this frame.
  std::optional<PaletteDeed> draw(Ui& ui, Box window, const Snapshot& snapshot, const Workspace& workspace);

 private:
  void find(const Snapshot& snapshot, const Workspace& workspace);
  void move(int by);

  bool is_open_ = false, take_focus_ = false, chosen_ = false;
  int generation_ = 0;  // of the text field
  std::string typed_, found_key_;
  std::string pane_;  // whose views are listed alone; "": everything is
  std::vector<RecoveredCard> recovered_;
  bool is_history_ = false;  // what was done is listed alone
  std::vector<PaletteEntry> found_;
  int selected_ = 0, first_ = 0;  // rows: chosen, and at the top of the list
};

}  // namespace lab
