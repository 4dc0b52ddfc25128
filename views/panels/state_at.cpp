// The state of the selected layer at the cursor, every cell of it.
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

constexpr float kLegend = 56;  // at the right: range and scale in words

/// The box around the selected cell, at least as large as the eye can find.
void draw_selected_cell(Ui& ui, Box body, Box frame, const KeptFigure& figure, const FigureInput& input) {
  const PlotArea& area = figure.page.areas[0];
  const auto place = place_in_state_at(input, selected_cell(input.snapshot, input.derived.frame->shape));
  if (!place) return;
  const auto [column, row] = *place;
  const auto left = static_cast<float>(area.place_of_x(static_cast<double>(column) - 0.5));
  const auto right = static_cast<float>(area.place_of_x(static_cast<double>(column) + 0.5));
  const auto y0 = static_cast<float>(area.place_of_y(static_cast<double>(row))), y1 = static_cast<float>(area.place_of_y(static_cast<double>(row) + 1));
  const float w = std::max(7.0f, right - left + 2), h = std::max(8.0f, std::abs(y1 - y0) + 2);
  ui.clip(frame.inset(-2));
  ui.outline({body.x + (left + right - w) / 2, body.y + (y0 + y1 - h) / 2, w, h}, rgb(0x000000), 0, 1.5f);
  ui.unclip();
}

/// Lines around displayed rows and columns.
void draw_box(Ui& ui, Box body, const KeptFigure& figure, const std::vector<std::int64_t>& rows, std::int64_t first_column, std::int64_t columns) {
  const PlotArea& area = figure.page.areas[0];
  const auto x0 = static_cast<float>(area.place_of_x(static_cast<double>(first_column) - 0.5)), x1 = static_cast<float>(area.place_of_x(static_cast<double>(first_column + columns) - 0.5));
  ui.clip(frame_of(figure, body).inset(-2));
  for (std::size_t i = 0, next = 0; i < rows.size(); i = next) {
    for (next = i + 1; next < rows.size() && rows[next] == rows[next - 1] + 1;) ++next;
    const auto y0 = static_cast<float>(area.place_of_y(static_cast<double>(rows[i]))), y1 = static_cast<float>(area.place_of_y(static_cast<double>(rows[next - 1] + 1)));
    ui.outline({body.x + x0, body.y + std::min(y0, y1), x1 - x0, std::abs(y1 - y0)}, rgb(0x000000), 0, 1.5f);
  }
  ui.unclip();
}

/// The box that stands; of another layer or model it is let go.
void draw_picked_box(Ui& ui, Box body, PaneContext& context, const KeptFigure& figure, const FigureInput& input) {
  CellBox& box = context.memory.box;
  if (!is_standing(box, context.snapshot)) return static_cast<void>(box = {});
  draw_box(ui, body, figure, displayed_rows(box, shown_cells(input)), box.first_column, box.columns);
}

void draw_legend(Ui& ui, Box box, const ColorScale& scale) {
  const Theme& theme = ui.theme();
  const auto line = [&](const std::string& text) { ui.text_in(box.cut_top(16), Face::axis, theme.dim, text); };
  if (scale.scaling == Scaling::sign) {
    line("− 0 +");
  } else if (scale.low == -scale.high) {
    line("±" + number_text(scale.high, 2));
  } else {
    line("≤ " + number_text(scale.high, 2));
    line("≥ " + number_text(scale.low, 2));
  }
  line(name_of(scale.scaling));
}

constexpr const char* kSegments[] = {"cache", "attention"};

/// Of a layer of attention: whether what it attends to is shown.
bool choose_attention(Ui& ui, PaneHeader& header, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const auto layer = static_cast<std::size_t>(snapshot.selection.layer);
  if (!snapshot.model || layer >= snapshot.model->layers.size() || !is_attention(snapshot.model->layers[layer])) return false;
  bool& shown = context.memory.show_attention;
  shown = segments(ui, "what", header.control(136), kSegments, shown) == 1;
  return shown;
}

/// A Shift-drag picks a box of cells, and is over when the button is let go. Within one cell it is a click.
bool drag_box(Ui& ui, Box body, PaneContext& context, const KeptFigure& figure, const FigureInput& input, const Hit& hit) {
  const PlotArea& area = figure.page.areas[0];
  const Box frame = frame_of(figure, body);
  PaneMemory::Kept& kept = kept_of(context);
  const ShownCells shown = shown_cells(input);
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const float x = std::clamp(mouse.x / ui.scale(), frame.x, frame.right()), y = std::clamp(mouse.y / ui.scale(), frame.y, frame.bottom());
  const auto index = [](double at, std::int64_t count) { return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(at)), 0, count - 1); };
  const ShownPlace to{index(area.y_from(y - body.y), shown.rows), index(area.x_from(x - body.x) + 0.5, shown.columns)};
  if (hit.pressed && ImGui::GetIO().KeyShift && hit.hovered) kept.box_drag = {ui.pane, to};
  if (kept.box_drag.pane != ui.pane) return false;
  const ShownPlace from = kept.box_drag.from;
  const std::string refusal = box_refusal(context.snapshot);
  const bool is_one = from.row == to.row && from.column == to.column;
  kept.has_panned = true;  // no click follows
  if (ImGui::GetIO().MouseDown[0]) {
    if (!refusal.empty()) return ui.tooltip("no box: " + refusal), true;
    const std::int64_t first = std::min(from.row, to.row), column = std::min(from.column, to.column), columns = std::max(from.column, to.column) + 1 - column;
    std::vector<std::int64_t> rows;
    for (std::int64_t row = first; row <= std::max(from.row, to.row); ++row) rows.push_back(row);
    draw_box(ui, body, figure, rows, column, columns);
    ui.tooltip(fmt::format("box {} × {}\t{} cells\nlet go to pick it", rows.size(), columns, std::ssize(rows) * columns));
    return true;
  }
  kept.box_drag = {};
  if (!refusal.empty()) return true;
  context.memory.box = is_one ? CellBox() : box_between(input, from, to);
  if (is_one) context.send(select_cell(context.snapshot, context.derived.frame->shape, shown.cell(shown.row(to.row), to.column)));
  else kept.edit_part = 0;
  return true;
}

void handle_cells(Ui& ui, Box body, PaneContext& context, FigureOptions& own, const FigureOptions& options, const KeptFigure& figure) {
  const PlotArea& area = figure.page.areas[0];
  const auto& heat = std::get<HeatLayer>(figure.figure.plots[0].layers[0]);
  const Hit hit = handle_axes(ui, frame_of(figure, body), area, context, "map", columns_view(own, heat.columns), rows_view(own, heat.rows));
  if (drag_box(ui, body, context, figure, {context.snapshot, context.derived, options}, hit)) return;
  if (!hit.hovered && !hit.clicked) return;
  const double x = area.x_from(hit.x - body.x), y = area.y_from(hit.y - body.y);
  const std::int64_t cell = state_at_cell({context.snapshot, context.derived, options}, x, y);
  if (cell < 0) return;
  if (hit.clicked) context.memory.box = {}, context.send(select_cell(context.snapshot, context.derived.frame->shape, cell));
  const std::string value = value_at("state-at", context.snapshot, context.derived, options, 0, x, y);
  note_hover(ui, context, value, -1, cell);
  ui.tooltip(value);
}

void draw_state(Ui& ui, Box pane, Box box, PaneContext& context, PaneHeader& header) {
  FigureOptions& own = context.memory.options["state-at"];
  const auto& state = context.derived.frame;
  const FigureOptions options = shown_options("state-at", context.memory);
  const Box axes = header.control(28);
  if (icon_button(ui, axes, icon::kAxes, "axes", "Which plane of the state, and where it stands", own.fixed_axis >= 0)) ImGui::OpenPopup("axes");
  if (state) draw_axes_popover(ui, axes, context, state->shape, own, false);
  FigureRequest request{.slot = "state-at", .kind = "state-at", .options = options, .right = 8};
  request.adjust = [](Figure& figure) { figure.plots[0].color_bar.reset(); };
  Box body = box;
  body.cut_left(4), body.cut_top(4);
  Box legend = body.cut_right(kLegend);
  const KeptFigure& figure = kept_figure(ui, body, context, request);
  header.subtitle(figure.is_there ? figure.figure.plots[0].subtitle : figure.subtitle);
  if (draw_figure(ui, figure.is_there ? body : box, context, figure)) {
    const Box frame = frame_of(figure, body);
    draw_legend(ui, {legend.x, frame.y, legend.w - 4, legend.h}, std::get<HeatLayer>(figure.figure.plots[0].layers[0]).scale);
    draw_selected_cell(ui, body, frame, figure, {context.snapshot, context.derived, options});
    draw_picked_box(ui, body, context, figure, {context.snapshot, context.derived, options});
    handle_cells(ui, body, context, own, options, figure);
  }
  const PaneMenu offered{.kind = "state-at", .shown = options, .lockable = &own, .figure = &figure,
                         .fit = [&own] { own.first_row = own.rows = own.first_column = own.columns = 0; },
                         .more = {{.label = "Edit this …", .shortcut = "Shift+E"}}};
  if (pane_menu(ui, pane, context, offered) == 0) edit_clicked(ui, context, state ? state->shape : std::vector<std::int64_t>());
}

}  // namespace

void draw_state_at(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "State at t");
  const Box export_box = header.control(28);
  const bool shows_attention = choose_attention(ui, header, context);
  if (icon_button(ui, export_box, icon::kExport, "export", "Export this view\tCtrl+E"))
    context.export_view(shows_attention ? "attention" : "state-at");
  if (shows_attention)
    draw_attention(ui, box, context, header);
  else
    draw_state(ui, pane, box, context, header);
}

}  // namespace lab
