// The path of the state through its principal components, with the share each holds beside it.
#include <fmt/format.h>

#include <algorithm>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr const char* kSegments[] = {"2D", "3D"};
constexpr float kScree = 88, kRoomForScree = 260;

void draw_scree(Ui& ui, Box box, PaneContext& context) {
  ui.text_in(box.cut_top(16), Face::tick, ui.theme().dim, "scree");
  ui.text_in(box.cut_top(16), Face::tick, ui.theme().warning, "random walk");
  box.cut_top(4);
  FigureRequest request{.slot = "scree", .kind = "scree", .left = 4, .right = 10};
  request.options.cursors = false;
  request.adjust = [](Figure& figure) { figure.plots[0].x.label.clear(), figure.plots[0].y.label.clear(); };
  const KeptFigure& figure = kept_figure(ui, box, context, request);
  if (!figure.is_there) return;
  draw_figure(ui, box, context, figure);
  const Hit hit = ui.hit("scree", box);
  if (!hit.hovered) return;
  const std::string value = value_at("scree", context.snapshot, context.derived, request.options, 0,
                                     figure.page.areas[0].x_from(hit.x - box.x), 0);
  if (!value.empty()) ui.tooltip(value);
}

/// Dragging turns the picture; a click on the path moves cursor A there.
void handle_mouse(Ui& ui, Box body, PaneContext& context, const KeptFigure& figure, FigureOptions& options,
                  const char* kind) {
  const Hit hit = ui.hit("path", body);
  const bool is_3d = context.memory.pca_3d;
  if (hit.held && is_3d) {
    const ImVec2 delta = ImGui::GetIO().MouseDelta;
    options.yaw += static_cast<double>(delta.x / ui.scale()) * 0.01;
    options.pitch = std::clamp(options.pitch + static_cast<double>(delta.y / ui.scale()) * 0.01, -1.5, 1.5);
  }
  if (!hit.hovered || ImGui::IsMouseDragging(ImGuiMouseButton_Left, 4)) return;
  const PlotArea& area = figure.page.areas[0];
  const double x = area.x_from(hit.x - body.x), y = area.y_from(hit.y - body.y);
  const std::string value = value_at(kind, context.snapshot, context.derived, options, 0, x, y);
  note_hover(ui, context, value);
  if (!value.empty()) ui.tooltip(value);
}

}  // namespace

void draw_pca(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  bool& is_3d = context.memory.pca_3d;
  PaneHeader header(ui, box, "PCA");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E"))
    context.export_view(is_3d ? "pca3d" : "pca2d");
  is_3d = segments(ui, "dimensions", header.control(72), kSegments, is_3d) == 1;
  const char* kind = is_3d ? "pca3d" : "pca2d";
  FigureOptions& options = context.memory.options[kind];
  Box body = box;
  const bool has_scree =
      box.w >= kRoomForScree && context.derived.trajectory && context.derived.trajectory->points.size() >= 3;
  const Box scree = has_scree ? body.cut_right(kScree) : Box{};
  const KeptFigure& figure = kept_figure(ui, body, context, {.slot = kind, .kind = kind, .options = options});
  header.subtitle(figure.subtitle);
  if (draw_figure(ui, body, context, figure)) {
    if (has_scree) {
      ui.line_down(scree.x, scree.y + 4, scree.bottom() - 8, ui.theme().grid);
      draw_scree(ui, {scree.x + 8, scree.y, scree.w - 8, scree.h}, context);
    }
    handle_mouse(ui, body, context, figure, options, kind);
  }
  PaneMenu offered{.kind = kind, .shown = options, .figure = &figure};
  if (is_3d) offered.fit = [&options] { options.yaw = FigureOptions().yaw, options.pitch = FigureOptions().pitch; };
  pane_menu(ui, pane, context, offered);
}

}  // namespace lab
