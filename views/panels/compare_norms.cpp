// How large the states of a few layers are, in both runs, on the time axis of map A.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "views/panels/compare.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"
#include "views/panels/panes.h"
#include "views/plot/layout.h"

namespace lab {
namespace {

constexpr const char* kFigure = "compare-norms";
constexpr std::size_t kMostLayers = 4;
constexpr float kLeastPlot = 46, kBelow = 26;  // units of height of one plot, and below the last

/// The layers that were pinned and the selected one with its neighbours, and the last one; as many as there is room for.
std::vector<int> layers_shown(const PaneContext& context, std::size_t room) {
  const auto count = static_cast<std::int64_t>(context.snapshot.model->layers.size());
  const std::int64_t selected = context.snapshot.selection.layer;
  std::vector<std::int64_t> wanted{selected};
  for (const std::int64_t pinned : context.memory.compare.pinned) wanted.push_back(pinned);
  for (const std::int64_t other : {selected + 1, selected - 1, count - 1, selected + 2, selected - 2, std::int64_t{0}}) wanted.push_back(other);
  std::vector<int> layers;
  for (const std::int64_t layer : wanted) {
    const auto known = static_cast<int>(layer);
    if (layer < 0 || layer >= count || layers.size() >= std::min(room, kMostLayers) || std::ranges::find(layers, known) != layers.end()) continue;
    layers.push_back(known);
  }
  std::ranges::sort(layers);
  return layers;
}

std::string difference_text(double a, double b) {
  if (!std::isfinite(a) || !std::isfinite(b)) return "–";
  const double difference = b - a;
  return fmt::format("{}{:.{}f}", std::signbit(difference) ? "−" : "+", std::abs(difference), std::abs(difference) < 100 ? 2 : 0);
}

/// The layer at the left; at the right B − A at the cursor.
void draw_names(Ui& ui, Box body, const KeptFigure& figure, const CompareScene& scene, const std::vector<int>& layers) {
  const Theme& theme = ui.theme();
  const std::int64_t cursor = scene.shown.cursor;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Box frame = frame_of(figure, body, i);
    const float y = frame.y - 2;
    const auto write = [&](float x, Color color, const std::string& text) {
      const float width = ui.width(Face::tick, text);
      ui.fill({x - 2, y + 1, width + 4, 14}, theme.pane);
      ui.text_in({x, y, width + 1, 16}, Face::tick, color, text);
      return width;
    };
    write(frame.x + 2, theme.text, fmt::format("layer {}", layers[i]));
    if (cursor < 0) continue;
    const std::string text = fmt::format("B − A  {} at {}", difference_text(norm_at(scene.runs, scene.a, false, layers[i], cursor), norm_at(scene.runs, scene.b, true, layers[i], cursor)),
                                         scene.number_text(cursor));
    write(frame.right() - 2 - ui.width(Face::tick, text), theme.dim, text);
  }
}

void draw_hover(Ui& ui, Box body, PaneContext& context, const KeptFigure& figure, const CompareScene& scene, const std::vector<int>& layers, const Hit& hit) {
  std::size_t under = 0;
  while (under + 1 < layers.size() && hit.y > frame_of(figure, body, under).bottom()) ++under;
  const PlotArea& area = figure.page.areas[under];
  const auto column = static_cast<std::int64_t>(std::floor(area.x_from(hit.x - body.x) + 0.5));
  if (!scene.has(column)) return;
  const double a = norm_at(scene.runs, scene.a, false, layers[under], column), b = norm_at(scene.runs, scene.b, true, layers[under], column);
  const auto value = [](double number) { return std::isfinite(number) ? number_text(number, 6) : std::string("–"); };
  const std::string text = fmt::format("t = {}  {}\tlayer {}\nA\t{}\nB\t{}\nB − A\t{}", scene.number_text(column), scene.token_text(column), layers[under], value(a), value(b),
                                       std::isfinite(b - a) ? number_text(b - a, 6) : "–");
  note_hover(ui, context, text, column);
  const std::array<Color, 3> labels{ui.theme().text, run_color(ui.theme(), scene.snapshot, scene.a.id), run_color(ui.theme(), scene.snapshot, scene.b.id)};
  ui.tooltip(text, labels);
}

void toggle_pinned(PaneContext& context) {
  auto& pinned = context.memory.compare.pinned;
  const std::int64_t layer = context.snapshot.selection.layer;
  if (std::erase(pinned, layer) == 0) pinned.push_back(layer);
  if (pinned.size() + 1 > kMostLayers) pinned.erase(pinned.begin());
}

}  // namespace

void draw_compare_norms(Ui& ui, Box box, PaneContext& context) {
  const Box pane = box;
  PaneHeader header(ui, box, "State norm");
  if (icon_button(ui, header.control(28), icon::kExport, "export", "Export this view\tCtrl+E")) context.export_view(kFigure);
  const bool is_pinned = std::ranges::find(context.memory.compare.pinned, context.snapshot.selection.layer) != context.memory.compare.pinned.end();
  if (icon_button(ui, header.control(28), icon::kPlus, "pin", is_pinned ? "Let the selected layer go" : "Keep the selected layer among these", is_pinned)) toggle_pinned(context);
  const auto scene = scene_or_note(ui, box, context);
  if (!scene) return;
  header.subtitle(scene->shown.last > scene->shown.first
                      ? fmt::format("‖h‖₂, t {}–{}, A solid, B dashed", scene->number_text(scene->shown.first), scene->number_text(scene->shown.last - 1))
                      : "‖h‖₂, A solid, B dashed");
  const auto room = static_cast<std::size_t>(std::max(1.0f, (box.h - kBelow) / kLeastPlot));
  const std::vector<int> layers = layers_shown(context, room);
  Box body = box;
  body.cut_bottom(6);
  std::string key = scene_key(*scene);
  if (!scene->a.trace || !scene->b.trace) key += fmt::format(" {}", scene->runs.progress);  // norms of recorded traces come with what is compared
  for (const int layer : layers) key += fmt::format(" {}", layer);
  const KeptFigure& figure = kept_plot(ui, body, context, "compare-norms", key, kCompareLeft, kCompareRight,
                                       [&] { return compare_norms(context.snapshot, scene->runs, layers, scene->shown.first, scene->shown.last); });
  draw_figure(ui, body, context, figure);
  Box all = frame_of(figure, body);
  all.h = frame_of(figure, body, layers.size() - 1).bottom() - all.y;
  draw_column_marks(ui, all, figure.page.areas[0], *scene, false);
  draw_names(ui, body, figure, *scene, layers);
  const Hit hit = handle_columns(ui, all, figure.page.areas[0], context, *scene, "plot");
  if (hit.hovered) draw_hover(ui, body, context, figure, *scene, layers, hit);
  PaneMenu offered{.kind = kFigure, .figure = &figure, .fit = [&] { context.send(command::ShowRange{0, 0}); }};
  offered.more = {{.label = is_pinned ? "Let the selected layer go" : "Keep the selected layer"}, {.label = "Let all go", .enabled = !context.memory.compare.pinned.empty()}};
  const int chosen = pane_menu(ui, pane, context, offered);
  if (chosen == 0) toggle_pinned(context);
  if (chosen == 1) context.memory.compare.pinned.clear();
}

}  // namespace lab
