#pragma once
// What a picture means: axes and layers of data. Screen, PDF, SVG, PNG and the test recorder all begin here.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "views/plot/color_map.h"

namespace lab {

struct Axis {
  std::string label;         // with unit, "" for none
  double low = 0, high = 1;  // low at the left or bottom; high < low turns the axis around
  Scaling scaling = Scaling::linear;
  bool whole_numbers = false;  // ticks at integers only
  bool visible = true;
  bool ticks = true;
  std::vector<std::pair<double, std::string>> marks;  // instead of computed ticks
};

/// A role, coloured by the style: run A to D, emphasis, cursor, grid and text colours.
enum class Ink : std::uint8_t { run_a, run_b, run_c, run_d, text, dim, faint, cursor, warning, good, bad, adds, cancels };

/// A matrix with time across: column i covers [x0 + i dx, x0 + (i + 1) dx), row j covers
/// [y0 + j dy, y0 + (j + 1) dy).
struct HeatLayer {
  std::function<const float*(std::int64_t)> column;  // null: not there
  std::int64_t columns = 0, rows = 0;
  std::vector<std::int32_t> row_order;
  double x0 = 0, dx = 1, y0 = 0, dy = 1;
  ColorScale scale;
  Pooling pooling = Pooling::largest;
  bool numbers = false;               // written into cells that are large enough
  std::shared_ptr<const void> owner;  // keeps what `column` reads alive
  std::uint64_t version = 0;          // equal versions have equal values: a picture may be kept
};

/// A curve through (x[i], y[i]); NaN breaks it. With `low` and `high` filled, the band between them is drawn behind.
struct LineLayer {
  std::vector<double> x;
  std::vector<float> y, low, high;
  Ink ink = Ink::run_a;
  double width = 1.2;  // points
  bool dashed = false;
  std::string name;    // written at its right end
};

/// Dots, each coloured by a map through `shade` in [0, 1], joined in order when `joined`.
struct PathLayer {
  std::vector<PointF> at;
  std::vector<float> shade;  // empty: `ink`
  ColorMap map = ColorMap::viridis;
  Ink ink = Ink::run_a;
  bool joined = true;
  double dot = 1.6;  // radius in points; 0: none
};

/// A mark with a ring, a label beside it.
struct MarkLayer {
  PointF at;
  std::string label;
  Ink ink = Ink::cursor;
  double radius = 4;
  bool dashed = false;
};

/// Bars from `base` to value; across: one above the other, labels at the left. Bar i is centred at i on the category axis or,
/// where `pitch` says how wide a bar is, covers [from + i pitch, from + (i + 1) pitch) of an axis of numbers, up to a thin gap.
struct BarLayer {
  std::vector<double> values;
  double base = 0, from = 0, pitch = 0;
  std::vector<std::string> labels;  // of the category axis
  std::vector<std::string> notes;   // at the end of each bar
  Ink ink = Ink::run_a;
  bool across = true;
  int highlight = -1;  // this one in full colour, the others muted
};

/// A line across the whole plot at a value of one axis.
struct RuleLayer {
  bool vertical = true;
  double at = 0;
  Ink ink = Ink::cursor;
  bool dashed = false;
  std::string label;
};

/// Text at a place in data coordinates.
struct NoteLayer {
  PointF at;
  std::string text;
  Ink ink = Ink::dim;
  TextAlign align = TextAlign::left;
};

/// Words in lines that fill the frame from its top, whatever the axes; where not all fit, the last ones. Each lies on a ground
/// coloured by the sign of its value, as strong as the square root of its share of the largest, above a bar as long as the share.
struct WordsLayer {
  struct Word {
    std::string text;
    double value = 0;
  };
  std::vector<Word> words;
  std::function<std::string(std::size_t)> rest;  // what is written in place of the words before the first that fits
  int ringed = -1;                               // this one has an outline
  Ink positive = Ink::adds, negative = Ink::cancels;
};

using Layer = std::variant<HeatLayer, LineLayer, PathLayer, MarkLayer, BarLayer, RuleLayer, NoteLayer, WordsLayer>;

/// Words at the right of the frame, each level with a place of the y axis, under a title.
struct TextColumn {
  std::string title;
  std::vector<std::pair<double, std::string>> texts;
};

/// One pair of axes with layers.
struct Plot {
  std::string title, subtitle;
  Axis x, y;
  std::vector<Layer> layers;
  std::vector<TextColumn> columns;  // before the colour bar
  std::optional<ColorScale> color_bar;
  std::string color_label;
  bool equal_units = false;  // one unit is as long across as down
  Ink title_ink = Ink::text;
};

/// One above the other, sharing the first one's x axis where `share_x`.
struct Figure {
  std::vector<Plot> plots;
  std::vector<double> heights;  // relative; empty: equal
  bool share_x = false;
};

}  // namespace lab
