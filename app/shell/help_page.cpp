#include "app/shell/help_page.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "app/shell/shortcuts.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr std::pair<const char*, const char*> kMouse[] = {
    {"hover", "exact value"},          {"click", "move cursor A, choose a layer or cell"},
    {"Alt-click", "put cursor B there"}, {"wheel", "zoom in time at the mouse"},
    {"drag", "pan in time; in 3D: turn"}, {"drag below", "on the time lanes: scrub"},
    {"double-click", "show all; on a gutter: its default"}, {"right-click", "copy values, export this view"},
    {"title", "click: another view in the pane"},
};

constexpr float kRow = 24, kColumn = 392, kKeyWidth = 130;
constexpr int kMostColumns = 3;

void draw_key(Ui& ui, Box row, float key_width, const char* key, const char* meaning) {
  Box cap = row.cut_left(key_width);
  cap.w = ui.width(Face::dense, key) + 12;
  ui.fill(cap.row(20), ui.theme().raised, kRadius);
  ui.text_in(cap, Face::dense, ui.theme().text, key, Align::center);
  ui.text_in(row, Face::control, ui.theme().dim, meaning);
}

}  // namespace

std::optional<Action> HelpPage::draw(Ui& ui, Box window) {
  if (!is_open_) return {};
  std::optional<Action> asked;
  int keys = 0;
  for (const Shortcut& shortcut : shortcuts()) keys += *shortcut.keys != '\0';
  const int columns = std::clamp(static_cast<int>((window.w - 96) / kColumn), 1, kMostColumns);
  const auto rows_of = [columns](int entries) { return static_cast<float>((entries + columns - 1) / columns); };
  const float key_rows = rows_of(keys), mouse_rows = rows_of(static_cast<int>(std::size(kMouse)));
  const float width = kColumn * static_cast<float>(columns) + 48, height = kRow * (key_rows + mouse_rows) + 112;  // title, line and margins
  const Box page{std::round(window.middle_x() - width / 2), std::round(window.middle_y() - height / 2), width, height};
  begin_overlay(ui, "help", page);
  Box body = page.inset(24, 16);
  Box title = body.cut_top(40);
  ui.text_in(title, Face::heading, ui.theme().text, "Keys and mouse");
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  title.cut_right(8);
  if (button(ui, "Take the tour", title.cut_right(108).row(24), {.tip = std::string("Five steps through the window\t") + keys_of(Action::tour)})) asked = Action::tour;
  body.cut_top(8);
  Box all = body.cut_top(kRow * key_rows), column;
  for (const Shortcut& shortcut : shortcuts()) {
    if (*shortcut.keys == '\0') continue;
    if (column.h < kRow) column = all.cut_left(kColumn);
    draw_key(ui, column.cut_top(kRow), kKeyWidth, shortcut.keys, shortcut.meaning);
  }
  body.cut_top(12);
  ui.line_across(body.x, body.right(), body.y, ui.theme().line);
  body.cut_top(12);
  column = {};
  for (const auto& [gesture, meaning] : kMouse) {
    if (column.h < kRow) column = body.cut_left(kColumn), column.h = kRow * mouse_rows;
    draw_key(ui, column.cut_top(kRow), kKeyWidth, gesture, meaning);
  }
  end_overlay();
  return asked;
}

}  // namespace lab
