#pragma once
// Where an axis has ticks and what they say.
#include <functional>
#include <string>
#include <vector>

#include "views/plot/scale.h"

namespace lab {

struct Tick {
  double value = 0;
  double place = 0;   // from the low end of the axis, in points
  std::string label;  // "" for minor ticks
};

/// What ticks must fit into. `extent` is a label's size along the axis, `gap` what lies free between two labels.
struct TickRoom {
  double length = 0;
  double spacing = 40;  // wanted between ticks
  double gap = 4;
  std::function<double(const std::string&)> extent;
  bool signed_labels = false;  // "+0.6"
};

/// Ticks whose labels do not overlap: as many as `room.spacing` wants, or fewer.
std::vector<Tick> ticks_of(const Stretch& stretch, bool whole_numbers, const TickRoom& room);
/// Given marks as ticks; one that would overlap an earlier one's label is left out.
std::vector<Tick> ticks_of(const std::vector<std::pair<double, std::string>>& marks, const Stretch& stretch,
                           const TickRoom& room);

}  // namespace lab
