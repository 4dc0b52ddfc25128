#pragma once
// One idea of linear, logarithmic and symmetric-logarithmic scales for axes and for colours.
#include "views/plot/color_map.h"
#include "views/plot/plot.h"

namespace lab {

/// A stretch of a scale: values to shares of its length and back. Low may lie above high.
struct Stretch {
  Scaling scaling = Scaling::linear;
  double low = 0, high = 1;
  double threshold = 0;  // of symlog: linear within +- this

  /// Not clamped; NaN where the scale has no place for the value. A stretch of no width answers 0.5.
  double share(double value) const;
  double value(double share) const;
};

/// A logarithmic range that reaches zero becomes a symmetric one.
Stretch stretch_of(const Axis& axis);
Stretch stretch_of(const ColorScale& scale);

}  // namespace lab
