#pragma once
// Panes that show a figure: laid out once, painted every frame, with the cursors and the mouse on top.
#include <functional>
#include <optional>
#include <string>

#include "views/panels/kept.h"
#include "views/panels/kit/widgets.h"

namespace lab {

/// Space beside the data of panes whose x axis is time, so that they line up to the pixel.
constexpr float kTimeLeft = 64, kTimeRight = 72;

/// How figures look in a theme of the window.
PlotStyle plot_style(const Theme& theme);

/// What a kept figure is: its place in the memory, its kind, and what the pane changes about it.
struct FigureRequest {
  std::string slot;  // name within the memory
  const char* kind = "";
  FigureOptions options;
  double left = -1, right = -1;              // space beside the data; negative: what the labels need
  std::function<void(Figure&)> adjust = {};  // before the layout; depends on nothing but the box and the options
};

/// The figure for a box, laid out again only when something it depends on has changed.
const KeptFigure& kept_figure(Ui& ui, Box box, PaneContext& context, const FigureRequest& request);

/// Paints it, or says why there is none and what to do. Returns whether there is one.
bool draw_figure(Ui& ui, Box box, PaneContext& context, const KeptFigure& figure);

/// Where the data of one of its plots lie in the window.
Box frame_of(const KeptFigure& figure, Box box, std::size_t plot = 0);

/// A square button of a pane header that shows an icon.
bool icon_button(Ui& ui, Box box, const char* symbol, const char* id, std::string_view tip, bool selected = false,
                 bool enabled = true);

/// The names of colour maps and of scalings, in the order of their enums, and the choice of both in a header.
inline constexpr const char* kMapNames[] = {"RdBu", "PuOr", "viridis", "cividis", "magma", "gray"};
inline constexpr const char* kScalingNames[] = {"linear", "log", "symlog"};
void choose_colors(Ui& ui, PaneHeader& header, FigureOptions& options);

/// The cursors as vertical lines over a frame, black on heatmaps.
void draw_time_cursors(Ui& ui, Box frame, const PlotArea& area, const Snapshot& snapshot, bool on_heatmap);

/// A part of an axis in cells; count 0: all.
struct ViewPart {
  std::int64_t first = 0, count = 0;
};
/// An axis of cells that the mouse may zoom: how many there are, where the first begins, and what shows a part of it. Without `show`
/// it stays as it is.
struct AxisView {
  std::int64_t all = 0;
  double origin = 0;
  std::function<void(double first, double width)> show = {};
};
/// The displayed rows, and the columns, that options of a heatmap show.
AxisView rows_view(FigureOptions& options, std::int64_t all);
AxisView columns_view(FigureOptions& options, std::int64_t all);

/// What the mouse does on a plot, everywhere the same: a drag pans, the wheel zooms at the pointer (with Shift across only, with Ctrl
/// down only), a drag with the right button zooms to a box, a double click or the key for it shows all.
/// Returns the hit, with `clicked` only where it is no drag.
Hit handle_axes(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const char* id, AxisView x, AxisView y);
/// The same where tokens lie across: clicks and Alt-clicks move the cursors, a Shift-drag begins to name the tokens under it.
Hit handle_time_axis(Ui& ui, Box frame, const PlotArea& area, PaneContext& context, const char* id, AxisView rows = {});

/// The box that the right button was dragged over, in the frame in which it is let go; meanwhile it is drawn.
std::optional<Box> dragged_box(Ui& ui, const Hit& hit, Box frame, PaneContext& context);
/// Whether the right button is, or was until this frame, dragged rather than clicked.
bool is_right_drag(const Ui& ui, const PaneMemory::Kept& kept);

}  // namespace lab
