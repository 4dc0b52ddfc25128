#pragma once
// What the kinds of figures share: the tokens shown, texts of values, refusals, and the table of kinds.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "views/figures/figure.h"

namespace lab {

/// All a figure is made from.
struct FigureInput {
  const Snapshot& snapshot;
  const Derived& derived;
  const FigureOptions& options;
};

/// A kind with the functions behind subtitle_of, value_at and csv_of.
struct FigureCode {
  FigureKind kind;
  std::string (*subtitle)(const Snapshot& snapshot, const Derived& derived);
  std::string (*value)(const FigureInput& input, int plot, double x, double y);
  std::string (*csv)(const FigureInput& input);
  const char* explanation = "";
};

extern const FigureCode kStateHeatmap, kStateAt, kAttention, kNorms, kGates, kDrivers, kChannel, kExpected, kPca2d, kPca3d, kScree, kNextToken, kLogitLens, kWeightHeatmap,
    kWeightError, kWeightHistogram, kAlerts, kAlertEvidence, kAlertLimits, kContent, kHalfLife, kHiddenAttention, kCompareHeatmap, kCompareNorms, kComparePca, kCompareMultiples,
    kDiscretisation, kHalfLifeMap;

/// Tokens on the time axis: [first, last).
struct TokenRange {
  std::int64_t first = 0, last = 0;
  std::int64_t count() const { return last - first; }
};
TokenRange shown_tokens(const Snapshot& snapshot);

/// Tokens across, each centred on its number.
Axis time_axis(const Snapshot& snapshot, const FigureOptions& options);

/// Whether a token is one of those read.
bool has_token(const Snapshot& snapshot, std::int64_t token);
/// What a token looks like: "␣hollow"; "vector" for a run fed with vectors; "" for one that was not read.
std::string token_text(const Snapshot& snapshot, std::int64_t token);

/// The shortest text that reads back as this very number, with its sign; "NaN", "+∞" and "−∞" for the others.
std::string exact_text(float value);
/// The same as a CSV cell: plain ASCII.
std::string csv_text(float value);
/// A text as a CSV cell, quoted where needed.
std::string csv_quoted(std::string_view text);
/// "38 %".
std::string percent_text(double share);
/// "3 NaN" or "".
std::string nan_note(std::int64_t count);

/// What the rows of a slab are: "h[channel, n = 3]" in long, "h[channel, 3]", "h[3, p, 5]"; "k, v[channel]" of a cache.
std::string slice_text(const Snapshot& snapshot, const StateSlab& slab, bool is_long);
/// The names of the axes of the selected layer's state, as "head", "p", "n".
std::vector<std::string> axis_names(const Snapshot& snapshot, std::size_t rank);
/// The index that the selected cell has on each axis of a state of that shape; within it.
std::vector<std::int64_t> selected_index(const Snapshot& snapshot, const std::vector<std::int64_t>& shape);
/// Rows where the half-life passes round numbers of tokens, not closer than a twentieth of those shown; slowest first.
std::vector<std::pair<double, std::string>> half_life_marks(const std::vector<std::int32_t>& by_half_life, const std::vector<float>& half_life, double first,
                                                            double rows);
/// What is known of the selected layer, or null.
const LayerInfo* selected_layer(const Snapshot& snapshot);

/// A channel of a layer by its row: "channel 822", or "head 3, p 12" where channels are grouped in heads.
std::string channel_text(const Snapshot& snapshot, std::int64_t row);
/// A cell of the recurrent state: "h[822, 3]" or "h[3, 12, 5]".
std::string cell_text(const Snapshot& snapshot, std::int64_t row, std::int64_t state);

/// What the state at t shows; nothing while there is no state.
ShownCells shown_cells(const FigureInput& input);

/// The flat cell of the state under a place of the heatmaps, or -1.
std::int64_t heatmap_cell(const FigureInput& input, double y);
std::int64_t state_at_cell(const FigureInput& input, double x, double y);
/// The place of a cell in the state at t, as (column, row) displayed; nothing where it is not shown.
std::optional<std::pair<std::int64_t, std::int64_t>> place_in_state_at(const FigureInput& input, std::int64_t cell);
/// Whether row 0 is at the bottom: so it is by index.
bool heatmap_grows_upwards(const FigureInput& input);
/// The displayed row of a cell in the state over time, or -1.
std::int64_t row_in_heatmap(const FigureInput& input, std::int64_t cell);
/// The flat cell that is selected.
std::int64_t selected_cell(const Snapshot& snapshot, const std::vector<std::int64_t>& shape);
/// Rows [first, first + count) of `rows` that options show.
std::pair<std::int64_t, std::int64_t> window_of(std::int64_t first, std::int64_t count, std::int64_t all);

/// Why there is no figure: before the first token, while it is computed, or because the history was dropped.
Error not_there(const Snapshot& snapshot, const Derived& derived, const char* what, std::int64_t tokens_needed = 1);

/// The colour scale of values: the locked range, or one fitted to them.
ColorScale scale_for(const FigureOptions& options, const std::vector<float>& values);

}  // namespace lab
