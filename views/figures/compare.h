#pragma once
// What figures of comparisons share: the axis of aligned columns, the two sides' names, and where they part.
#include <optional>
#include <string>
#include <utility>

#include "views/figures/parts.h"

namespace lab {

/// The columns of an alignment on an axis: as numbers of A's tokens where these follow each other, as places in the alignment otherwise.
struct ColumnAxis {
  explicit ColumnAxis(const ComparedRuns& compared);
  double of(std::int64_t column) const { return static_cast<double>(column + shift); }
  /// The column at a place of the axis.
  std::int64_t column_at(double x) const;
  Axis axis(std::int64_t first, std::int64_t last) const;  // over columns [first, last)

  std::int64_t shift = 0;
  bool are_tokens = true;
};

/// Columns [first, last) that a snapshot shows.
std::pair<std::int64_t, std::int64_t> shown_columns(const Snapshot& snapshot, const ComparedRuns& compared);

/// "A  main", "B  zero L12".
std::string side_title(const ComparedRuns& compared, bool is_b);
/// "t = 103 ␣the", or both tokens where they differ or stand at different places.
std::string column_text(const ComparedRuns& compared, std::int64_t column);
/// How both are aligned, "" by position.
std::string alignment_text(const ComparedRuns& compared);

/// The first column at which any bit of a layer's recurrent state differs; -1: none does; nothing where it is not compared.
std::optional<std::int64_t> first_state_difference(const ComparedRuns& compared, std::int64_t layer);

/// Dashed lines where B was edited and A was not, a red one at the first tokens that differ. Their labels only where `named`.
void add_partings(const ComparedRuns& compared, bool named, Plot& plot);

/// Cursor lines, where options want them.
void add_compare_cursors(const Snapshot& snapshot, const ComparedRuns& compared, const FigureOptions& options, Plot& plot);

/// Whether a snapshot holds two runs to be compared.
bool has_two_runs(const Snapshot& snapshot);
/// Why nothing is compared yet, or cannot be.
Error not_compared(const Snapshot& snapshot, const Derived& derived, const char* what);

}  // namespace lab
