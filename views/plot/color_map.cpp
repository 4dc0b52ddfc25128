#include "views/plot/color_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "views/plot/scale.h"

namespace lab {

namespace {

// Anchors at equal distances. RdBu (high is red) and PuOr: ColorBrewer 2.0 by Cynthia Brewer, Mark Harrower and The
// Pennsylvania State University, Apache 2.0. Viridis and magma: Smith and van der Walt, CC0. Cividis: Nunez et al. 2018.
constexpr std::uint32_t kRdBu[] = {0x053061, 0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xF7F7F7,
                                   0xFDDBC7, 0xF4A582, 0xD6604D, 0xB2182B, 0x67001F};
constexpr std::uint32_t kPuOr[] = {0x2D004B, 0x542788, 0x8073AC, 0xB2ABD2, 0xD8DAEB, 0xF7F7F7,
                                   0xFEE0B6, 0xFDB863, 0xE08214, 0xB35806, 0x7F3B08};
constexpr std::uint32_t kViridis[] = {0x440154, 0x482878, 0x3E4A89, 0x31688E, 0x26828E,
                                      0x1F9E89, 0x35B779, 0x6DCD59, 0xB4DE2C, 0xFDE725};
constexpr std::uint32_t kCividis[] = {0x00204D, 0x00336F, 0x39486B, 0x575C6D, 0x707173,
                                      0x8A8779, 0xA69D75, 0xC4B56C, 0xE4CF5B, 0xFFEA46};
constexpr std::uint32_t kMagma[] = {0x000004, 0x180F3E, 0x451077, 0x721F81, 0x9F2F7F,
                                    0xCD4071, 0xF1605D, 0xFD9567, 0xFEC98D, 0xFCFDBF};
constexpr std::uint32_t kGray[] = {0x000000, 0xFFFFFF};

std::span<const std::uint32_t> anchors(ColorMap map) {
  switch (map) {
    case ColorMap::rd_bu: return kRdBu;
    case ColorMap::pu_or: return kPuOr;
    case ColorMap::viridis: return kViridis;
    case ColorMap::cividis: return kCividis;
    case ColorMap::magma: return kMagma;
    case ColorMap::gray:
    case ColorMap::tint: return kGray;
  }
  return kGray;
}

/// Three bytes, each `share` of b and the rest of a.
std::uint32_t mixed(std::uint32_t a, std::uint32_t b, double share) {
  std::uint32_t out = 0;
  for (int shift = 0; shift < 24; shift += 8) {
    const double from = a >> shift & 255, to = b >> shift & 255;
    out |= static_cast<std::uint32_t>(std::lround(from + share * (to - from))) << shift;
  }
  return out;
}

/// The values that count for a fitted range; beyond a quarter of a million an even sample of them.
std::vector<float> finite_sample(const float* values, std::size_t count, bool robust) {
  constexpr std::size_t enough = 1 << 18;
  // An odd step visits every column and row of a matrix whose sides are powers of two.
  const std::size_t step = robust && count > enough ? (count / enough) | 1 : 1;
  std::vector<float> kept;
  kept.reserve(count / step + 1);
  for (std::size_t i = 0; i < count; i += step)
    if (std::isfinite(values[i])) kept.push_back(values[i]);
  return kept;
}

double quantile(std::vector<float>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

}  // namespace

const char* name_of(ColorMap map) {
  constexpr std::array names{"RdBu", "PuOr", "viridis", "cividis", "magma", "gray", "tint"};
  return names[static_cast<std::size_t>(map)];
}

const char* name_of(Scaling scaling) {
  constexpr std::array names{"linear", "log", "symlog", "sign"};
  return names[static_cast<std::size_t>(scaling)];
}

bool is_diverging(ColorMap map) { return map == ColorMap::rd_bu || map == ColorMap::pu_or; }

Rgba color_at(ColorMap map, double share) {
  const auto colors = anchors(map);
  const double at = (share > 0 ? std::min(share, 1.0) : 0.0) * static_cast<double>(colors.size() - 1);
  const auto left = std::min(static_cast<std::size_t>(at), colors.size() - 2);
  return rgba(mixed(colors[left], colors[left + 1], at - static_cast<double>(left)));
}

double ColorScale::share(double value) const {
  const double share = stretch_of(*this).share(value);
  return share > 0 ? std::min(share, 1.0) : 0.0;
}

double ColorScale::value(double share) const { return stretch_of(*this).value(share); }

Rgba ColorScale::color(double value) const {
  if (std::isnan(value)) return kNanColor;
  if (std::isinf(value)) return value > 0 ? kInfinityColor : kMinusInfinityColor;
  if (map == ColorMap::tint) return mixed(ground, shade, reversed ? 1 - share(value) : share(value)) | 0xFFu << 24;
  return color_at(map, map_from + (1 - map_from) * share(value));
}

ColorScale fitted_scale(ColorMap map, Scaling scaling, const float* values, std::size_t count, bool robust) {
  ColorScale scale{.map = map, .scaling = scaling};
  std::vector<float> kept = finite_sample(values, count, robust);
  const bool positive_only = scaling == Scaling::log && !is_diverging(map);
  if (positive_only) std::erase_if(kept, [](float value) { return value <= 0; });
  scale.low = positive_only ? 0.1 : is_diverging(map) ? -1 : 0;
  scale.high = 1;
  if (kept.empty()) return scale;

  double low = quantile(kept, robust ? 0.005 : 0), high = quantile(kept, robust ? 0.995 : 1);
  if (is_diverging(map)) {
    high = std::max(std::abs(low), std::abs(high));
    low = -high;
  } else if (positive_only) {
    low = std::max(low, high * 1e-8);  // a lone tiny value would take most of the map
  }
  if (low == high) {
    const double around = high == 0 ? 1 : std::abs(high) / 2;
    low -= around, high += around;
    if (is_diverging(map)) low = -high;
  }
  scale.low = low, scale.high = high;
  return scale;
}

}  // namespace lab
