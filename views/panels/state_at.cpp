// The state of the selected layer at the cursor, every cell of it.
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

constexpr float kLegend = 56;  // at the right: range and scale in words

/// The box around the selected cell, at least as large as the eye can find.
void draw_selected_cell(Ui& ui, Box body, const KeptFigure& figure, const Selection& selection) {
  const auto& heat = std::get<HeatLayer>(figure.figure.plots[0].layers[0]);
  const PlotArea& area = figure.page.areas[0];
  std::int64_t row = selection.channel;
  if (!heat.row_order.empty())
    row = std::find(heat.row_order.begin(), heat.row_order.end(), selection.channel) - heat.row_order.begin();
  if (row >= heat.rows || selection.state >= heat.columns) return;
  const auto left = static_cast<float>(area.place_of_x(static_cast<double>(selection.state) - 0.5));
  const auto right = static_cast<float>(area.place_of_x(static_cast<double>(selection.state) + 0.5));
  const auto y = static_cast<float>(area.place_of_y(static_cast<double>(row) + 0.5));
  const float w = std::max(7.0f, right - left + 2);
  ui.outline({body.x + (left + right - w) / 2, body.y + y - 4, w, 8}, rgb(0x000000), 0, 1.5f);
}

void draw_legend(Ui& ui, Box box, const ColorScale& scale) {
  const Theme& theme = ui.theme();
  const auto line = [&](const std::string& text) { ui.text_in(box.cut_top(16), Face::axis, theme.dim, text); };
  if (scale.low == -scale.high) {
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

void draw_state(Ui& ui, Box box, PaneContext& context, PaneHeader& header) {
  FigureOptions options = context.memory.options["state-heatmap"];  // the same colours as over time
  options.locked = false;
  FigureRequest request{.slot = "state-at", .kind = "state-at", .options = options, .right = 8};
  request.adjust = [](Figure& figure) { figure.plots[0].color_bar.reset(); };
  Box body = box;
  body.cut_left(4), body.cut_top(4);
  Box legend = body.cut_right(kLegend);
  const KeptFigure& figure = kept_figure(ui, body, context, request);
  header.subtitle(figure.subtitle);
  if (!draw_figure(ui, figure.is_there ? body : box, context, figure)) return;
  const Box frame = frame_of(figure, body);
  draw_legend(ui, {legend.x, frame.y, legend.w - 4, legend.h},
              std::get<HeatLayer>(figure.figure.plots[0].layers[0]).scale);
  draw_selected_cell(ui, body, figure, context.snapshot.selection);

  const Hit hit = ui.hit("map", frame);
  if (!hit.hovered && !hit.clicked) return;
  const PlotArea& area = figure.page.areas[0];
  const double x = area.x_from(hit.x - body.x), y = area.y_from(hit.y - body.y);
  const auto& heat = std::get<HeatLayer>(figure.figure.plots[0].layers[0]);
  const auto state = static_cast<std::int64_t>(std::floor(x + 0.5)), shown = static_cast<std::int64_t>(std::floor(y));
  if (state < 0 || state >= heat.columns || shown < 0 || shown >= heat.rows) return;
  const std::int64_t row = heat.row_order.empty() ? shown : heat.row_order[static_cast<std::size_t>(shown)];
  if (hit.clicked) context.send(command::Select{context.snapshot.selection.layer, row, state});
  ui.tooltip(value_at("state-at", context.snapshot, context.derived, options, 0, x, y));
}

}  // namespace

void draw_state_at(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "State at t");
  const Box export_box = header.control(28);
  const bool shows_attention = choose_attention(ui, header, context);
  if (icon_button(ui, export_box, icon::kExport, "export", "Export this view\tCtrl+E"))
    context.export_view(shows_attention ? "attention" : "state-at");
  if (shows_attention)
    draw_attention(ui, box, context, header);
  else
    draw_state(ui, box, context, header);
}

}  // namespace lab
