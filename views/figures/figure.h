#pragma once
// Kinds of figures: each turns a snapshot into a plot, for the window and for files alike.
#include <cstdint>
#include <span>
#include <string>

#include "app/core/snapshot.h"
#include "model/base/result.h"
#include "views/plot/plot.h"

namespace lab {

enum class RowOrder : std::uint8_t { index, half_life };
enum class CurveSet : std::uint8_t { norms, gates };

/// What a person can set about a figure.
struct FigureOptions {
  ColorMap map = ColorMap::rd_bu;
  Scaling scaling = Scaling::symlog;
  bool locked = false;  // the range below stays
  double low = 0, high = 0;
  RowOrder order = RowOrder::half_life;
  double yaw = 0.6, pitch = 0.35;  // of 3D, radians
  bool log_counts = true;          // of a histogram
  bool all_layers = false;         // norms of every layer instead of the selected one's curves
  bool cursors = true;             // cursor lines; files leave them out
  int rule = -1;                   // of alerts: the one in focus; -1: that of the alert at the cursor
  std::int64_t first_row = 0, rows = 0;  // of alerts by layer: those shown; 0: all
  StatePart part = StatePart::cell;          // of who wrote it
  bool on_screen = true;           // the window has cursors, titles and gaps of its own
  std::string tokens_label = "token";
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

/// The selection in words, as "layer 12 · h[channel, n = 3] · 1536 × 224 tokens".
std::string subtitle_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived);
/// What a place of a figure stands for, with the exact value: the text of a tooltip. "" where there is nothing.
std::string value_at(const std::string& kind, const Snapshot& snapshot, const Derived& derived,
                     const FigureOptions& options, int plot, double x, double y);
/// The data behind a figure as CSV (tidy: one row a point).
std::string csv_of(const std::string& kind, const Snapshot& snapshot, const Derived& derived,
                   const FigureOptions& options);

}  // namespace lab
