// The heatmap of a layer's state over the tokens.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/panels/state_axes.h"
#include "views/panels/state_editor.h"

namespace lab {
namespace {

constexpr const char* kOrders[] = {"by index", "by half-life", "by norm", "by similarity"};
constexpr float kRoomForAll = 900, kRoomForOrder = 480;
constexpr float kTall = 420;  // from here on the pane stands alone and numbers its own x axis

void choose_colouring(Ui& ui, PaneHeader& header, FigureOptions& options) {
  int colouring = colouring_of(options), map = static_cast<int>(options.map);
  if (combo(ui, "scaling", header.control(84), kColouringNames, colouring)) set_colouring(options, colouring);
  if (combo(ui, "map", header.control(84), kMapNames, map)) options.map = static_cast<ColorMap>(map);
}

void draw_more_menu(Ui& ui, PaneContext& context, FigureOptions& options) {
  std::vector<MenuItem> items = {{.label = "Export…", .shortcut = "Ctrl+E"}};
  constexpr int maps = static_cast<int>(std::size(kMapNames)), colourings = static_cast<int>(std::size(kColouringNames));
  for (int i = 0; i < maps; ++i) items.push_back({.label = std::string("Colours: ") + kMapNames[i], .separated = i == 0});
  for (int i = 0; i < colourings; ++i) items.push_back({.label = std::string("Scale: ") + kColouringNames[i], .separated = i == 0});
  for (std::size_t i = 0; i < std::size(kOrders); ++i) items.push_back({.label = std::string("Rows ") + kOrders[i], .separated = i == 0});
  const int chosen = menu(ui, "more-menu", items);
  if (chosen == 0)
    context.export_view("state-heatmap");
  else if (chosen > maps + colourings)
    options.order = static_cast<RowOrder>(chosen - maps - colourings - 1);
  else if (chosen > maps)
    set_colouring(options, chosen - maps - 1);
  else if (chosen > 0)
    options.map = static_cast<ColorMap>(chosen - 1);
}

void draw_header(Ui& ui, Box& box, PaneContext& context, FigureOptions& options, const KeptFigure& figure,
                 const std::string& subtitle) {
  const float width = box.w;
  PaneHeader header(ui, box, "State over time");
  if (width >= kRoomForAll) {
    if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E"))
      context.export_view("state-heatmap");
  } else {
    if (icon_button(ui, header.control(28), icon::kMore, "more", "Colours, scale, order, export"))
      ImGui::OpenPopup("more-menu");
    draw_more_menu(ui, context, options);
  }
  if (icon_button(ui, header.control(28), icon::kLock, "lock", "Keep the colour range\tL", options.locked)) toggle_lock(options, figure);
  if (width >= kRoomForAll) choose_colouring(ui, header, options);
  int order = static_cast<int>(options.order);
  if (width >= kRoomForOrder && combo(ui, "order", header.control(112), kOrders, order)) options.order = static_cast<RowOrder>(order), options.first_row = options.rows = 0;
  const Box axes = header.control(28);
  if (icon_button(ui, axes, icon::kAxes, "axes", "Which axis goes down, and where the others stand", options.rows_axis >= 0)) ImGui::OpenPopup("axes");
  if (context.derived.slab) draw_axes_popover(ui, axes, context, context.derived.slab->shape, options, true);
  header.subtitle(subtitle);
}

/// How much a pixel stands for, where that is more than one cell.
std::string pooling_note(const Ui& ui, const KeptFigure& figure) {
  if (!figure.is_there) return "";
  const PlotArea& area = figure.page.areas[0];
  const double rows = std::abs(area.y.high - area.y.low) / std::max(1.0, area.frame.h * ui.scale());
  const double tokens = (area.x.high - area.x.low) / std::max(1.0, area.frame.w * ui.scale());
  std::string note;
  if (rows > 1.05) note += fmt::format(" · {:.2g} rows a pixel", rows);
  if (tokens > 1.05) note += fmt::format(" · {:.2g} tokens a pixel", tokens);
  return note.empty() ? note : note + ", signed |max|";
}

/// A dotted line along the selected channel, and a ring where cursor A meets it.
void draw_selected_row(Ui& ui, Box box, const KeptFigure& figure, PaneContext& context, const FigureOptions& options) {
  const Snapshot& snapshot = context.snapshot;
  if (!context.derived.slab) return;
  const PlotArea& area = figure.page.areas[0];
  const Box frame = frame_of(figure, box);
  const std::int64_t row = row_in_heatmap({snapshot, context.derived, options}, selected_cell(snapshot, context.derived.slab->shape));
  if (row < 0) return;
  const float y = box.y + static_cast<float>(area.place_of_y(static_cast<double>(row) + 0.5));
  if (y < frame.y || y >= frame.bottom()) return;
  for (float x = frame.x; x < frame.right(); x += 6)
    ui.line_across(x, std::min(x + 2, frame.right()), y, rgb(0x000000));
  const float x = box.x + static_cast<float>(area.place_of_x(static_cast<double>(snapshot.selection.cursor_a)));
  if (snapshot.selection.cursor_a < 0 || x < frame.x || x > frame.right()) return;
  ui.list()->AddCircle({ui.px(x) + 0.5f, ui.px(y) + 0.5f}, 4 * ui.scale(), rgb(0x000000), 0, 1.5f * ui.scale());
}

void draw_crosshair(Ui& ui, Box frame, const Hit& hit) {
  const Color color = rgb(0x000000, 90);
  ui.line_down(hit.x, frame.y, frame.bottom(), color);
  ui.line_across(frame.x, frame.right(), hit.y, color);
}

/// How many cells are no numbers; a click goes to the first of them.
bool draw_nan_badge(Ui& ui, Box frame, PaneContext& context) {
  const auto& slab = context.derived.slab;
  if (!slab || slab->nonfinite == 0) return false;
  const std::string text = fmt::format("NaN or ∞: {}", slab->nonfinite);
  const float width = ui.width(Face::control, text) + 14;
  const Box badge{frame.right() - width - 4, frame.y + 4, width, 18};
  const Hit hit = ui.hit("nan", badge);
  ui.fill(badge, ui.theme().pane, kRadius);
  ui.outline(badge, ui.theme().nan, kRadius);
  ui.text_in(badge, Face::control, hit.hovered ? ui.theme().text : ui.theme().nan, text, Align::center);
  if (hit.hovered) ui.tooltip(fmt::format("goes to the first\tt = {}", slab->nonfinite_token));
  if (!hit.clicked) return hit.hovered;
  context.send(command::Seek{slab->nonfinite_token, "a"});
  context.send(select_cell(context.snapshot, slab->shape, slab->cell_of(slab->nonfinite_row)));
  return true;
}

void handle_mouse(Ui& ui, Box box, PaneContext& context, FigureOptions& options, const KeptFigure& figure) {
  const PlotArea& area = figure.page.areas[0];
  const Box frame = frame_of(figure, box);
  const auto& slab = context.derived.slab;
  const Hit hit = handle_time_axis(ui, frame, area, context, "cells", rows_view(options, slab ? slab->rows : 0));
  const double x = area.x_from(hit.x - box.x), y = area.y_from(hit.y - box.y);
  const std::int64_t cell = heatmap_cell({context.snapshot, context.derived, options}, y);
  if (hit.clicked && cell >= 0 && slab) context.send(select_cell(context.snapshot, slab->shape, cell));
  if (!hit.hovered) return;
  const std::string value = value_at("state-heatmap", context.snapshot, context.derived, options, 0, x, y);
  note_hover(ui, context, value, static_cast<std::int64_t>(std::floor(x + 0.5)), cell);
  draw_crosshair(ui, frame, hit);
  if (!value.empty()) ui.tooltip(value);
}

void offer_menu(Ui& ui, Box pane, PaneContext& context, FigureOptions& options, const KeptFigure& figure) {
  const PaneMenu offered{.kind = "state-heatmap", .shown = options, .lockable = &options, .figure = &figure,
                         .fit = [&] { context.send(command::ShowRange{0, 0}), options.first_row = options.rows = 0; },
                         .more = {{.label = "Set cursor B here", .shortcut = "Alt-click"}, {.label = "Edit this …", .shortcut = "Shift+E"}}};
  const std::int64_t token = kept_of(context).menu_token;
  const int chosen = pane_menu(ui, pane, context, offered);
  if (chosen == 0 && token >= 0 && token < context.snapshot.count()) context.send(command::Seek{token, "b"});
  if (chosen == 1) edit_clicked(ui, context, context.derived.slab ? context.derived.slab->shape : std::vector<std::int64_t>());
}

}  // namespace

void draw_state_over_time(Ui& ui, Box box, PaneContext& context) {
  FigureOptions& options = context.memory.options["state-heatmap"];
  const Box pane = box;
  Box body = box;
  body.cut_top(kHeaderHeight + 4), body.cut_bottom(8);
  FigureRequest request{
      .slot = "state-over-time", .kind = "state-heatmap", .options = options, .left = kTimeLeft, .right = kTimeRight};
  request.options.cursors = false;  // drawn on top, so that moving them colours nothing again
  const bool stands_alone = body.h >= kTall;
  request.adjust = [stands_alone](Figure& figure) {
    Plot& plot = figure.plots[0];
    plot.color_label.clear();
    if (!stands_alone) plot.x.label.clear(), plot.x.ticks = false;
  };
  const KeptFigure& figure = kept_figure(ui, body, context, request);
  draw_header(ui, box, context, options, figure, figure.subtitle + pooling_note(ui, figure));
  if (draw_figure(ui, body, context, figure)) {
    draw_selected_row(ui, body, figure, context, options);
    draw_time_cursors(ui, frame_of(figure, body), figure.page.areas[0], context.snapshot, true);
    if (!draw_nan_badge(ui, frame_of(figure, body), context)) handle_mouse(ui, body, context, options, figure);
  }
  offer_menu(ui, pane, context, options, figure);
}

}  // namespace lab
