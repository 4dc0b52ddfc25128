#pragma once
// From meaning to strokes: ticks, margins, colours and transforms are decided here and nowhere else.
#include <vector>

#include "views/plot/plot.h"

namespace lab {

/// The look of plots: colours by role, sizes in points.
struct PlotStyle {
  Rgba background = rgba(0xFFFFFF), frame = rgba(0x9AA1AC), grid = rgba(0xE9ECF0);
  Rgba run_a = rgba(0x2563C9), run_b = rgba(0x9C5B00), run_c = rgba(0xA2457C), run_d = rgba(0x00795A);
  Rgba text = rgba(0x1D2128), dim = rgba(0x5C6370), faint = rgba(0xA9B0BB), cursor = rgba(0x000000);
  Rgba warning = rgba(0x855900), good = rgba(0x00795A), bad = rgba(0xC4343A), adds = rgba(0xD6604D), cancels = rgba(0x4393C3);
  double label_size = 8, tick_size = 7, title_size = 9;  // points
  double frame_width = 0.6, pixels_per_point = 2;        // of heatmaps: 2 on paper is 144 dpi times the painter's own
  double sequential_from = 0;                            // dark grounds cut the darkest part of viridis
  bool titles = true;                                    // the window writes titles in pane headers instead
  bool is_screen = false;                                // labels and margins as tight as panes want them
  double left = -1, right = -1;                          // margins that panes share; negative: what the labels need
  bool operator==(const PlotStyle&) const = default;
  Rgba color(Ink ink) const;
};
PlotStyle print_style();   // white, for papers
PlotStyle screen_style(bool dark);

/// Where the data area of one plot lies, to turn places into values and back.
struct PlotArea {
  RectF frame;
  Axis x, y;
  double x_from(double place) const;     // data value at a place of the page
  double y_from(double place) const;
  double place_of_x(double value) const;
  double place_of_y(double value) const;
};

struct LaidOut {
  DisplayList list;
  std::vector<PlotArea> areas;  // one a plot
};

/// Lays a figure out on a page of the given size in points.
LaidOut lay_out(const Figure& figure, double width, double height, const PlotStyle& style, const TextMeasure& measure);

/// Round tick values within [low, high], about `wanted` of them (extended Wilkinson; Talbot, Lin and Hanrahan 2010).
std::vector<double> ticks(double low, double high, int wanted, bool whole_numbers);
/// A number as ticks and read-outs show it: true minus sign, no trailing zeros, at most `digits` significant digits.
std::string number_text(double value, int digits = 4);

}  // namespace lab
