#pragma once
// What the panes of Compare share: the two runs, the columns of their alignment, and how the mouse moves through them.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "views/figures/compare_plots.h"
#include "views/panels/figure_pane.h"
#include "views/panels/run_look.h"

namespace lab {

/// Space beside the data of the panes whose x axis is time; only those at the left have labels there.
constexpr float kCompareLeft = 56, kCompareInner = 24, kCompareRight = 24;

constexpr const char* kFileTip = "A session, a recorded trace or another model beside this run; or drop one here\tCtrl+Shift+O";

/// Two runs that are compared, and what is seen of them in this frame. Columns count the alignment.
struct CompareScene {
  const Snapshot& snapshot;
  const RunFacts& a;
  const RunFacts& b;
  const ComparedRuns& runs;
  const Alignment& alignment;
  ShownColumns shown;
  bool in_b = false;  // the active run is B: cursor and range are counted in its tokens

  /// The tokens of a column; -1 and -1 beyond the last one.
  TokenPair pair(std::int64_t column) const;
  bool has(std::int64_t column) const { return column >= 0 && column < alignment.count(); }
  /// "103", or "103 | 98" where the two have other numbers there.
  std::string number_text(std::int64_t column) const;
  /// The text of the token of A there or, where A has none, of B.
  std::string token_text(std::int64_t column) const;
  /// The first column of a point that counts as a difference: of two runs that are to be equal in every bit any, otherwise one beyond
  /// the tolerance.
  std::int64_t first_of(const PointDifferences& point) const { return runs.table.tolerance.exact ? point.summary.first : point.summary.first_beyond; }
  /// The text of an id of A or B.
  std::string piece(std::int32_t id, bool of_b) const { return (of_b ? runs.b : runs.a).piece(id); }
};
/// How two are that do not differ: "equal to the bit", or within a tolerance.
inline const char* equal_words(const ComparedRuns& runs) { return runs.table.tolerance.exact ? "equal to the bit" : "equal within the tolerance"; }
/// Nothing while there are fewer than two runs, or until the comparison has begun.
std::optional<CompareScene> compare_scene(const PaneContext& context);
/// The same, with a note in the box where there is none.
std::optional<CompareScene> scene_or_note(Ui& ui, Box box, PaneContext& context);

/// What makes two runs of one: a fork after the token at the cursor.
Command fork_here(const Snapshot& snapshot);
/// The active run beside another one, as B, aligned as the two before.
Command compare_active_with(const Snapshot& snapshot, std::int64_t run);

/// Where a run was edited that the other one was not: before the token in a column was read. In the order of columns.
struct CompareMark {
  std::int64_t column = 0;
  std::int64_t position = 0;
  std::string label;
  bool of_b = false;
};
std::vector<CompareMark> own_edits(const CompareScene& scene);

/// Puts cursor A on a column, and makes a run active that has a token there.
void seek_column(PaneContext& context, const CompareScene& scene, double column);
/// Shows the columns [first, first + width) on the time axes.
void show_columns(PaneContext& context, const CompareScene& scene, double first, double width);
/// The next column after the cursor, or the last one before it, at which anything begins to differ: tokens, or the state of a layer
/// for the first time. -1: there is none.
std::int64_t next_difference(const CompareScene& scene, bool backwards);
void go_to_difference(PaneContext& context, bool backwards);

/// What the two runs are and how far they have been compared, for the status bar; nothing while there are fewer than two.
std::vector<std::string> compare_facts(const Snapshot& snapshot, const Derived& derived);

/// A plot laid out for a pane; made again when the key changes.
const KeptFigure& kept_plot(Ui& ui, Box box, PaneContext& context, const std::string& slot, const std::string& key, double left, double right,
                            const std::function<Figure()>& make);
/// What such a plot depends on beside its own: the comparison, both runs, and the columns shown.
std::string scene_key(const CompareScene& scene);

/// The lines of cursor A and of edits on a plot over columns.
void draw_column_marks(Ui& ui, Box frame, const PlotArea& area, const CompareScene& scene, bool on_heatmap);
/// Lowest value, the colours, highest value, from the right edge of a header inwards; where the pane is at least so wide.
constexpr float kRoomForLegend = 380;
void draw_color_legend(Ui& ui, PaneHeader& header, const ColorScale& scale);

/// Whether the difference is shown of all runs at once, the runs that are, and the choice of that; the pane that shows them.
bool shows_multiples(const Snapshot& snapshot, const CompareMemory& memory);
MultiplesQuery multiples_query(const Snapshot& snapshot, const CompareMemory& memory);
void choose_multiples(Ui& ui, PaneHeader& header, PaneContext& context);
void draw_multiples(Ui& ui, Box box, PaneContext& context);

/// Cursor, pan and zoom along the columns, and the rows too where they can be zoomed.
Hit handle_columns(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const CompareScene& scene, const char* id, AxisView rows = {});

}  // namespace lab
