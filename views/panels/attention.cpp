// What the token at the cursor attends to in the selected layer: every head, every cached token.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr const char* kScales[] = {"linear", "log"};
constexpr float kRoomForRange = 420, kRoomForEntropy = 240;  // of width, for the columns of numbers
constexpr float kRoomForScale = 420;                         // and for the choice in the header

/// The mouse over the cells: their exact value; a click moves a cursor to the token that a cell stands for.
void handle_mouse(Ui& ui, Box body, PaneContext& context, const KeptFigure& figure, const FigureOptions& options) {
  const Hit hit = ui.hit("cells", frame_of(figure, body));
  if (!hit.hovered && !hit.clicked) return;
  const PlotArea& area = figure.page.areas[0];
  const double x = area.x_from(hit.x - body.x), y = area.y_from(hit.y - body.y);
  const AttentionFrame& seen = *figure.sources.attention;
  const auto place = static_cast<std::int64_t>(std::floor(x + 0.5));
  if (hit.clicked && seen.own_rows == seen.rows && place >= 0 && place < context.snapshot.count())
    context.send(command::Seek{place, ImGui::GetIO().KeyAlt ? "b" : "a"});
  const std::string value = value_at("attention", context.snapshot, figure.sources, options, 0, x, y);
  note_hover(ui, context, hit.hovered ? value : "", place);
  if (hit.hovered && !value.empty()) ui.tooltip(value);
}

}  // namespace

void draw_attention(Ui& ui, Box box, PaneContext& context, PaneHeader& header) {
  FigureOptions& options = context.memory.options["attention"];
  int scale = options.scaling != Scaling::linear;
  if (box.w >= kRoomForScale && combo(ui, "scale", header.control(76), kScales, scale))
    options.scaling = scale == 1 ? Scaling::log : Scaling::linear;
  FigureRequest request{.slot = ui.pane + " attention", .kind = "attention", .options = options};
  const float width = box.w;
  request.adjust = [width](Figure& figure) {
    Plot& plot = figure.plots[0];
    if (width < kRoomForRange) plot.columns.resize(1), plot.color_label.clear();
    if (width < kRoomForEntropy) plot.columns.clear(), plot.color_bar.reset();
  };
  const Box body = box.inset(4, 4);
  const KeptFigure& figure = kept_figure(ui, body, context, request);
  header.subtitle(figure.subtitle);
  if (draw_figure(ui, figure.is_there ? body : box, context, figure)) handle_mouse(ui, body, context, figure, options);
  pane_menu(ui, box, context, {.kind = "attention", .shown = options, .figure = &figure});
}

void draw_attention_pane(Ui& ui, Box box, PaneContext& context) {
  PaneHeader header(ui, box, "Attention");
  const Snapshot& snapshot = context.snapshot;
  if (!snapshot.model) return empty_note(ui, box, "No model is open.", "Ctrl+O opens one.");
  const auto layer = static_cast<std::size_t>(snapshot.selection.layer);
  const auto& layers = snapshot.model->layers;
  if (!is_attention(layers[layer])) {
    const bool has_one = std::ranges::any_of(layers, is_attention);
    return empty_note(ui, box, fmt::format("Layer {} is none of attention.", layer), has_one ? "Choose one in the list of layers." : "This model has none: choose another view by the title.");
  }
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view("attention");
  draw_attention(ui, box, context, header);
}

}  // namespace lab
