#include "views/panels/pane_menu.h"

#include <cmath>
#include <utility>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

constexpr float kExplanationWidth = 380;

bool is_in(const Ui& ui, Box pane) {
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  return pane.contains(mouse.x / ui.scale(), mouse.y / ui.scale()) && ImGui::IsWindowHovered(ImGuiHoveredFlags_ChildWindows);
}

void draw_explanation(Ui& ui, Box pane, PaneContext& context, const std::string& kind) {
  if (!ImGui::IsPopupOpen("explanation")) return;
  const std::string text = explanation_of(kind, context.snapshot, context.derived);
  const float lines = std::ceil(ui.width(Face::control, text) / (kExplanationWidth - 48)) + 1;
  Box page;
  if (!begin_popover(ui, "explanation", {pane.x + 12, pane.y + 24, 0, 0}, kExplanationWidth, 46 + 18 * lines, page)) return;
  ui.text_in(page.cut_top(24), Face::title, ui.theme().text, find_figure(kind)->title);
  ui.paragraph(page, Face::control, ui.theme().dim, text);
  end_popover();
}

std::string values_of(const PaneContext& context, const PaneMenu& offered, bool tabs) {
  if (!offered.values.empty()) return offered.values;
  const std::string csv = csv_of(offered.kind, context.snapshot, context.derived, offered.shown);
  return tabs ? tab_separated(csv) : csv;
}

/// What keys asked: the value under the mouse, or all of them, to the clipboard; the range; words.
void grant(PaneContext& context, const PaneMenu& offered, PaneWish wish, const std::string& hovered) {
  switch (wish) {
    case PaneWish::copy: ImGui::SetClipboardText((hovered.empty() ? values_of(context, offered, true) : hovered).c_str()); break;
    case PaneWish::lock:
      if (offered.lockable && offered.figure) toggle_lock(*offered.lockable, *offered.figure);
      break;
    case PaneWish::explain: ImGui::OpenPopup("explanation"); break;
    case PaneWish::menu: ImGui::OpenPopup("context-menu"); break;
    default: break;
  }
}

}  // namespace

void note_hover(Ui& ui, PaneContext& context, const std::string& value, std::int64_t token, std::int64_t cell) {
  PaneMemory::Kept& kept = kept_of(context);
  kept.hover_pane = ui.pane, kept.hover_value = value, kept.hover_token = token, kept.hover_cell = cell;
}

void toggle_lock(FigureOptions& options, const KeptFigure& figure) {
  const HeatLayer* heat = figure.is_there ? std::get_if<HeatLayer>(&figure.figure.plots[0].layers[0]) : nullptr;
  options.locked = !options.locked && heat;
  if (options.locked) options.low = heat->scale.low, options.high = heat->scale.high;
}

std::string tab_separated(const std::string& csv) {
  std::string text;
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (c == '"' && quoted && i + 1 < csv.size() && csv[i + 1] == '"') text += csv[++i];
    else if (c == '"') quoted = !quoted;
    else if (quoted && (c == '\t' || c == '\n')) text += ' ';
    else text += c == ',' && !quoted ? '\t' : c;
  }
  return text;
}

int pane_menu(Ui& ui, Box pane, PaneContext& context, const PaneMenu& offered) {
  PaneMemory::Kept& kept = kept_of(context);
  const std::string hovered = kept.hover_pane == ui.pane ? kept.hover_value : "";
  if (ImGui::IsMouseClicked(ImGuiMouseButton_Right) && is_in(ui, pane)) {
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    kept.right_pane = ui.pane, kept.right_x = mouse.x / ui.scale(), kept.right_y = mouse.y / ui.scale();
  }
  const bool clicked = ImGui::IsMouseReleased(ImGuiMouseButton_Right) && kept.right_pane == ui.pane && is_in(ui, pane) && !is_right_drag(ui, kept);
  const bool is_wished = context.memory.wish_pane == ui.pane;
  if (clicked || (is_wished && context.memory.wish == PaneWish::menu)) kept.menu_value = hovered, kept.menu_token = kept.hover_token, kept.menu_cell = hovered.empty() ? -1 : kept.hover_cell;
  if (clicked) ImGui::OpenPopup("context-menu");
  if (clicked || is_wished) kept.menu_at_pane = !is_in(ui, pane);
  if (is_wished) grant(context, offered, std::exchange(context.memory.wish, PaneWish::none), hovered);
  if (kept.hover_pane == ui.pane) kept.hover_pane.clear();

  std::vector<MenuItem> items = offered.more;
  const auto own = static_cast<int>(items.size());
  items.push_back({.label = "Copy value", .shortcut = "Ctrl+C", .enabled = !kept.menu_value.empty(), .separated = own > 0});
  items.push_back({.label = "Copy values as CSV", .enabled = offered.values.empty()});
  items.push_back({.label = "Copy values as TSV", .shortcut = kept.menu_value.empty() ? "Ctrl+C" : ""});
  items.push_back({.label = offered.lockable && offered.lockable->locked ? "Unlock range" : "Lock range", .shortcut = "L", .enabled = offered.lockable != nullptr, .separated = true});
  items.push_back({.label = "Show all", .shortcut = "F", .enabled = static_cast<bool>(offered.fit)});
  items.push_back({.label = "Export…", .shortcut = "Ctrl+E", .separated = true});
  items.push_back({.label = "Explain", .shortcut = "E"});
  if (kept.menu_at_pane && ImGui::IsPopupOpen("context-menu")) ImGui::SetNextWindowPos({ui.px(pane.x + 12), ui.px(pane.y + 28)}, ImGuiCond_Appearing);
  const int chosen = menu(ui, "context-menu", items);
  switch (chosen - own) {
    case 0: ImGui::SetClipboardText(kept.menu_value.c_str()); break;
    case 1: ImGui::SetClipboardText(values_of(context, offered, false).c_str()); break;
    case 2: ImGui::SetClipboardText(values_of(context, offered, true).c_str()); break;
    case 3: toggle_lock(*offered.lockable, *offered.figure); break;
    case 4: offered.fit(); break;
    case 5: context.export_view(offered.kind); break;
    case 6: ImGui::OpenPopup("explanation"); break;
    default: break;
  }
  draw_explanation(ui, pane, context, offered.kind);
  return chosen >= 0 && chosen < own ? chosen : -1;
}

}  // namespace lab
