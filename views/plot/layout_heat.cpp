// Heatmaps in a plot: which cells are seen, at how many pixels, and pictures kept while nothing changes.
#include <algorithm>
#include <cmath>
#include <deque>

#include "views/plot/layout_parts.h"

namespace lab {

namespace {

/// What a picture depends on. `order` stands for the row order, the version for the values.
struct PictureKey {
  std::uint64_t version = 0, order = 0;
  std::int64_t columns_in = 0, rows_in = 0;
  double first_column = 0, columns = 0, first_row = 0, rows = 0;
  int width = 0, height = 0;
  ColorScale scale;
  Pooling pooling = Pooling::largest;
  bool grow_nans = false;
  friend bool operator==(const PictureKey&, const PictureKey&) = default;
};

/// The pictures asked for last, so that an unchanged plot shows the same Pixels from frame to frame.
template <class Key>
class RecentPictures {
 public:
  explicit RecentPictures(std::size_t limit) : limit_(limit) {}

  template <class Make>
  std::shared_ptr<const Pixels> get(const Key& key, Make make) {
    const auto same = [&](const auto& kept) { return kept.first == key; };
    if (auto found = std::find_if(kept_.begin(), kept_.end(), same); found != kept_.end()) {
      std::rotate(kept_.begin(), found, found + 1);
      return kept_.front().second;
    }
    kept_.emplace_front(key, make());
    if (kept_.size() > limit_) kept_.pop_back();
    return kept_.front().second;
  }

 private:
  std::size_t limit_;
  std::deque<std::pair<Key, std::shared_ptr<const Pixels>>> kept_;
};

std::uint64_t hash_of(const std::vector<std::int32_t>& order) {
  std::uint64_t hash = 1469598103934665603u;  // FNV-1a over whole numbers
  for (const std::int32_t row : order) hash = (hash ^ static_cast<std::uint32_t>(row)) * 1099511628211u;
  return hash;
}

/// One direction of a heatmap: its visible cells, in the order of the page, and where they lie on it.
struct Visible {
  double first = 0, count = 0;  // cells; a negative count runs backwards
  double from = 0, to = 0;      // places on the page
};

/// Cells [0, cells) start at `origin` with `pitch` units each; `place` goes from the page's low to its high end.
/// `whole`: cells at the ends are taken completely, and stick out.
template <class Place>
Visible visible(double low, double high, std::int64_t cells, double origin, double pitch, bool whole, Place place) {
  double a = (std::min(low, high) - origin) / pitch, b = (std::max(low, high) - origin) / pitch;
  if (whole) a = std::floor(a + 1e-6), b = std::ceil(b - 1e-6);
  a = std::clamp(a, 0.0, static_cast<double>(cells));
  b = std::clamp(b, 0.0, static_cast<double>(cells));
  Visible out{a, b - a, place(origin + a * pitch), place(origin + b * pitch)};
  if (out.from > out.to) out = {b, a - b, out.to, out.from};
  return out;
}

constexpr double kWidestNumber = 7, kMostNumbers = 4000;  // digits, cells

/// The value of each visible cell, where every cell has room for a number of three digits.
void draw_numbers(const Sheet& sheet, const PlotPlan& plan, const HeatLayer& layer, const ColorScale& scale, const Visible& x, const Visible& y) {
  const double columns = std::abs(x.count), rows = std::abs(y.count), size = sheet.style.tick_size;
  if (columns * rows > kMostNumbers || columns == 0 || rows == 0) return;
  const double w = (x.to - x.from) / columns, h = (y.to - y.from) / rows;
  if (w < sheet.width(TextFace::tick, "0") * kWidestNumber || h < 1.3 * size) return;
  const PlotArea area = plan.area();
  const auto first = [](const Visible& side) { return static_cast<std::int64_t>(std::floor(std::min(side.first, side.first + side.count) + 1e-6)); };
  const auto last = [](const Visible& side) { return static_cast<std::int64_t>(std::ceil(std::max(side.first, side.first + side.count) - 1e-6)); };
  for (std::int64_t i = first(x); i < last(x); ++i) {
    const float* column = layer.column(i);
    for (std::int64_t j = first(y); column && j < last(y); ++j) {
      const float value = column[layer.row_order.empty() ? j : layer.row_order[static_cast<std::size_t>(j)]];
      std::string text = number_text(static_cast<double>(value), 3);
      if (sheet.width(TextFace::tick, text) > w - 4) text = number_text(static_cast<double>(value), 2);
      if (sheet.width(TextFace::tick, text) > w - 2) continue;
      const Rgba ground = scale.color(static_cast<double>(value));
      const double light = 0.299 * (ground & 255) + 0.587 * (ground >> 8 & 255) + 0.114 * (ground >> 16 & 255);
      const double at_x = area.place_of_x(layer.x0 + (static_cast<double>(i) + 0.5) * layer.dx);
      const double at_y = area.place_of_y(layer.y0 + (static_cast<double>(j) + 0.5) * layer.dy);
      sheet.text({at_x, at_y + kHalfDigit * size}, text, TextFace::tick, light > 140 ? rgba(0x000000) : rgba(0xFFFFFF), TextAlign::center);
    }
  }
}

}  // namespace

ColorScale shown_scale(const PlotStyle& style, ColorScale scale) {
  if (!is_diverging(scale.map)) scale.map_from = style.sequential_from;
  if (scale.map == ColorMap::tint) scale.ground = muted(style, style.run_a, 0.06), scale.shade = muted(style, style.run_a, 0.5);
  return scale;
}

std::shared_ptr<const Pixels> color_strip(const ColorScale& scale) {
  thread_local RecentPictures<ColorScale> recent(32);
  return recent.get(scale, [&] {
    constexpr int height = 256;
    Pixels strip{1, height, {}};
    for (int y = 0; y < height; ++y) strip.rgba.push_back(scale.color(scale.value(1 - (y + 0.5) / height)));
    return std::make_shared<const Pixels>(std::move(strip));
  });
}

void draw_heat(const Sheet& sheet, const PlotPlan& plan, const HeatLayer& layer) {
  const PlotArea area = plan.area();
  const double density = sheet.style.pixels_per_point;
  // On paper whole cells, one pixel each where they are larger than one; in the window exactly the window's pixels.
  const bool whole = !sheet.style.is_screen;
  Visible x = visible(plan.x.low, plan.x.high, layer.columns, layer.x0, layer.dx, whole,
                      [&](double value) { return area.place_of_x(value); });
  Visible y = visible(plan.y.low, plan.y.high, layer.rows, layer.y0, layer.dy, whole,
                      [&](double value) { return area.place_of_y(value); });
  if (!whole)
    for (Visible* side : {&x, &y})
      side->from = std::round(side->from * density) / density, side->to = std::round(side->to * density) / density;
  int width = static_cast<int>(std::lround((x.to - x.from) * density));
  int height = static_cast<int>(std::lround((y.to - y.from) * density));
  if (whole) width = std::min(width, static_cast<int>(std::lround(std::abs(x.count))));
  if (whole) height = std::min(height, static_cast<int>(std::lround(std::abs(y.count))));
  if (width <= 0 || height <= 0) return;

  // In the window a pixel is small. On paper a cell is, at worst, and then it shares its pixel with others.
  const bool pooled = width < std::abs(x.count) || height < std::abs(y.count);
  const bool grow_nans = !whole || pooled;
  const ColorScale scale = shown_scale(sheet.style, layer.scale);
  const auto color = [&] {
    return color_matrix(layer.column, layer.columns, layer.rows, layer.row_order, x.first, x.count, y.first, y.count, width,
                        height, scale, layer.pooling, grow_nans);
  };
  const PictureKey key{layer.version, hash_of(layer.row_order), layer.columns, layer.rows, x.first, x.count, y.first,
                       y.count,       width,                    height,        scale,      layer.pooling, grow_nans};
  thread_local RecentPictures<PictureKey> recent(24);
  sheet.list.ops.push_back(DrawImage{{x.from, y.from, x.to - x.from, y.to - y.from},
                                     layer.version == 0 ? color() : recent.get(key, color)});
  if (layer.numbers) draw_numbers(sheet, plan, layer, scale, x, y);
}

}  // namespace lab
