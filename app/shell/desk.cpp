#include "app/shell/desk.h"

#include <utility>
#include <vector>

#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane.h"

namespace lab {

void Desk::begin(int theme, Workspace& workspace, PaneMemory& memory) {
  if (kept_.file().empty()) settings_.theme = theme;
  apply_to_views(Settings(), settings_, memory);
  workspace.arrange(kept_.latest().layout);
  history_.begin(workspace.layout());
}

void Desk::use(const Settings& wanted, PaneMemory& memory) {
  apply_to_views(settings_, wanted, memory);
  settings_ = wanted;
  kept_.keep(settings_);
}

void Desk::note(const Workspace& workspace) {
  if (const PaneLayout now = workspace.layout(); history_.observe(now)) kept_.keep(now);
}

void Desk::arrange(const std::optional<PaneLayout>& layout, Workspace& workspace) {
  if (!layout) return;
  workspace.arrange(*layout);
  kept_.keep(*layout);
}

std::optional<Action> draw_view_menu(Ui& ui, Workspace& workspace, const std::string& pane) {
  ui.title_opens = false;  // for panes without a title
  if (std::exchange(ui.title_clicked, false)) ImGui::OpenPopup("views");
  if (!ImGui::IsPopupOpen("views")) return {};
  std::vector<MenuItem> items;
  std::vector<const char*> names;
  for (const PaneKind& kind : pane_kinds()) {
    if (!kind.view) continue;
    items.push_back({.label = kind.view, .marked = kind.name == pane});
    names.push_back(kind.name);
  }
  items.push_back({.label = "Enlarge", .shortcut = keys_of(Action::maximise), .separated = true, .marked = workspace.is_enlarged()});
  constexpr std::pair<const char*, Action> kOthers[] = {
      {"Undo layout", Action::undo_layout}, {"Redo layout", Action::redo_layout}, {"Reset layout", Action::reset_layout}};
  for (const auto& [label, action] : kOthers) items.push_back({.label = label, .shortcut = keys_of(action)});
  const int chosen = menu(ui, "views", items), views = static_cast<int>(names.size());
  if (chosen > views) return kOthers[chosen - views - 1].second;
  if (chosen == views) workspace.toggle_enlarged(pane);
  else if (chosen >= 0) workspace.show_view(pane, names[static_cast<std::size_t>(chosen)]);
  return {};
}

}  // namespace lab
