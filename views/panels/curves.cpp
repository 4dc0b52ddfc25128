// Norms or gates of the selected layer over the tokens, or the norm of every layer.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/curves.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr const char* kSegments[] = {"Norms", "Gates", "All layers"};
constexpr float kRoomForAll = 140;  // of height; below, the first two curves are shown
constexpr const char* kShort[] = {"Norms", "Gates", "All"};

/// A dot where cursor A is; at the right, what a curve shows and its value there, which is exact where the curve is pooled.
void draw_reading(Ui& ui, Box body, const KeptFigure& figure, std::size_t plot, const CurveSpec& spec,
                  const Snapshot& snapshot) {
  const Theme& theme = ui.theme();
  const PlotArea& area = figure.page.areas[plot];
  const Box frame = frame_of(figure, body, plot);
  const std::int64_t cursor = snapshot.selection.cursor_a;
  const float left = frame.right() + 8, top = std::max(body.y, frame.middle_y() - 16);
  ui.text_in({left, top, body.right() - left - 4, 16}, Face::tick, theme.dim, spec.name);
  if (!snapshot.trace || cursor < 0 || cursor >= snapshot.trace->count()) return;
  const float value = snapshot.trace->statistic(static_cast<int>(snapshot.selection.layer), spec.which, cursor).mean;
  const bool is_finite = std::isfinite(value);
  ui.text_in({left, top + 15, body.right() - left - 4, 16}, Face::dense, is_finite ? theme.text : theme.nan,
             is_finite ? number_text(value, 4) : "NaN");
  const float x = body.x + static_cast<float>(area.place_of_x(static_cast<double>(cursor)));
  const float y = body.y + static_cast<float>(area.place_of_y(value));
  if (is_finite && x >= frame.x && x <= frame.right() && y >= frame.y && y <= frame.bottom())
    ui.list()->AddCircleFilled({ui.px(x) + 0.5f, ui.px(y) + 0.5f}, 3 * ui.scale(), theme.accent);
}

}  // namespace

void draw_curves(Ui& ui, Box box, PaneContext& context) {
  FigureOptions& options = context.memory.options["norms"];
  bool& shows_gates = context.memory.show_gates;
  const char* kind = shows_gates ? "gates" : "norms";
  const bool is_narrow = box.w < 700;
  PaneHeader header(ui, box, "Curves");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E"))
    context.export_view(kind);
  const int shown = shows_gates ? 1 : options.all_layers ? 2 : 0;
  const int chosen = segments(ui, "what", header.control(is_narrow ? 168 : 252), is_narrow ? kShort : kSegments, shown);
  shows_gates = chosen == 1;
  options.all_layers = chosen == 2;

  FigureRequest request{.slot = "curves",
                        .kind = shows_gates ? "gates" : "norms",
                        .options = options,
                        .left = kTimeLeft,
                        .right = kTimeRight};
  request.options.cursors = false;
  const bool has_room_for_two = box.h < kRoomForAll;
  request.adjust = [has_room_for_two](Figure& figure) {
    if (has_room_for_two && figure.plots.size() > 2) figure.plots.resize(2);
    for (Plot& plot : figure.plots) plot.x.label.clear(), plot.y.label.clear();
  };
  const KeptFigure& figure = kept_figure(ui, box, context, request);
  header.subtitle(figure.subtitle);
  if (!draw_figure(ui, box, context, figure)) return;
  const std::size_t plots = figure.page.areas.size();
  Box all = frame_of(figure, box);
  all.h = frame_of(figure, box, plots - 1).bottom() - all.y;
  draw_time_cursors(ui, all, figure.page.areas[0], context.snapshot, false);
  const auto specs = curve_specs(shows_gates ? CurveSet::gates : CurveSet::norms, context.snapshot);
  if (!options.all_layers || shows_gates)
    for (std::size_t i = 0; i < plots; ++i) draw_reading(ui, box, figure, i, specs[i], context.snapshot);
  ui.text_in({all.right() + 8, all.bottom(), 60, box.bottom() - all.bottom()}, Face::tick, ui.theme().dim,
             options.tokens_label);

  const Hit hit = handle_time_axis(ui, all, figure.page.areas[0], context, "plot");
  if (!hit.hovered) return;
  ui.line_down(hit.x, all.y, all.bottom(), faded(ui.theme().cursor, 0.4f));
  std::size_t under = 0;
  while (under + 1 < plots && hit.y > frame_of(figure, box, under).bottom()) ++under;
  const PlotArea& area = figure.page.areas[under];
  const std::string value = value_at(request.kind, context.snapshot, context.derived, request.options,
                                     static_cast<int>(under), area.x_from(hit.x - box.x), area.y_from(hit.y - box.y));
  if (!value.empty()) ui.tooltip(value);
}

}  // namespace lab
