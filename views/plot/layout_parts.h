#pragma once
// The parts that the layout is made of. Only views/plot includes this.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "views/plot/layout.h"
#include "views/plot/ticks.h"

namespace lab {

/// A display list being written, with the look and the widths of text.
struct Sheet {
  DisplayList& list;
  const PlotStyle& style;
  const TextMeasure& measure;

  void fill(const RectF& rect, Rgba color) const;
  void line(std::vector<PointF> points, Rgba color, double width, bool dashed = false) const;
  void text(PointF at, const std::string& text, TextFace face, Rgba color, TextAlign align = TextAlign::left,
            bool upwards = false) const;
  double size(TextFace face) const;
  double width(TextFace face, const std::string& text) const;
  double widest(const std::vector<Tick>& ticks) const;
  /// The text, or its beginning with an ellipsis, or nothing, within a width.
  std::string elided(TextFace face, const std::string& text, double width) const;
};

/// Half the height of digits: from the middle of a line of text to its baseline, for a size of 1.
constexpr double kHalfDigit = 0.36;

/// Lengths that follow from the style.
struct Spaces {
  double tick = 2.5, tick_gap = 2, label_gap = 4.5;  // a tick, to its label, to the axis label
  double bar_gap = 7, bar_width = 7;               // of the colour bar
  double name_gap = 4;                             // from the frame to the names of lines
  double edge = 2, between = 8;                    // around the page, between plots
};
Spaces spaces_of(const PlotStyle& style);

/// A plot on its way to the page.
struct PlotPlan {
  const Plot* plot = nullptr;
  Axis x, y;                // as shown: bars and equal units change them
  bool x_labels = true;     // the lowest of plots that share x has them
  RectF frame;
  std::vector<Tick> x_ticks, y_ticks, bar_ticks;
  double head = 0;          // between title and frame, for the titles of columns
  double y_tick_width = 0;  // of the widest label beside this or another plot: their axis labels stand in one line
  bool has_heat = false;

  PlotArea area() const { return {frame, x, y}; }
};

/// The colour of an ink; cursors on heatmaps are black on every ground.
Rgba ink_color(const PlotPlan& plan, const PlotStyle& style, Ink ink);
/// A colour mixed with the background: `share` of the colour.
Rgba muted(const PlotStyle& style, Rgba color, double share);

/// Places of labels already written on a plot, so that later ones go elsewhere.
using Taken = std::vector<RectF>;

/// layout_axes.cpp
void plan_y_ticks(const Sheet& sheet, PlotPlan& plan);
void plan_x_ticks(const Sheet& sheet, PlotPlan& plan);
void draw_grid(const Sheet& sheet, const PlotPlan& plan);
void draw_axes(const Sheet& sheet, const PlotPlan& plan);
void draw_titles(const Sheet& sheet, const PlotPlan& plan);
void draw_color_bar(const Sheet& sheet, const PlotPlan& plan);
/// Width of all columns of words, with the space before each.
double width_of_columns(const Sheet& sheet, const Plot& plot);
void draw_columns(const Sheet& sheet, const PlotPlan& plan);

/// layout_heat.cpp
void draw_heat(const Sheet& sheet, const PlotPlan& plan, const HeatLayer& layer);
/// The colours of a scale from top to bottom; equal scales give the same picture.
std::shared_ptr<const Pixels> color_strip(const ColorScale& scale);
/// The scale as the style shows it: sequential maps begin later on dark grounds.
ColorScale shown_scale(const PlotStyle& style, ColorScale scale);

/// layout_lines.cpp
void draw_line(const Sheet& sheet, const PlotPlan& plan, const LineLayer& layer);
/// Hands on the places of a curve that the frame needs, at most four a pixel column where it is dense; NaN where it has a gap.
void for_each_point(const PlotPlan& plan, const LineLayer& layer, double pixel, const std::function<void(PointF)>& take);

/// layout_layers.cpp
/// A value's place on the page; one far outside it stays where every painter's numbers reach.
PointF place_of(const PlotArea& area, double x, double y);
std::vector<PointF> circle(PointF at, double radius, int corners);
void draw_path(const Sheet& sheet, const PlotPlan& plan, const PathLayer& layer);
void draw_bars(const Sheet& sheet, const PlotPlan& plan, const BarLayer& layer);
void draw_rule(const Sheet& sheet, const PlotPlan& plan, const RuleLayer& layer);
void draw_ring(const Sheet& sheet, const PlotPlan& plan, const MarkLayer& layer);

/// layout_words.cpp
void draw_words(const Sheet& sheet, const PlotPlan& plan, const WordsLayer& layer);

/// layout_labels.cpp: what is written on or beside the data, after it.
double width_of_names(const Sheet& sheet, const Plot& plot);
void draw_names(const Sheet& sheet, const PlotPlan& plan);
void draw_labels(const Sheet& sheet, const PlotPlan& plan);

}  // namespace lab
