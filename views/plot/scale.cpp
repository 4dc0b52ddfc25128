#include "views/plot/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "views/plot/layout.h"

namespace lab {

namespace {

/// Position on an endless scale. Symlog: v / T within the threshold T, then 1 + ln(|v| / T), which joins without a kink.
double position(Scaling scaling, double value, double threshold) {
  switch (scaling) {
    case Scaling::linear: return value;
    case Scaling::log: return value > 0 ? std::log(value) : std::numeric_limits<double>::quiet_NaN();
    case Scaling::symlog: {
      const double size = std::abs(value) / threshold;
      return size <= 1 ? value / threshold : std::copysign(1 + std::log(size), value);
    }
    case Scaling::sign: return value > 0 ? 1 : value < 0 ? -1 : value;
  }
  return value;
}

double value_at_position(Scaling scaling, double at, double threshold) {
  switch (scaling) {
    case Scaling::linear: return at;
    case Scaling::log: return std::exp(at);
    case Scaling::symlog:
      return std::abs(at) <= 1 ? at * threshold : std::copysign(threshold * std::exp(std::abs(at) - 1), at);
    case Scaling::sign: return std::abs(at) <= 1.0 / 3 ? 0 : std::copysign(1, at);
  }
  return at;
}

Stretch stretch(Scaling scaling, double low, double high, double threshold) {
  const double reach = std::max(std::abs(low), std::abs(high));
  if (scaling == Scaling::log && std::min(low, high) <= 0) scaling = Scaling::symlog;
  if (!(threshold > 0)) threshold = reach > 0 ? reach / 100 : 1;
  return {scaling, low, high, threshold};
}

}  // namespace

double Stretch::share(double value) const {
  const double from = position(scaling, low, threshold);
  const double to = position(scaling, high, threshold);
  return from == to ? 0.5 : (position(scaling, value, threshold) - from) / (to - from);
}

double Stretch::value(double share) const {
  const double from = position(scaling, low, threshold);
  const double to = position(scaling, high, threshold);
  return value_at_position(scaling, from + share * (to - from), threshold);
}

Stretch stretch_of(const Axis& axis) { return stretch(axis.scaling, axis.low, axis.high, 0); }
Stretch stretch_of(const ColorScale& scale) {
  return stretch(scale.scaling, scale.low, scale.high, scale.linear_threshold);
}

double PlotArea::x_from(double place) const { return stretch_of(x).value((place - frame.x) / frame.w); }
double PlotArea::y_from(double place) const { return stretch_of(y).value((frame.bottom() - place) / frame.h); }
double PlotArea::place_of_x(double value) const { return frame.x + stretch_of(x).share(value) * frame.w; }
double PlotArea::place_of_y(double value) const { return frame.bottom() - stretch_of(y).share(value) * frame.h; }

}  // namespace lab
