// The heatmap of a layer's state over the tokens.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr const char* kOrders[] = {"by index", "by half-life"};
constexpr float kRoomForAll = 900, kRoomForOrder = 480;
constexpr float kTall = 420;  // from here on the pane stands alone and numbers its own x axis

void toggle_lock(FigureOptions& options, const KeptFigure& figure) {
  options.locked = !options.locked && figure.is_there && figure.figure.plots[0].color_bar;
  if (!options.locked) return;
  options.low = figure.figure.plots[0].color_bar->low;
  options.high = figure.figure.plots[0].color_bar->high;
}

void draw_more_menu(Ui& ui, PaneContext& context, FigureOptions& options) {
  std::vector<MenuItem> items = {{.label = "Export…", .shortcut = "Ctrl+E"}};
  for (std::size_t i = 0; i < std::size(kMapNames); ++i)
    items.push_back({.label = std::string("Colours: ") + kMapNames[i], .separated = i == 0});
  for (std::size_t i = 0; i < std::size(kScalingNames); ++i)
    items.push_back({.label = std::string("Scale: ") + kScalingNames[i], .separated = i == 0});
  const int chosen = menu(ui, "more-menu", items);
  if (chosen == 0)
    context.export_view("state-heatmap");
  else if (chosen > 6)
    options.scaling = static_cast<Scaling>(chosen - 7);
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
    if (icon_button(ui, header.control(28), icon::kLock, "lock", "Keep the colour range", options.locked))
      toggle_lock(options, figure);
    choose_colors(ui, header, options);
  } else {
    if (icon_button(ui, header.control(28), icon::kMore, "more", "Colours, scale, export"))
      ImGui::OpenPopup("more-menu");
    draw_more_menu(ui, context, options);
    if (icon_button(ui, header.control(28), icon::kLock, "lock", "Keep the colour range", options.locked))
      toggle_lock(options, figure);
  }
  int order = static_cast<int>(options.order);
  if (width >= kRoomForOrder && combo(ui, "order", header.control(112), kOrders, order)) options.order = static_cast<RowOrder>(order);
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

const HeatLayer& heat_of(const KeptFigure& figure) { return std::get<HeatLayer>(figure.figure.plots[0].layers[0]); }

/// The stored row at a displayed one, and back.
std::int64_t stored_row(const HeatLayer& heat, std::int64_t shown) {
  return heat.row_order.empty() ? shown : heat.row_order[static_cast<std::size_t>(shown)];
}
std::int64_t shown_row(const HeatLayer& heat, std::int64_t stored) {
  if (heat.row_order.empty()) return stored;
  return std::find(heat.row_order.begin(), heat.row_order.end(), stored) - heat.row_order.begin();
}

/// A dotted line along the selected channel, and a ring where cursor A meets it.
void draw_selected_row(Ui& ui, Box box, const KeptFigure& figure, const Snapshot& snapshot) {
  const PlotArea& area = figure.page.areas[0];
  const Box frame = frame_of(figure, box);
  const std::int64_t row = shown_row(heat_of(figure), snapshot.selection.channel);
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

void draw_context_menu(Ui& ui, PaneContext& context, FigureOptions& options, const KeptFigure& figure) {
  PaneMemory::Kept& kept = kept_of(context);
  const MenuItem items[] = {{.label = "Copy value"},
                            {.label = "Set cursor B here", .shortcut = "Alt-click"},
                            {.label = options.locked ? "Unlock range" : "Lock range", .separated = true},
                            {.label = "Show all tokens", .shortcut = "double click"},
                            {.label = "Export…", .shortcut = "Ctrl+E", .separated = true}};
  switch (menu(ui, "context-menu", items)) {
    case 0: ImGui::SetClipboardText(kept.menu_value.c_str()); break;
    case 1: context.send(command::Seek{kept.menu_token, "b"}); break;
    case 2: toggle_lock(options, figure); break;
    case 3: context.send(command::ShowRange{0, 0}); break;
    case 4: context.export_view("state-heatmap"); break;
    default: break;
  }
}

void handle_mouse(Ui& ui, Box box, PaneContext& context, FigureOptions& options, const KeptFigure& figure) {
  PaneMemory::Kept& kept = kept_of(context);
  const PlotArea& area = figure.page.areas[0];
  const Box frame = frame_of(figure, box);
  const Hit hit = handle_time_axis(ui, frame, area, context, "cells");
  const double x = area.x_from(hit.x - box.x), y = area.y_from(hit.y - box.y);
  const HeatLayer& heat = heat_of(figure);
  const auto row = static_cast<std::int64_t>(std::floor(y));
  const bool on_row = row >= 0 && row < heat.rows;
  if (hit.clicked && on_row)
    context.send(
        command::Select{context.snapshot.selection.layer, stored_row(heat, row), context.snapshot.selection.state});
  const std::string value =
      hit.hovered ? value_at("state-heatmap", context.snapshot, context.derived, options, 0, x, y) : "";
  if (hit.right_clicked && !value.empty()) {
    kept.menu_value = value;
    kept.menu_token = static_cast<std::int64_t>(std::floor(x + 0.5));
    ImGui::OpenPopup("context-menu");
  }
  draw_context_menu(ui, context, options, figure);
  if (!hit.hovered) return;
  draw_crosshair(ui, frame, hit);
  if (!value.empty()) ui.tooltip(value);
}

}  // namespace

void draw_state_over_time(Ui& ui, Box box, PaneContext& context) {
  FigureOptions& options = context.memory.options["state-heatmap"];
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
  if (!draw_figure(ui, body, context, figure)) return;
  draw_selected_row(ui, body, figure, context.snapshot);
  draw_time_cursors(ui, frame_of(figure, body), figure.page.areas[0], context.snapshot, true);
  handle_mouse(ui, body, context, options, figure);
}

}  // namespace lab
