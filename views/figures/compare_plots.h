#pragma once
// What two runs that are compared look like: one state of both over the columns of their alignment, and the norms of some layers.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "views/figures/figure.h"

namespace lab {

/// The colour that a run has everywhere: the first one blue, the others orange, pink and green in the order in which they were made;
/// those of other files green, pink and orange.
Ink run_ink(const Snapshot& snapshot, std::int64_t run);

enum class CompareMap : std::uint8_t { a, b, difference };

/// The columns [first, last) of an alignment across, numbered by the tokens of A or, where it has none, of B.
Axis column_axis(const Alignment& alignment, std::int64_t first, std::int64_t last);
/// The place in a table of what a layer remembers: its recurrent state or, without one, what it gives to the residual stream; -1.
int state_point(const DifferenceTable& table, int layer);

/// One state of both, or their difference; `runs` must have a slab. The colours of A and B have one range where `is_shared`.
Plot compare_map(const Snapshot& snapshot, const ComparedRuns& runs, CompareMap which, const FigureOptions& options, bool is_shared, std::int64_t first,
                 std::int64_t last);
/// The row of the slab at a displayed row, and the other way round; -1 where there is none.
std::int64_t slab_row(const PairedSlab& slab, const FigureOptions& options, double shown);
std::int64_t shown_row(const PairedSlab& slab, const FigureOptions& options, std::int64_t row);
/// The value of a slab at a column of the alignment; NaN where there is none.
float slab_value(const PairedSlab& slab, CompareMap which, std::int64_t column, std::int64_t row);

/// B − A of several runs, one plot a run, over the tokens of A.
Figure compare_multiples(const Snapshot& snapshot, const RunMultiples& all, const FigureOptions& options);

/// The norms of the states of some layers, A solid and B dashed with the space between them filled, one plot a layer.
Figure compare_norms(const Snapshot& snapshot, const ComparedRuns& runs, std::span<const int> layers, std::int64_t first, std::int64_t last);
/// The norm of the state of a layer after the token that A or B has in a column: as it was recorded or, of a recorded trace, as it was
/// compared. NaN where there is none. `run` is that side.
double norm_at(const ComparedRuns& runs, const RunFacts& run, bool of_b, int layer, std::int64_t column);

}  // namespace lab
