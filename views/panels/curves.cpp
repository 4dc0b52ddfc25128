// Curves over the tokens: of the selected layer, of all layers, of the selected channel, of what was expected.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/curves.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr CurveSet kSets[] = {CurveSet::drivers, CurveSet::norms, CurveSet::gates, CurveSet::norms, CurveSet::channel, CurveSet::expected};
constexpr const char* kSegments[] = {"Drivers", "Norms", "Gates", "All layers", "Channel", "Tokens"};
constexpr const char* kShort[] = {"Drivers", "Norms", "Gates", "All", "Channel", "Tokens"};
constexpr int kLayersSegment = 3;  // of the segments
constexpr float kLeastCurve = 26, kFewest = 2;  // units of height of a curve; so many are shown however low the pane is

/// A dot where cursor A is; at the right, what a curve shows and its value there, which is exact where the curve is pooled.
void draw_reading(Ui& ui, Box body, const KeptFigure& figure, std::size_t plot, const Curve& curve, const Snapshot& snapshot) {
  const Theme& theme = ui.theme();
  const PlotArea& area = figure.page.areas[plot];
  const Box frame = frame_of(figure, body, plot);
  const std::int64_t cursor = snapshot.selection.cursor_a;
  const bool has_two_lines = frame.h >= 30;
  const float left = frame.right() + 8, room = body.right() - left - 4, top = std::max(body.y, frame.middle_y() - (has_two_lines ? 16 : 13));
  const float line = has_two_lines ? 15 : 12;
  ui.text_in({left, top, room, 16}, Face::tick, theme.dim, curve.name);
  if (cursor < 0) return;
  const float value = value_of(curve, cursor).mean;
  const bool is_finite = std::isfinite(value);
  std::string text = is_finite ? number_text(static_cast<double>(value), 4) : cursor >= curve.last ? "–" : "NaN";
  for (int digits = 3; is_finite && digits > 0 && ui.width(Face::dense, text) > room; --digits) text = number_text(static_cast<double>(value), digits);
  ui.text_in({left, top + line, room, 16}, Face::dense, is_finite || cursor >= curve.last ? theme.text : theme.nan, text);
  const float x = body.x + static_cast<float>(area.place_of_x(static_cast<double>(cursor)));
  const float y = body.y + static_cast<float>(area.place_of_y(static_cast<double>(value)));
  if (is_finite && x >= frame.x && x <= frame.right() && y >= frame.y && y <= frame.bottom())
    ui.list()->AddCircleFilled({ui.px(x) + 0.5f, ui.px(y) + 0.5f}, 3 * ui.scale(), theme.accent);
}

/// Which curves are shown; returns the segment.
int choose_curves(Ui& ui, PaneHeader& header, PaneContext& context, bool is_narrow) {
  CurveSet& set = context.memory.curves;
  bool& all = context.memory.options["norms"].all_layers;
  int shown = 0;
  while (kSets[shown] != set) ++shown;
  if (set == CurveSet::norms && all) shown = kLayersSegment;
  const int chosen = segments(ui, "what", header.control(is_narrow ? 312 : 408), is_narrow ? kShort : kSegments, shown);
  set = kSets[chosen], all = chosen == kLayersSegment;
  return chosen;
}

/// The exact values under the mouse: of the curve it is on.
void draw_hover(Ui& ui, Box box, Box all, PaneContext& context, const FigureRequest& request, const KeptFigure& figure, const Hit& hit) {
  ui.line_down(hit.x, all.y, all.bottom(), faded(ui.theme().cursor, 0.4f));
  std::size_t under = 0;
  while (under + 1 < figure.page.areas.size() && hit.y > frame_of(figure, box, under).bottom()) ++under;
  const PlotArea& area = figure.page.areas[under];
  const double x = area.x_from(hit.x - box.x);
  const std::string value = value_at(request.kind, context.snapshot, context.derived, request.options, static_cast<int>(under), x, area.y_from(hit.y - box.y));
  note_hover(ui, context, value, static_cast<std::int64_t>(std::floor(x + 0.5)));
  if (!value.empty()) ui.tooltip(value);
}

void draw_body(Ui& ui, Box box, PaneContext& context, const FigureRequest& request, const KeptFigure& figure, bool has_readings) {
  const std::size_t plots = figure.page.areas.size();
  Box all = frame_of(figure, box);
  all.h = frame_of(figure, box, plots - 1).bottom() - all.y;
  draw_time_cursors(ui, all, figure.page.areas[0], context.snapshot, false);
  const auto curves = has_readings ? curves_of(context.memory.curves, context.snapshot, context.derived) : std::vector<Curve>();
  for (std::size_t i = 0; i < std::min(plots, curves.size()); ++i) draw_reading(ui, box, figure, i, curves[i], context.snapshot);
  ui.text_in({all.right() + 8, all.bottom(), 60, box.bottom() - all.bottom()}, Face::tick, ui.theme().dim, request.options.tokens_label);
  const Hit hit = handle_time_axis(ui, all, figure.page.areas[0], context, "plot");
  if (hit.hovered) draw_hover(ui, box, all, context, request, figure, hit);
}

}  // namespace

void draw_curves(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "Curves");
  const Box export_box = header.control(28);
  const int chosen = choose_curves(ui, header, context, box.w < 700);
  const char* kind = kind_of(context.memory.curves);
  if (icon_button(ui, export_box, icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view(kind);

  FigureRequest request{.slot = "curves", .kind = kind, .options = context.memory.options[kind], .left = kTimeLeft, .right = kTimeRight};
  request.options.cursors = false;
  const auto fitting = static_cast<std::size_t>(std::max(kFewest, std::floor((box.h - 24) / kLeastCurve)));
  request.adjust = [fitting](Figure& figure) {
    if (figure.plots.size() > fitting) figure.plots.resize(fitting);
    for (Plot& plot : figure.plots) plot.x.label.clear(), plot.y.label.clear();
  };
  const KeptFigure& figure = kept_figure(ui, box, context, request);
  header.subtitle(figure.subtitle);
  if (draw_figure(ui, box, context, figure)) draw_body(ui, box, context, request, figure, chosen != kLayersSegment);
  pane_menu(ui, pane, context, {.kind = kind, .shown = request.options, .figure = &figure, .fit = [&] { context.send(command::ShowRange{0, 0}); }});
}

}  // namespace lab
