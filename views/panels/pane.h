#pragma once
// Panes of the window: each draws itself into a box from a snapshot and says what the user wants by commands.
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "app/core/snapshot.h"
#include "views/figures/figure.h"
#include "views/panels/kit/ui.h"
#include "views/paint/imgui_painter.h"

namespace lab {

/// What panes keep between frames: view options, text being typed, pictures. Belongs to the shell, one a window.
struct PaneMemory {
  std::map<std::string, FigureOptions> options;  // by figure kind
  std::string prompt;                            // typed, not yet fed
  bool focus_prompt = false;                     // the keyboard goes to the prompt in the next frame
  bool pca_3d = false;
  bool show_gates = false;                       // curves: gates instead of norms
  bool show_attention = false;                   // state at t: what a layer of attention attends to instead of its cache
  bool show_weight_error = false;                // weights: their differences from the model they are compared with
  bool show_monitor = false;                     // the rules and their alerts in place of the states
  std::string alert_search;                      // typed in the table of alerts
  int alert_rule = -1;                           // the only rule that the table lists; -1: all
  int rule_in_focus = -1;                        // whose numbers shade the rows of layers; -1: that of the alert at the cursor
  double calibrate_every = 5000;                 // tokens between false alarms that are asked for
  double rate = 8;                               // tokens a second
  double scale_factor = 0.5;                     // of the edit
  std::string tensor_search, weights_against;    // typed on the page of weights
  bool focus_tensor_search = false;              // the keyboard goes there in the next frame
  std::string last_tensor;                       // that was looked at
  struct Kept;                                   // cached layouts
  std::shared_ptr<Kept> kept;
};

struct PaneContext {
  const Snapshot& snapshot;
  const Derived& derived;              // may be empty parts while they are computed
  PaneMemory& memory;
  ImGuiPainter& painter;
  std::function<void(Command)> send;
  std::function<void(const std::string& kind)> export_view;  // asks for a file and exports
};

/// A pane by its name in the workspace tree.
struct PaneKind {
  const char* name;   // "tokens", "layers", "next", "state-over-time", "curves", "state-at", "pca", "selection", "transport"
  Query needs;
  void (*draw)(Ui& ui, Box box, PaneContext& context);
  const char* view = nullptr;  // how a menu of views calls it; null: it belongs where it is
};
std::span<const PaneKind> pane_kinds();
const PaneKind* find_pane(const std::string& name);

}  // namespace lab
