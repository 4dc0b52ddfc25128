#pragma once
// Panes of the window: each draws itself into a box from a snapshot and says what the user wants by commands.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/core/snapshot.h"
#include "views/figures/figure.h"
#include "views/panels/edit_target.h"
#include "views/panels/kit/ui.h"
#include "views/paint/imgui_painter.h"

namespace lab {

/// What the time axis counts, and what a step is.
enum class TimeClock : std::uint8_t { token, layer, wall };

/// A range of tokens that is being named.
struct RangeDraft {
  bool is_open = false;
  std::int64_t index = -1;            // of the named range that is changed; -1: a new one
  std::string name;
  std::int64_t first = 0, last = 0;   // [first, last)
  std::uint64_t number = 0;           // grows with every one that was begun
};
/// A note at a token that is being written.
struct NoteDraft {
  bool is_open = false;
  std::int64_t index = -1;            // of the note that is changed; -1: a new one
  std::int64_t token = 0;
  std::string text;
  std::uint64_t number = 0;           // grows with every one that was begun
};
/// What a key asks of the pane under the mouse.
enum class PaneWish : std::uint8_t { none, copy, lock, fit, explain, menu };
enum class LayerSort : std::uint8_t { index, norm, change };

/// What a person has set in Compare. Which runs, and how they are aligned, is in the selection.
struct CompareMemory {
  bool is_flipped = false;                        // while its key is held: A and B change places
  bool link_range = true, link_time = true;       // one range of colours, one time axis for both
  ShownColumns alone;                             // the columns that B shows by itself; none: all
  bool shows_values = false;                      // of what comes next: probabilities in place of ranks
  TrajectoryBasis basis = TrajectoryBasis::joint;
  std::vector<std::int64_t> pinned;               // layers that stay among the norms
  enum class LayerOrder : std::uint8_t { index, first, difference } layer_order = LayerOrder::index;
  DifferenceOrder order = DifferenceOrder::time;
  bool lists_all = false;                         // every difference, not only the first of each point
  bool searches = false;                          // the field above the list is open
  bool asks_file = false;                         // a file is to be chosen that is compared with
  bool shows_all = false;                         // the difference of every run, in place of B's
  std::vector<std::int64_t> left_out;             // runs that are not shown there
  std::string search;                             // typed there
};

/// Lanes that are about to be opened.
struct LaneDraft {
  bool is_open = false;
  std::vector<std::string> texts;  // a field for each
};
/// A rule that is being written.
struct InterventionDraft {
  int index = -1;      // of the rule that is changed; -1: a new one
  Intervention rule;
  Box anchor = {};     // what the editor hangs from
  bool opens = false;  // the editor opens in this frame
};
/// An edit of the state that is being written: what is chosen, and what is typed.
struct StateDraft {
  StateEdit edit;           // its operation, tensor, elements, name, and the run or file that it takes from
  bool takes_file = false;  // elements are from a saved state
  std::string layer = "all", value = "0", seed = "0", token = "start", from_layer = "same";
  Box anchor = {};          // what the editor hangs from; empty: the button for it
  bool opens = false;       // the editor opens in this frame
};
/// Controls that were run, and of which run (Snapshot::run).
struct KnownControls {
  std::uint64_t run = 0;
  std::shared_ptr<const ControlTable> table;
};

/// What the table of edits and rules asks of the window, to which files and the clipboard belong.
enum class RowWish : std::uint8_t { none, save, load, copy_rule, copy_edit };

/// What panes keep between frames: view options, text being typed, pictures. Belongs to the shell, one a window.
struct PaneMemory {
  std::map<std::string, FigureOptions> options;  // by figure kind
  std::string prompt;                            // typed, not yet fed
  bool focus_prompt = false;                     // the keyboard goes to the prompt in the next frame
  bool pca_3d = false;
  CurveSet curves = CurveSet::drivers;           // which curves; of norms, options say whether those of all layers
  Watched watched = kNoneWatched;                // tokens whose probability is followed over time
  std::string layer_filter;                      // typed in the list of layers
  bool focus_layer_filter = false;               // the keyboard goes there in the next frame
  LayerSort layer_sort = LayerSort::index;
  bool show_index_map = false;                   // the index map opens in the next frame
  std::string wish_pane;                         // the pane that a key asks something of in the next frame,
  PaneWish wish = PaneWish::none;                // and what
  bool show_attention = false;                   // state at t: what a layer of attention attends to instead of its cache
  bool show_weight_error = false;                // weights: their differences from the model they are compared with
  bool show_monitor = false;                     // the rules and their alerts in place of the states
  bool show_compare = false;                     // two runs side by side in place of the states; rules come before
  CompareMemory compare;
  std::string alert_search;                      // typed in the table of alerts
  int alert_rule = -1;                           // the only rule that the table lists; -1: all
  int rule_in_focus = -1;                        // whose numbers shade the rows of layers; -1: that of the alert at the cursor
  std::string export_wish;                       // a kind of figure whose export is asked for
  std::optional<TokenWindows> windows;           // that the evidence of an alert compares channel by channel
  double calibrate_every = 5000;                 // tokens between false alarms that are asked for
  double rate = 8;                               // tokens a second
  TimeClock clock = TimeClock::token;
  RangeDraft draft;
  int range = -1;                                // the named range that is selected
  int go_to_range = -1;                          // the one that the next frame goes to and selects
  int token_measure = 0;                         // what colours the tokens
  bool search_tokens = false;                    // the search of the token strip is open
  std::string token_search;                      // typed there
  bool focus_token_search = false;               // the keyboard goes there in the next frame
  int search_step = 0;                           // +1, -1: the next frame goes to the next match or the one before
  NoteDraft note;
  bool stops = false;                            // the page of breakpoints is open
  LaneDraft lanes;
  double lane_keeps = 0;                         // of its past when it is reset: 0 nothing
  bool show_reach = false;                       // how far back the selected cell sees, on the time axis
  std::int64_t writer = -1;                      // the token chosen among those who wrote; -1: the one that gives most
  std::int64_t renamed_run = -1;                 // the run whose name is being typed; -1: none
  std::string run_name;                          // typed there
  bool playback = false;                         // the page of speed, clock and sampling is open
  double edit_value = 0.5;                       // of the edit of the selected part
  StateDraft state_draft;
  CellBox box;                                   // picked in the state at t
  std::string tensor_search, weights_against;    // typed on the page of weights
  bool focus_tensor_search = false;              // the keyboard goes there in the next frame
  std::string last_tensor;                       // that was looked at
  int intervention = -1;                         // the rule that is chosen in the table
  InterventionDraft intervention_draft;
  RowWish row_wish = RowWish::none;              // what the table asked for in this frame,
  std::int64_t wished_row = -1;                  // and of which rule, or which of Snapshot::edits
  std::vector<KnownControls> controls;           // the latest of each rule
  double controls_share = -1;                    // of those that are being run, so much is done; -1: none are
  std::string controls_refusal;                  // why the last ones could not be run
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

/// The options with which panes show a kind of figure.
FigureOptions shown_options(const std::string& kind, const PaneMemory& memory);
/// What the options of a memory add to what visible panes want computed.
void complete(Query& query, const PaneMemory& memory);

/// A pane by its name in the workspace tree.
struct PaneKind {
  const char* name;   // "tokens", "layers", "next", "state-over-time", "curves", "state-at", "pca", "selection", "transport"
  Query needs;
  void (*draw)(Ui& ui, Box box, PaneContext& context);
  const char* figure = nullptr;  // whose menu a right click opens; null: the pane does that itself, or has none
  const char* view = nullptr;  // how a menu of views calls it; null: it belongs where it is
};
/// Draws a pane, and its menu.
void draw_pane(const PaneKind& kind, Ui& ui, Box box, PaneContext& context);
std::span<const PaneKind> pane_kinds();
const PaneKind* find_pane(const std::string& name);

}  // namespace lab
