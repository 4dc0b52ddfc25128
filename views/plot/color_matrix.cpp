// Heatmaps on the processor: pooling by integer comparison, colours from a table on the top 16 bits of the float.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "model/base/check.h"
#include "views/plot/color_map.h"
#include "views/plot/scale.h"

namespace lab {

namespace {

constexpr int kLevels = 1024;  // of a colour map
constexpr std::uint32_t kInfinityBits = 0x7F800000;

bool is_nan_bits(std::uint32_t bits) { return (bits & 0x7FFFFFFF) > kInfinityBits; }

/// Colours single values, by table where the table's eight bits of mantissa are finer than what an eye tells apart.
class Colorist {
 public:
  explicit Colorist(const ColorScale& scale) : scale_(scale) {
    if (scale.scaling != Scaling::sign && scale.low < scale.high && table_step(scale) <= 1.0 / 120) fill_table();
  }

  Rgba operator()(std::uint32_t bits) const {
    if (is_nan_bits(bits)) return kNanColor;
    return table_.empty() ? scale_.color(std::bit_cast<float>(bits)) : table_[bits >> 16];
  }

 private:
  /// The largest share of the scale between two neighbours in the table: it lies at an end of the range.
  static double table_step(const ColorScale& scale) {
    const Stretch stretch = stretch_of(scale);
    const auto step = [&](double value) {
      const double difference = stretch.share(value) - stretch.share(value * (1 - 1.0 / 128));
      return std::isfinite(difference) ? std::abs(difference) : 0;
    };
    return std::max(step(scale.low), step(scale.high));
  }

  /// Walks up the values of each sign; the level changes only where a limit is passed.
  void fill_table() {
    std::vector<double> limits(kLevels);  // from limits[k] upwards a value has level k or more
    std::vector<Rgba> colors(kLevels);
    for (int k = 0; k < kLevels; ++k) {
      limits[k] = k == 0 ? -std::numeric_limits<double>::infinity() : scale_.value((k - 0.5) / (kLevels - 1));
      colors[k] = scale_.color(scale_.value(static_cast<double>(k) / (kLevels - 1)));
    }
    table_.resize(65536);
    int up = 0;
    while (up + 1 < kLevels && limits[up + 1] <= 0) ++up;
    int down = up;
    for (std::uint32_t top = 0; top < 0x7F80; ++top) {
      const float value = std::bit_cast<float>(top << 16 | 0x8000);
      while (up + 1 < kLevels && limits[up + 1] <= value) ++up;
      while (down > 0 && limits[down] > -value) --down;
      table_[top] = colors[up];
      table_[top | 0x8000] = colors[down];
    }
    std::fill(table_.begin() + 0x7F80, table_.begin() + 0x8000, kInfinityColor);
    std::fill(table_.begin() + 0xFF80, table_.end(), kMinusInfinityColor);
    table_[0] = table_[0x8000] = scale_.color(0);  // exactly zero, not the middle of its neighbours
  }

  ColorScale scale_;
  std::vector<Rgba> table_;
};

/// The cells [first, last) under one pixel.
struct Span {
  std::int64_t first = 0, last = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// Divides cells among pixels: each cell belongs to one pixel where there are more cells, to its nearest ones otherwise.
std::vector<Span> spans(double first, double count, int pixels, std::int64_t cells, Pooling pooling) {
  constexpr double nudge = 1e-6;  // an edge that should be whole is
  const double step = count / pixels;
  const auto whole = [](double at) { return static_cast<std::int64_t>(std::floor(at)); };
  std::vector<Span> out(static_cast<std::size_t>(pixels));
  for (int p = 0; p < pixels; ++p) {
    const double a = first + p * step, b = first + (p + 1) * step;
    const double low = std::min(a, b), high = std::max(a, b);
    Span span{whole(low + nudge), whole(high + nudge)};
    if (p == (step > 0 ? pixels - 1 : 0)) span.last = static_cast<std::int64_t>(std::ceil(high - nudge));
    if (high - low <= 1 || pooling == Pooling::nearest) span = {whole((low + high) / 2), whole((low + high) / 2) + 1};
    out[static_cast<std::size_t>(p)] = {std::clamp<std::int64_t>(span.first, 0, cells),
                                        std::clamp<std::int64_t>(span.last, 0, cells)};
  }
  return out;
}

/// Reduces the cells of one pixel column to one value a pixel. Magnitude above sign: then the largest integer is the
/// value of largest magnitude, infinities beat finite values, and NaN beats infinities.
class Pool {
 public:
  Pool(std::int64_t rows_in, const std::vector<std::int32_t>& order, std::vector<Span> rows, Pooling pooling)
      : order_(order), rows_(std::move(rows)), mean_(pooling == Pooling::mean) {
    low_ = 0, high_ = rows_in;
    if (order.empty()) {
      low_ = rows_in, high_ = 0;
      for (const Span& span : rows_)
        if (span.first < span.last) low_ = std::min(low_, span.first), high_ = std::max(high_, span.last);
    }
    keys_.resize(static_cast<std::size_t>(rows_in));
    sums_.resize(mean_ ? static_cast<std::size_t>(rows_in) : 0);
  }

  /// Takes the columns of a span together; false where none of them exists.
  bool gather(const std::function<const float*(std::int64_t)>& column, const Span& columns) {
    taken_ = 0;
    for (std::int64_t i = columns.first; i < columns.last; ++i) {
      const float* values = column(i);
      if (!values) continue;
      if (mean_) add(values);
      else raise(values);
      ++taken_;
    }
    return taken_ > 0;
  }

  bool has(std::size_t pixel) const { return rows_[pixel].first < rows_[pixel].last; }

  std::uint32_t bits(std::size_t pixel) const {
    const Span& span = rows_[pixel];
    if (mean_) {
      double sum = 0;
      for (std::int64_t r = span.first; r < span.last; ++r) sum += sums_[stored(r)];
      return std::bit_cast<std::uint32_t>(static_cast<float>(sum / static_cast<double>(taken_ * (span.last - span.first))));
    }
    std::uint32_t key = 0;
    for (std::int64_t r = span.first; r < span.last; ++r) key = std::max(key, keys_[stored(r)]);
    return std::rotr(key, 1);
  }

 private:
  std::size_t stored(std::int64_t row) const {
    return static_cast<std::size_t>(order_.empty() ? row : order_[static_cast<std::size_t>(row)]);
  }
  void raise(const float* values) {
    for (std::int64_t r = low_; r < high_; ++r) {
      const std::uint32_t key = std::rotl(std::bit_cast<std::uint32_t>(values[r]), 1);
      std::uint32_t& kept = keys_[static_cast<std::size_t>(r)];
      kept = taken_ == 0 ? key : std::max(kept, key);
    }
  }
  void add(const float* values) {
    for (std::int64_t r = low_; r < high_; ++r) {
      double& sum = sums_[static_cast<std::size_t>(r)];
      sum = taken_ == 0 ? values[r] : sum + values[r];
    }
  }

  const std::vector<std::int32_t>& order_;
  std::vector<Span> rows_;
  bool mean_;
  std::int64_t low_ = 0, high_ = 0, taken_ = 0;
  std::vector<std::uint32_t> keys_;
  std::vector<double> sums_;
};

/// Lets each NaN cover its neighbours, so that a lone one is seen.
void grow(Pixels& pixels, bool across, bool down) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < pixels.rgba.size(); ++i)
    if (pixels.rgba[i] == kNanColor) found.push_back(i);
  for (const std::size_t i : found) {
    const int x = static_cast<int>(i % static_cast<std::size_t>(pixels.width));
    const int y = static_cast<int>(i / static_cast<std::size_t>(pixels.width));
    for (int v = std::max(0, y - down); v <= std::min(pixels.height - 1, y + down); ++v)
      for (int u = std::max(0, x - across); u <= std::min(pixels.width - 1, x + across); ++u)
        pixels.rgba[static_cast<std::size_t>(v) * static_cast<std::size_t>(pixels.width) + static_cast<std::size_t>(u)] =
            kNanColor;
  }
}

/// Pixel columns that show the same cells share a strip. Strips are columns, the picture is rows: 16 rows at a time.
void write_strips(const std::vector<Rgba>& strips, const std::vector<std::size_t>& strip_of, Pixels& into) {
  const auto width = static_cast<std::size_t>(into.width), height = static_cast<std::size_t>(into.height);
  for (std::size_t y0 = 0; y0 < height; y0 += 16) {
    const std::size_t y1 = std::min(height, y0 + 16);
    for (std::size_t x = 0; x < width; ++x) {
      const Rgba* strip = &strips[strip_of[x] * height];
      for (std::size_t y = y0; y < y1; ++y) into.rgba[y * width + x] = strip[y];
    }
  }
}

}  // namespace

std::shared_ptr<const Pixels> color_matrix(const std::function<const float*(std::int64_t)>& column,
                                           std::int64_t columns_in, std::int64_t rows_in,
                                           const std::vector<std::int32_t>& row_order, double first_column,
                                           double columns, double first_row, double rows, int width, int height,
                                           const ColorScale& scale, Pooling pooling, bool grow_nans) {
  auto out = std::make_shared<Pixels>();
  out->width = std::max(width, 0), out->height = std::max(height, 0);
  out->rgba.resize(static_cast<std::size_t>(out->width) * static_cast<std::size_t>(out->height));
  if (out->rgba.empty()) return out;
  const std::int64_t shown_rows = row_order.empty() ? rows_in : static_cast<std::int64_t>(row_order.size());
  LAB_CHECK(shown_rows, <=, rows_in);

  const Colorist colorist(scale);
  const std::vector<Span> across = spans(first_column, columns, width, columns_in, pooling);
  Pool pool(rows_in, row_order, spans(first_row, rows, height, shown_rows, pooling), pooling);
  const auto size = static_cast<std::size_t>(height);
  std::vector<Rgba> strips;
  std::vector<std::size_t> strip_of(across.size());
  bool any_nan = false;
  for (std::size_t x = 0; x < across.size(); ++x) {
    if (x > 0 && across[x] == across[x - 1]) {
      strip_of[x] = strip_of[x - 1];
      continue;
    }
    strip_of[x] = strips.size() / size;
    strips.resize(strips.size() + size);
    if (!pool.gather(column, across[x])) continue;
    Rgba* strip = &strips[strip_of[x] * size];
    for (std::size_t y = 0; y < size; ++y) {
      if (!pool.has(y)) continue;
      const std::uint32_t bits = pool.bits(y);
      any_nan |= is_nan_bits(bits);
      strip[y] = colorist(bits);
    }
  }
  write_strips(strips, strip_of, *out);
  if (any_nan && grow_nans) grow(*out, std::abs(columns) * 3 > width, std::abs(rows) * 3 > height);
  return out;
}

}  // namespace lab
