// Other rules of discretisation on the recurrence of the selected layer, with the time step as it is and clamped.
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr StepBounds kBounds{0.001, 0.1};  // as document 2 has them

}  // namespace

void draw_discretisation(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Discretisation");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("discretisation");
  FigureOptions& options = context.memory.options["discretisation"];
  if (const Box clamp = header.control(76); clamp.w > 0)
    if (button(ui, "Δ clamp", clamp, {.selected = options.step_bounds.has_value(), .tip = "The same again with time steps within [0.001, 0.1], dashed"})) {
      if (options.step_bounds) options.step_bounds.reset();
      else options.step_bounds = kBounds;
    }
  FigureRequest request{.slot = "discretisation", .kind = "discretisation", .options = options, .left = kTimeLeft, .right = -1};
  request.options.cursors = false;
  request.adjust = [](Figure& figure) {
    for (Plot& plot : figure.plots) plot.x.label.clear();
  };
  const KeptFigure& figure = kept_figure(ui, box, context, request);
  header.subtitle(figure.subtitle);
  if (!draw_figure(ui, box, context, figure)) return;
  const Box frame = frame_of(figure, box);
  draw_time_cursors(ui, frame, figure.page.areas[0], context.snapshot, false);
  const Hit hit = handle_time_axis(ui, frame, figure.page.areas[0], context, "plot");
  if (!hit.hovered) return;
  const std::string value = value_at("discretisation", context.snapshot, context.derived, request.options, 0, figure.page.areas[0].x_from(hit.x - box.x), 0);
  if (!value.empty()) ui.tooltip(value);
}

}  // namespace lab
