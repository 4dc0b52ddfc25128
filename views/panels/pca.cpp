// The path of the state through its principal components, with the share each holds beside it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/pca.h"
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

void show_all(FigureOptions& options) {
  const FigureOptions all;
  options.yaw = all.yaw, options.pitch = all.pitch, options.zoom = all.zoom, options.center_x = all.center_x, options.center_y = all.center_y;
}

/// Shows a part of the picture: so much larger than all of it, around a place.
void show_part(FigureOptions& options, double zoom, double x, double y) {
  zoom = std::clamp(zoom, 1.0, kMostZoom);
  options.zoom = zoom, options.center_x = zoom > 1 ? x : 0, options.center_y = zoom > 1 ? y : 0;
}

/// The wheel zooms at the pointer, a drag with the right button to a box, a double click shows all. A drag turns three components,
/// and moves two.
void move_view(Ui& ui, const Hit& hit, Box frame, const PlotArea& area, PaneContext& context, FigureOptions& options) {
  const auto at_x = [&](float x) { return area.x_from(static_cast<double>(x - frame.x) + area.frame.x); };
  const auto at_y = [&](float y) { return area.y_from(static_cast<double>(y - frame.y) + area.frame.y); };
  const double middle_x = (area.x.low + area.x.high) / 2, middle_y = (area.y.low + area.y.high) / 2;
  const ImVec2 delta = ImGui::GetIO().MouseDelta;
  const auto across = static_cast<double>(delta.x / ui.scale()), down = static_cast<double>(delta.y / ui.scale());
  if (hit.held && context.memory.pca_3d) {
    options.yaw += across * 0.01;
    options.pitch = std::clamp(options.pitch + down * 0.01, -1.5, 1.5);
  } else if (hit.held && options.zoom > 1) {
    options.center_x -= across / area.frame.w * (area.x.high - area.x.low);
    options.center_y += down / area.frame.h * (area.y.high - area.y.low);
  }
  if (hit.hovered && hit.wheel != 0) {
    const double zoom = std::clamp(options.zoom * std::pow(1.25, static_cast<double>(hit.wheel)), 1.0, kMostZoom), factor = options.zoom / zoom;
    const double x = at_x(hit.x), y = at_y(hit.y);
    show_part(options, zoom, x + (middle_x - x) * factor, y + (middle_y - y) * factor);
  }
  if (const auto box = dragged_box(ui, hit, frame, context); box && box->w > 0 && box->h > 0)
    show_part(options, options.zoom * static_cast<double>(std::min(frame.w / box->w, frame.h / box->h)), at_x(box->middle_x()), at_y(box->middle_y()));
  if (hit.double_clicked || (context.memory.wish == PaneWish::fit && context.memory.wish_pane == ui.pane)) show_all(options);
}

/// A click on the path moves cursor A there, Alt-click cursor B.
void handle_mouse(Ui& ui, Box body, PaneContext& context, const KeptFigure& figure, FigureOptions& options,
                  const char* kind) {
  const Hit hit = ui.hit("path", body);
  PaneMemory::Kept& kept = kept_of(context);
  const PlotArea& area = figure.page.areas[0];
  if (hit.pressed) kept.has_panned = false;
  if (hit.held && ImGui::IsMouseDragging(ImGuiMouseButton_Left, 4)) kept.has_panned = true;
  const FigureOptions shown = options;  // as the picture that is pointed at
  move_view(ui, hit, frame_of(figure, body), area, context, options);
  if (!hit.hovered || ImGui::IsMouseDragging(ImGuiMouseButton_Left, 4)) return;
  const double x = area.x_from(static_cast<double>(hit.x - body.x)), y = area.y_from(static_cast<double>(hit.y - body.y));
  const std::string value = value_at(kind, context.snapshot, context.derived, shown, 0, x, y);
  note_hover(ui, context, value);
  if (!value.empty()) ui.tooltip(value);
  if (!hit.clicked || kept.has_panned || !context.derived.trajectory) return;
  const std::int64_t token = token_on_path(*context.derived.trajectory, shown, context.memory.pca_3d, x, y);
  if (token >= 0 && token < context.snapshot.count()) context.send(command::Seek{token, ImGui::GetIO().KeyAlt ? "b" : "a"});
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
  pane_menu(ui, pane, context, {.kind = kind, .shown = options, .figure = &figure, .fit = [&options] { show_all(options); }});
}

}  // namespace lab
