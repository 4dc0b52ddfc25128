#pragma once
// Kinds of figures: each turns a snapshot into a plot, for the window and for files alike.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/core/snapshot.h"
#include "model/base/result.h"
#include "views/plot/plot.h"

namespace lab {

enum class RowOrder : std::uint8_t { index, half_life, norm, similarity };
enum class CurveSet : std::uint8_t { norms, gates, drivers, channel, expected };
/// In the order of RowOrder.
inline constexpr const char* kOrderNames[] = {"index", "half-life", "norm", "similarity"};
/// How values of the state become colours: the scalings in the order of Scaling, and one by rows.
inline constexpr const char* kColouringNames[] = {"linear", "log", "symlog", "sign", "z-score"};

/// The largest zoom of PCA.
constexpr double kMostZoom = 1000;

/// What a person can set about a figure.
struct FigureOptions {
  ColorMap map = ColorMap::rd_bu;
  Scaling scaling = Scaling::symlog;
  bool locked = false;  // the range below stays
  double low = 0, high = 0;
  bool z_score = false;  // of the state over time: each row less its mean, in units of its standard deviation
  RowOrder order = RowOrder::half_life;
  std::int64_t rows_axis = -1;   // of the state over time, see StateSlab::axis
  std::int64_t fixed_axis = -1;  // of the state at t: the axis that stays at the selected cell; -1: all channels, one below the other
  double yaw = 0.6, pitch = 0.35;  // of 3D, radians
  double zoom = 1, center_x = 0, center_y = 0;  // of PCA: how much larger than all of it, around which place; 1: all
  bool log_counts = true;          // of a histogram
  bool all_layers = false;         // norms of every layer instead of the selected one's curves
  bool cursors = true;             // cursor lines; files leave them out
  int rule = -1;                   // of alerts: the one in focus; -1: that of the alert at the cursor
  std::int64_t first_row = 0, rows = 0;  // of heatmaps and alerts by layer: those shown, as displayed; 0: all
  std::int64_t first_column = 0, columns = 0;  // of the state at t; 0: all
  Watched watched = kNoneWatched;  // of expected tokens
  StatePart part = StatePart::cell;          // of who wrote it
  ComparisonQuery comparison;                // of comparisons: which runs, how aligned, on whose axes
  RunList runs = kNoRuns;                    // of several runs: those beside run A; none: all others
  std::optional<StepBounds> step_bounds;     // of the discretisation's second set of curves
  bool on_screen = true;           // the window has cursors, titles and gaps of its own
  std::string tokens_label = "token";
};

/// The cells that the state at t shows: row r of the picture is `row(r)` of the plane, and in its column c lies the flat cell
/// first + row(r) row_step + c column_step.
struct ShownCells {
  std::int64_t rows = 0, columns = 0, first = 0, row_step = 1, column_step = 1;
  const std::vector<std::int32_t>* order = nullptr;  // rows of the plane from the first shown on; null: as they are

  std::int64_t row(std::int64_t shown) const { return order ? (*order)[static_cast<std::size_t>(shown)] : shown; }
  std::int64_t cell(std::int64_t row, std::int64_t column) const { return first + row * row_step + column * column_step; }
  friend bool operator==(const ShownCells&, const ShownCells&) = default;
};

struct FigureKind {
  const char* name;   // "state-heatmap": also the name on the command line
  const char* title;  // "State over time"
  Query needs;
  double aspect;  // height over width, as exported
  Result<Figure> (*make)(const Snapshot& snapshot, const Derived& derived, const FigureOptions& options);
  bool (*applies)(const Snapshot& snapshot) = nullptr;  // whether a snapshot has what it is about; null: all have
};
std::span<const FigureKind> figure_kinds();
const FigureKind* find_figure(const std::string& name);

/// What a kind needs computed for some options.
Query needs_of(const FigureKind& kind, const FigureOptions& options);
/// The place in kColouringNames that options have, and options with another one. The range is not kept over it.
int colouring_of(const FigureOptions& options);
void set_colouring(FigureOptions& options, int colouring);

/// Options by their names on the command line and in sessions; refused are names that do not exist and ranges that are none.
Result<FigureOptions> options_of(const command::FigureLook& look);
command::FigureLook look_of(const FigureOptions& options);

/// What a kind shows, how that is computed and which approximation is made, in sentences; and what is shown at present.
std::string explanation_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived);

/// The selection in words, as "layer 12 · h[channel, n = 3] · 1536 × 224 tokens".
std::string subtitle_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived);
/// What a place of a figure stands for, with the exact value: the text of a tooltip. "" where there is nothing.
std::string value_at(const std::string& kind, const Snapshot& snapshot, const Derived& derived,
                     const FigureOptions& options, int plot, double x, double y);
/// The data behind a figure as CSV (tidy: one row a point).
std::string csv_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived,
                   const FigureOptions& options);

}  // namespace lab
