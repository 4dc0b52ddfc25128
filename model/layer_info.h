#pragma once
// What a recorder and a reader need to know of a layer: its points, and which values drive its recurrence.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "model/stage.h"

namespace lab {

/// What the recorder keeps of a layer at every token. `replay` marks those that Model::replay needs.
struct Driver {
  Point point = Point::x;
  std::int64_t width = 0;
  bool replay = false;
};

/// A point of a layer and its shape for one token. kCachedRows stands for the rows that the token sees in the cache.
struct PointShape {
  Point point = Point::x;
  std::vector<std::int64_t> shape;
};
constexpr std::int64_t kCachedRows = -1;

/// Elements of a point where the cache holds `rows`.
inline std::int64_t elements_of(const PointShape& point, std::int64_t rows = 0) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : point.shape) elements *= extent == kCachedRows ? rows : extent;
  return elements;
}

/// Lays `width` values of one token, of as many cached rows as that makes, out for `rows` of them: zeros behind the last.
template <class Real>
void pad_cached_rows(const PointShape& point, const Real* values, std::int64_t width, std::int64_t rows, Real* out) {
  const auto axis = std::find(point.shape.begin(), point.shape.end(), kCachedRows);
  const auto product = [](auto first, auto last) { return std::accumulate(first, last, std::int64_t{1}, std::multiplies<>()); };
  const std::int64_t outer = product(point.shape.begin(), axis);
  const std::int64_t inner = axis == point.shape.end() ? 1 : product(axis + 1, point.shape.end()) * rows;
  std::fill_n(out, outer * inner, Real(0));
  for (std::int64_t i = 0; i < outer; ++i) std::copy_n(values + i * (width / outer), width / outer, out + i * inner);
}

/// The statistics that a selective scan fills, one bit each.
constexpr std::uint32_t kScanStatistics = (1u << static_cast<int>(Statistic::entropy_mean)) - 1;
constexpr std::uint32_t bit(Statistic statistic) { return 1u << static_cast<int>(statistic); }

struct LayerInfo {
  std::string kind, title;           // "mamba2", "Mamba-2"
  std::int64_t heads = 0, head_dim = 0;  // how the channels of its state are grouped; 0: they are not
  std::vector<std::string> parts;    // "k", "v": the heads are those of a cache's newest row, in as many equal parts
  std::vector<std::string> columns;  // "aa", "bb", "pp": where state indexes are different things
  std::vector<Driver> drivers;       // those with `replay` first; resid_out is always among the others
  std::vector<PointShape> points;    // in the order of computation, from resid_in to resid_out
  std::uint32_t statistics = kScanStatistics;  // those that are numbers; the others stay NaN
  std::int64_t keyframe_every = 64;  // tokens between keyframes: clamp(2.5 state / driver bytes, 64, 128)

  bool has_cache() const { return !parts.empty(); }  // its state grows with every token
};

}  // namespace lab
