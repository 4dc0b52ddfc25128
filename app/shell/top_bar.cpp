#include "app/shell/top_bar.h"

#include <fmt/format.h>

#include "app/shell/start_page.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kIcon = 28;  // units of width of an icon button

std::string tip_of(const char* what, Action action) { return std::string(what) + "\t" + keys_of(action); }

/// "Undo: zero state of layer 2", or that there is nothing.
std::string history_tip(const char* what, const std::vector<HistoryEntry>& entries, Action action) {
  if (entries.empty()) return std::string("Nothing to ") + (action == Action::undo ? "undo" : "redo");
  return tip_of((std::string(what) + ": " + entries.back().label).c_str(), action);
}

/// "Mamba-2, 4 layers, F32".
std::string facts_of(const ModelFacts& model) {
  std::string text = fmt::format("{}, {} layers", model.title, model.layers.size());
  for (const std::string& dtype : model.dtypes) text += ", " + dtype;
  return text;
}

void draw_model(Ui& ui, Box& bar, const ModelFacts& model) {
  const Theme& theme = ui.theme();
  bar.cut_left(12);
  ui.line_down(bar.x, bar.y + 10, bar.bottom() - 10, theme.line);
  bar.cut_left(13);
  const float end = ui.text_in({bar.x, bar.y, std::min(bar.w, 260.0f), bar.h}, Face::body, theme.text, model.name);
  bar.cut_left(end - bar.x + 10);
  const std::string facts = facts_of(model);
  const Box rest{bar.x, bar.y, std::max(0.0f, bar.w - 3 * kIcon - 36), bar.h};
  const float facts_end = ui.text_in(rest, Face::control, theme.dim, facts);
  bar.cut_left(facts_end - bar.x + 12);
}

/// What looks like a field and opens the palette; left out where the bar is short.
bool draw_search(Ui& ui, Box& bar) {
  constexpr float kWidth = 260, kRoom = 900;
  if (bar.w < kRoom) return false;
  const Theme& theme = ui.theme();
  const Box box = bar.cut_right(kWidth).row(kControlHeight);
  const Hit hit = ui.hit("search", box);
  ui.fill(box, hit.hovered ? theme.hover : theme.raised, kRadius);
  if (theme.has_edges) ui.outline(box, theme.line, kRadius);
  Box text = box.inset(10, 0);
  ui.text_in(text.cut_right(44), Face::control, theme.dim, keys_of(Action::palette), Align::right);
  ui.text_in(text.cut_left(20), Face::control, theme.dim, icon::kSearch);
  ui.text_in(text, Face::control, hit.hovered ? theme.text : theme.dim, "Search or run a command");
  return hit.clicked;
}

}  // namespace

std::optional<Action> draw_top_bar(Ui& ui, Box bar, const Snapshot& snapshot, Page shown) {
  const Theme& theme = ui.theme();
  ui.pane = "top";
  ui.line_across(bar.x, bar.right(), bar.bottom() - 1, theme.line);
  std::optional<Action> asked;
  bar = bar.inset(12, 0);
  draw_logo(ui, bar.x, bar.y + 12, 16);
  bar.cut_left(24);
  const float end = ui.text_in(bar, Face::title, theme.text, "State Lab");
  bar.cut_left(end - bar.x + 16);

  const auto icon_button = [&](Box at, const char* icon, const std::string& tip, Action action, bool enabled = true) {
    if (button(ui, icon, at.row(kControlHeight), {.enabled = enabled, .face = Face::control, .tip = tip})) asked = action;
  };
  icon_button(bar.cut_right(kIcon), icon::kGear, tip_of("Settings", Action::settings), Action::settings);
  bar.cut_right(4);
  icon_button(bar.cut_right(kIcon), icon::kTheme, tip_of(theme.dark ? "Light colours" : "Dark colours", Action::switch_theme),
              Action::switch_theme);
  bar.cut_right(4);
  icon_button(bar.cut_right(kIcon), icon::kHelp, tip_of("Keys and mouse", Action::help), Action::help);
  bar.cut_right(4);
  icon_button(bar.cut_right(kIcon), icon::kOpen, tip_of("Open a model", Action::open), Action::open);
  bar.cut_right(8);
  if (draw_search(ui, bar)) asked = Action::palette;
  bar.cut_right(16);

  if (!snapshot.model) return asked;
  const auto page = [&](const char* name, float width, Page of, Action action, const char* tip) {
    if (button(ui, name, bar.cut_left(width).row(kControlHeight), {.selected = shown == of, .face = Face::body, .tip = tip_of(tip, action)}) &&
        shown != of)
      asked = action;
    bar.cut_left(4);
  };
  page("Inspect", 66, Page::inspect, Action::show_inspect, "The run and its states");
  page("Compare", 74, Page::compare, Action::show_compare, "Two runs side by side");
  page("Weights", 70, Page::weights, Action::show_weights, "The weights of the model");
  page("Monitor", 70, Page::monitor, Action::show_monitor, "Rules that watch the run, and their alerts");
  draw_model(ui, bar, *snapshot.model);
  icon_button(bar.cut_left(kIcon), icon::kUndo, history_tip("Undo", snapshot.undo, Action::undo), Action::undo, !snapshot.undo.empty());
  bar.cut_left(4);
  icon_button(bar.cut_left(kIcon), icon::kRedo, history_tip("Redo", snapshot.redo, Action::redo), Action::redo, !snapshot.redo.empty());
  bar.cut_left(4);
  icon_button(bar.cut_left(kIcon), icon::kTrials, tip_of("Trials: what if …", Action::trials), Action::trials);
  return asked;
}

}  // namespace lab
