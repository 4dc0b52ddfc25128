#pragma once
// Named ranges of tokens: dragged, named, told in numbers, drawn as a lane.
#include <string>

#include "views/panels/kept.h"
#include "views/panels/pane.h"

namespace lab {

/// Follows a Shift-drag of the pane that is being drawn from token to token. Returns whether the press belongs to one: it is no
/// click then.
bool drag_range(Ui& ui, PaneContext& context, const Hit& hit, std::int64_t token);
/// Where the drag of this pane has ended, begins to name what was dragged over. Once a frame, with the token under the mouse.
void finish_drag(Ui& ui, PaneContext& context, std::int64_t token);

/// Begins to name the tokens [first, last), or to change the named range `index`.
void begin_naming(RangeDraft& draft, std::int64_t first, std::int64_t last);
/// The tokens from one cursor to the other, or the one that A stands on.
void begin_naming_between_cursors(RangeDraft& draft, const Snapshot& snapshot);
void begin_renaming(RangeDraft& draft, const Snapshot& snapshot, std::int64_t index);
/// The page on which a range gets its name, where one was begun.
void draw_naming(Ui& ui, Box anchor, PaneContext& context);

/// The selected named range, or null.
const NamedRange* selected_range(const PaneContext& context);
/// Selects a named range and puts cursor A on its first token.
void go_to_range(PaneContext& context, int index);
/// The ranges on the time axis. A click goes to one, a double click shows nothing else, the right button opens a menu.
void draw_range_lane(Ui& ui, const KeptTimeAxis& axis, Box lane, PaneContext& context);

/// A statistic of the selected layer over some tokens; NaN where it is known of none.
struct RangeNumbers {
  double mean = 0, low = 0, high = 0;
};
RangeNumbers numbers_of(PaneContext& context, Statistic which, std::int64_t first, std::int64_t last);
/// A range in words and numbers, for a tooltip.
std::string range_tip(PaneContext& context, const std::string& name, std::int64_t first, std::int64_t last);

}  // namespace lab
