// Other rules of discretisation on the recurrence of the selected layer, with the time step as it is and clamped.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr std::string_view kHold = "zero-order hold";  // too long a name for a small pane
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
  FigureRequest request{.slot = "discretisation", .kind = "discretisation", .options = options, .left = kTimeLeft, .right = kTimeRight};
  request.options.cursors = false;
  request.adjust = [](Figure& figure) {
    for (Plot& plot : figure.plots) {
      plot.x.label.clear();
      for (Layer& layer : plot.layers)
        if (auto* line = std::get_if<LineLayer>(&layer); line && line->name.starts_with(kHold)) line->name.replace(0, kHold.size(), "ZOH");
    }
  };
  const KeptFigure& figure = kept_figure(ui, box, context, request);
  header.subtitle(figure.subtitle);
  if (!draw_figure(ui, box, context, figure)) return;
  const Box frame = frame_of(figure, box);
  draw_time_cursors(ui, frame, figure.page.areas[0], context.snapshot, false);
  // The lanes below line up with wider panes than this one: it has a time axis of its own, and a click moves the cursor.
  const Hit hit = ui.hit("plot", frame);
  if (!hit.hovered) return;
  const double token = figure.page.areas[0].x_from(hit.x - box.x);
  const std::string value = value_at("discretisation", context.snapshot, context.derived, request.options, 0, token, 0);
  if (!value.empty()) ui.tooltip(value);
  if (hit.clicked) context.send(command::Seek{std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(token + 0.5)), 0, context.snapshot.count() - 1), "a"});
}

}  // namespace lab
