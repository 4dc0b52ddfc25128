#pragma once
// What panes keep between frames so that an unchanged pane costs no layout: pages, series, places of tokens.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "views/figures/alert_limits.h"
#include "views/panels/pane.h"
#include "views/plot/layout.h"

namespace lab {

/// A figure laid out for a pane, and everything it depends on as text.
struct KeptFigure {
  std::string key;
  Figure figure;
  LaidOut page;
  std::string subtitle;
  bool is_there = false;
  Error refusal;    // when it is not
  Derived sources;  // held, so that what the figure reads stays alive
};

/// A statistic of a layer over all tokens, extended as tokens come.
struct KeptSeries {
  std::uint64_t revision = 0;
  std::vector<float> values;
  double high = 0;  // the largest finite value
};

/// The extremes of a series by pixel, as shares of its own range from the top: what a small curve is drawn from.
struct KeptSparkline {
  std::string key;
  std::vector<float> high, low;
};

/// Where the tokens of the strip lie: x from the left edge of its row.
struct KeptTokens {
  std::string key;
  std::vector<float> x, width;
  std::unordered_map<std::int32_t, float> width_of;  // by token
  std::vector<std::int64_t> row_start;               // first token of each row
  std::int64_t laid_out = 0;                         // tokens placed, waiting ones included
  std::int64_t read = 0;                             // of these, those that were read
  float row_end = 0;                                 // where the last row ends
  std::int64_t top_row = 0;
  std::int64_t followed = -2;  // the cursor that was last brought into view
};

/// Where the data of the time axes lie, from the last pane that drew one: what the lanes below line up with.
struct KeptTimeAxis {
  float left = 0, right = 0;  // units; equal: none drawn yet
  double low = 0, high = 1;   // tokens
  float place(double token) const { return left + static_cast<float>((token - low) / (high - low)) * (right - left); }
  double token(float x) const { return low + static_cast<double>((x - left) / (right - left)) * (high - low); }
};

/// A Shift-drag over tokens, in the pane where it began.
struct KeptDrag {
  std::string pane;  // "": none goes on
  std::int64_t from = 0, to = 0;
  std::int64_t first() const { return std::min(from, to); }
  std::int64_t last() const { return std::max(from, to) + 1; }
};

/// A Shift-drag over cells of the state at t, in the pane where it began.
struct KeptBoxDrag {
  std::string pane;  // "": none goes on
  ShownPlace from;
};

/// What the search of the token strip has found: first and last token of each place.
struct KeptSearch {
  std::string typed, text;  // the pieces read so far, one behind the other
  std::uint64_t revision = 0;
  std::vector<std::size_t> begins;  // of each token in the text
  std::vector<std::pair<std::int64_t, std::int64_t>> matches;
  bool has_gone = false;  // to a match since it was typed
};

/// Who wrote the selected part, from the token that gives most to the one that gives least.
struct KeptWriters {
  std::shared_ptr<const Content> of;
  std::vector<std::int64_t> largest;
  double sum = 0, largest_part = 0;
};

/// The picture of how far a run is from the first one, or of the norms of that.
struct KeptStrip {
  std::string key;
  std::shared_ptr<const RunDifferences> of;  // held: the key names it by its address
  std::shared_ptr<const Pixels> pixels;
};

/// Of the Monitor: what is being edited, what was looked at, what takes long to compute.
struct KeptMonitor {
  std::set<std::tuple<std::int64_t, int, std::string>> seen;  // alerts, by token, layer and kind of rule
  int edited = -1;                                            // the rule in the editor
  Box editor_anchor;                                          // what it hangs from
  float cards_scroll = 0;                                     // of the rules, units
  std::int64_t first_row = 0, followed_layer = -1;            // of the alerts by layer
  int followed_alert = -1;                                    // the alert that was last brought into view in the table,
  std::int64_t followed_cursor = -2;                          // and where the cursor was then
  std::size_t listed = 0;                                     // alerts in the table
  bool sees_alert = false;                                    // whether that alert is in view
  std::string calibrated_key, shares_key;
  std::shared_ptr<const std::vector<Rule>> calibrated_from;  // held: the key names it by its address
  std::vector<Rule> calibrated;  // rules as calibration would have them; those that cannot be stay as they are
  LimitShares shares;
};

/// Of Compare: where rows are scrolled to, and the list of differences as it was filtered last.
struct KeptCompare {
  std::int64_t first_cell = 0, followed = -2;  // column of the first cell of the token rows; the cursor that was brought into view
  std::string list_key;
  std::vector<ListedDifference> listed;
  std::int64_t total = 0;                      // differences in all, whatever is listed
  std::int64_t equal_until = -1;               // the first column shown whose states differ; -1: none does
  std::string equal_key;
  double dragged = 0;                          // columns of the range on the time axis
};

struct PaneMemory::Kept {
  std::map<std::string, KeptFigure> figures;               // by pane and kind
  std::map<std::pair<int, Statistic>, KeptSeries> series;  // by layer and statistic
  std::map<int, KeptSparkline> sparklines;                 // of layers
  KeptTokens tokens;
  KeptMonitor monitor;
  KeptCompare compare;
  KeptTimeAxis time;
  KeptDrag drag;
  KeptBoxDrag box_drag;
  KeptSearch search;
  KeptSeries surprise, entropy;
  const void* surprise_of = nullptr;  // the track that the two were taken from
  KeptSeries hidden;                  // how much cursor A reads of each token,
  std::shared_ptr<const HiddenAttentionMap> hidden_of;  // by which map,
  std::int64_t hidden_token = -2;     // and from where
  bool playback_is_open = false;      // as the last frame had it
  std::uint64_t naming = 0;           // the range that the open page names
  std::string first_text, last_text;  // typed there
  std::int64_t followed_layer = -1;  // the selection that was last brought into view
  std::string followed_tensor, followed_against;
  double pan = 0, pan_rows = 0;      // tokens and rows dragged, not yet shown
  bool has_panned = false;           // the press that is going on has moved the view: it is no click
  std::string menu_value;            // what a right click found
  std::int64_t menu_token = -1, menu_cell = -1;  // and where
  bool menu_at_pane = false;         // a key opened it, with the mouse elsewhere
  std::string hover_pane, hover_value;  // what the mouse points at: a value in words
  std::int64_t hover_token = -1, hover_cell = -1;  // at a token, at a flat cell of the state
  std::string right_pane;            // where the right button went down,
  float right_x = 0, right_y = 0;    // and at which place, units
  std::string percentile_key;        // of the selected cell in its tensor
  double percentile = 0;
  std::string index_offset, index_tuple, index_problem;  // typed into the index map
  std::string index_key;             // what its fields show
  int index_tensor = 0;
  int selection_tab = 0;
  int edit = 0;       // of the edit box
  int edit_part = 3;  // what it changes: the cell or box, the channel, the head, the layer, all layers
  Box edit_button;    // that leads from there to the editor
  KeptWriters writers;
  std::uint64_t noting = 0;                      // the note that the open page writes
  bool stops_are_open = false;                   // as the last frame had the page of breakpoints
  std::string stop_text;                         // typed there
  std::map<std::pair<std::string, std::int64_t>, KeptStrip> strips;  // of runs, by pane and run
  std::int64_t first_run = 0;                    // at the top of the tree of runs
  bool renaming_is_open = false;                 // as the last frame had the page that names a run
  std::int64_t first_lane = 0;                   // at the top of the lanes
  bool opening_lanes = false;                    // as the last frame had the page on which lanes are opened
};

/// The kept part of a memory, made on first use.
PaneMemory::Kept& kept_of(PaneContext& context);

/// A statistic over all tokens recorded.
const KeptSeries& kept_series(PaneContext& context, int layer, Statistic which);

}  // namespace lab
