#pragma once
// What a plot looks like, stroke by stroke: the layout decides, painters translate. Lengths in points, y downwards.
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace lab {

/// Red, green, blue, alpha from the lowest byte up.
using Rgba = std::uint32_t;
constexpr Rgba rgba(std::uint32_t hex, std::uint32_t alpha = 255) {
  return (hex >> 16 & 255) | (hex & 0xFF00) | (hex & 255) << 16 | alpha << 24;
}

struct PointF {
  double x = 0, y = 0;
};
struct RectF {
  double x = 0, y = 0, w = 0, h = 0;
  double right() const { return x + w; }
  double bottom() const { return y + h; }
  bool contains(double px, double py) const { return px >= x && px < right() && py >= y && py < bottom(); }
};

/// The faces of a plot; a painter maps them to fonts.
enum class TextFace : std::uint8_t { label, tick, title, mono };
enum class TextAlign : std::uint8_t { left, center, right };

/// Coloured cells, one pixel each; painters scale them without smoothing. Shared so that a cached picture costs a pointer.
struct Pixels {
  int width = 0, height = 0;
  std::vector<Rgba> rgba;  // the top row first
};

struct FillRect { RectF rect; Rgba color; };
struct StrokeLine { std::vector<PointF> points; Rgba color; double width; double dash_on = 0, dash_off = 0; };
struct FillPolygon { std::vector<PointF> points; Rgba color; };  // convex
struct DrawText { PointF at; std::string text; TextFace face; double size; Rgba color; TextAlign align = TextAlign::left; bool upwards = false; };  // `at` is on the baseline
struct DrawImage { RectF rect; std::shared_ptr<const Pixels> pixels; };
struct Clip { RectF rect; bool begin = true; };  // begin: limit to rect; otherwise end the last limit

using DrawOp = std::variant<FillRect, StrokeLine, FillPolygon, DrawText, DrawImage, Clip>;

struct DisplayList {
  double width = 0, height = 0;
  std::vector<DrawOp> ops;
};

/// Widths of text, asked by the layout; each painter brings its own.
class TextMeasure {
 public:
  virtual ~TextMeasure() = default;
  virtual double width(TextFace face, double size, const std::string& text) const = 0;
};

/// Counts 0.6 em a character: the same numbers everywhere, for tests.
class FixedMeasure final : public TextMeasure {
 public:
  double width(TextFace face, double size, const std::string& text) const override;
};

/// The list as text, one operation a line, numbers rounded to a tenth: what tests compare.
std::string text_of(const DisplayList& list);

}  // namespace lab
