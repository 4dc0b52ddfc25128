// How far back a layer sees: half-lives of its channels, and what each token reads of each earlier one.
#include <fmt/format.h>

#include <cmath>

#include "views/figures/parts.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/panels/transport.h"

namespace lab {
namespace {

/// A pane that is one figure: its exact values under the mouse, and what a click on them does.
void draw_one_figure(Ui& ui, Box box, PaneContext& context, const char* kind, bool has_scale,
                     const std::function<void(const KeptFigure& figure, double x, double y)>& clicked) {
  const Box pane = box;
  PaneHeader header(ui, box, find_figure(kind)->title);
  if (!context.snapshot.model) return empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
  FigureOptions& options = context.memory.options[kind];
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view(kind);
  if (has_scale && pane.w >= 420) choose_colors(ui, header, options);
  FigureRequest request{.slot = ui.pane + " " + kind, .kind = kind, .options = options};
  request.adjust = [is_low = box.h < 180](Figure& figure) {
    for (Plot& plot : figure.plots) {
      plot.title.clear(), plot.subtitle.clear();
      if (is_low) plot.x.label.clear();
    }
  };
  const Box body = box.inset(4, 4);
  const KeptFigure& figure = kept_figure(ui, body, context, request);
  header.subtitle(figure.subtitle);
  if (draw_figure(ui, figure.is_there ? body : box, context, figure)) {
    const Hit hit = ui.hit("plot", frame_of(figure, body));
    const PlotArea& area = figure.page.areas[0];
    const double x = area.x_from(hit.x - body.x), y = area.y_from(hit.y - body.y);
    const std::string value = hit.hovered ? value_at(kind, context.snapshot, figure.sources, options, 0, x, y) : "";
    note_hover(ui, context, value);
    if (!value.empty()) ui.tooltip(value);
    if (hit.clicked) clicked(figure, x, y);
  }
  pane_menu(ui, pane, context, {.kind = kind, .shown = options, .lockable = has_scale ? &options : nullptr, .figure = &figure});
}

}  // namespace

void draw_half_lives(Ui& ui, Box box, PaneContext& context) {
  draw_one_figure(ui, box, context, "half-life", false, [](const KeptFigure&, double, double) {});
}

void draw_half_life_map(Ui& ui, Box box, PaneContext& context) {
  draw_one_figure(ui, box, context, "half-life-map", false, [&](const KeptFigure&, double x, double) {
    const auto layer = static_cast<std::int64_t>(std::floor(x + 0.5));
    if (layer >= 0 && layer < std::ssize(context.snapshot.model->layers)) context.send(command::Select{layer, -1, -1});
  });
}

void draw_reach_ruler(Ui& ui, const KeptTimeAxis& axis, Box row, PaneContext& context) {
  const auto& reach = context.derived.reach;
  const Selection& s = context.snapshot.selection;
  if (!reach || reach->layer != s.layer || reach->token < 0 || s.state >= reach->states) return;
  const auto cell = static_cast<std::size_t>(s.channel * reach->states + s.state);
  if (cell >= reach->half.size() || cell >= reach->tenth.size()) return;
  const Theme& theme = ui.theme();
  const float y = row.bottom() - 3, from = axis.place(static_cast<double>(reach->token) + 0.5);
  std::string tip = fmt::format("{}\tfrom t = {} back", cell_text(context.snapshot, s.channel, s.state), reach->token);
  float left = from;
  for (const auto& [name, is] : {std::pair{"50 %", reach->half[cell]}, {"10 %", reach->tenth[cell]}, {"1 %", reach->horizon[cell]}}) {
    const float x = axis.place(static_cast<double>(reach->token) + 0.5 - is.tokens);
    tip += fmt::format("\n{} left after\t{}{} tokens", name, is.is_reached ? "" : "more than ", number_text(is.tokens, 3));
    left = std::min(left, std::max(axis.left, x));
    if (!is.is_reached || x < axis.left || x > axis.right) continue;
    ui.fill({x, y - 4, 1, 7}, theme.warning);
    const float width = ui.width(Face::axis, name);
    if (from - x > width + 8) ui.fill({x + 2, row.y + 2, width + 2, 13}, theme.pane), ui.text(Face::axis, x + 3, row.y + 1, theme.warning, name);
  }
  ui.fill({left, y, std::max(1.0f, std::min(from, axis.right) - left), 1}, theme.warning);
  const ImVec2 mouse = ImGui::GetIO().MousePos;  // the axis below has the mouse
  if (Box{left, y - 4, std::max(4.0f, from - left), 7}.contains(mouse.x / ui.scale(), mouse.y / ui.scale()) && ImGui::IsWindowHovered()) ui.tooltip(tip);
}

void draw_hidden_attention(Ui& ui, Box box, PaneContext& context) {
  draw_one_figure(ui, box, context, "attention-map", true, [&](const KeptFigure&, double x, double y) {
    const bool reads = !ImGui::GetIO().KeyAlt;  // the token that reads; with Alt the one that is read
    const auto token = static_cast<std::int64_t>(std::floor((reads ? y : x) + 0.5));
    if (token >= 0 && token < context.snapshot.count()) context.send(command::Seek{token, reads ? "a" : "b"});
  });
}

}  // namespace lab
