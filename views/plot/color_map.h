#pragma once
// Numbers to colours: maps, scales, and heatmaps coloured on the processor.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "views/plot/display_list.h"

namespace lab {

/// Diverging: rd_bu (zero in the middle), pu_or. Sequential: viridis, cividis, magma, gray. A tint goes from the ground of a
/// plot to a soft shade of its first ink, for rows that marks lie on.
enum class ColorMap : std::uint8_t { rd_bu, pu_or, viridis, cividis, magma, gray, tint };
const char* name_of(ColorMap map);
/// Colour at a share in [0, 1].
Rgba color_at(ColorMap map, double share);
/// Whether zero has the middle colour of the map.
bool is_diverging(ColorMap map);

/// sign: below, at and above zero, whatever the range.
enum class Scaling : std::uint8_t { linear, log, symlog, sign };
const char* name_of(Scaling scaling);

/// How values become shares of a colour map. NaN and infinities have their own colours and win over finite neighbours.
struct ColorScale {
  ColorMap map = ColorMap::rd_bu;
  Scaling scaling = Scaling::linear;
  double low = -1, high = 1;
  double linear_threshold = 0;  // symlog is linear within +- this; 0: high / 100
  double map_from = 0;          // share of the map where it begins; the layout raises it on dark grounds
  bool reversed = false;        // of a tint: low values have the shade
  Rgba ground = rgba(0xFFFFFF), shade = rgba(0x2563C9);  // of a tint; the layout sets them
  /// In [0, 1]; clamped.
  double share(double value) const;
  /// The value at a share: the inverse within [low, high].
  double value(double share) const;
  /// The colour of any value, NaN and infinities included.
  Rgba color(double value) const;
  friend bool operator==(const ColorScale&, const ColorScale&) = default;
};
inline constexpr Rgba kNanColor = rgba(0xFF00FF);
inline constexpr Rgba kInfinityColor = rgba(0x00FF00), kMinusInfinityColor = rgba(0x00FFFF);

/// A colour scale for values: symmetric around zero for rd_bu and pu_or, [min, max] otherwise, by robust 0.5 and 99.5
/// percentiles when `robust`. Non-finite values are ignored; a constant gets a range of width > 0.
ColorScale fitted_scale(ColorMap map, Scaling scaling, const float* values, std::size_t count, bool robust);

/// How several cells that share a pixel are shown.
enum class Pooling : std::uint8_t { largest, mean, nearest };  // largest: the signed value of largest magnitude, NaN wins

/// Colours the cells [first_row, first_row + rows) x [first_column, first_column + columns) (may be fractional) of a
/// matrix at a pixel size; a negative number of rows or columns goes backwards from the first, which turns the picture
/// around. `column(i)` gives column i's values, `rows_in` of them, or null where there is none (transparent).
/// `row_order` maps a displayed row to a stored one; empty: as stored. With `grow_nans` a lone NaN covers 3 x 3 pixels.
std::shared_ptr<const Pixels> color_matrix(const std::function<const float*(std::int64_t)>& column, std::int64_t columns_in,
                                           std::int64_t rows_in, const std::vector<std::int32_t>& row_order, double first_column,
                                           double columns, double first_row, double rows, int width, int height,
                                           const ColorScale& scale, Pooling pooling, bool grow_nans = false);

}  // namespace lab
