#include "app/shell/help_page.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/shell/shortcuts.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr std::pair<const char*, const char*> kMouse[] = {
    {"hover", "exact value"},          {"click", "move cursor A, choose a layer or cell"},
    {"Alt-click", "put cursor B there"}, {"wheel", "zoom at the mouse; Shift: across, Ctrl: down"},
    {"drag, right drag", "pan; in 3D: turn. Right: zoom to a box"}, {"drag below", "on the time lanes: scrub"}, {"Shift-drag", "on tokens or the time axis: name a range"},
    {"double-click", "show all; on a gutter: its default"}, {"right-click", "menu: copy, lock, export, explain"}, {"title", "click: another view in the pane"},
};

constexpr float kRow = 20;

void draw_key(Ui& ui, Box row, float key_width, const char* key, const char* meaning) {
  Box cap = row.cut_left(key_width);
  cap.w = ui.width(Face::dense, key) + 12;
  ui.fill(cap.row(18), ui.theme().raised, kRadius);
  ui.text_in(cap, Face::dense, ui.theme().text, key, Align::center);
  ui.text_in(row, Face::control, ui.theme().dim, meaning);
}

/// Keys with their meanings, column by column.
void draw_columns(Ui& ui, Box box, std::span<const std::pair<const char*, const char*>> entries, std::size_t rows, std::size_t columns) {
  const float width = box.w / static_cast<float>(columns);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Box column{box.x + width * static_cast<float>(i / rows), box.y, width - 12, box.h};
    draw_key(ui, {column.x, column.y + kRow * static_cast<float>(i % rows), column.w, kRow}, 112, entries[i].first, entries[i].second);
  }
}

}  // namespace

std::optional<Action> HelpPage::draw(Ui& ui, Box window) {
  if (!is_open_) return {};
  std::optional<Action> asked;
  std::vector<std::pair<const char*, const char*>> keys;
  for (const Shortcut& shortcut : shortcuts())
    if (*shortcut.keys != '\0') keys.emplace_back(shortcut.keys, shortcut.meaning);
  const std::size_t columns = window.w >= 1240 ? 3 : 2;
  const std::size_t key_rows = (keys.size() + columns - 1) / columns, mouse_rows = (std::size(kMouse) + columns - 1) / columns;
  const float height = kRow * static_cast<float>(key_rows + mouse_rows) + 112;  // title, line and margins
  const float width = columns == 3 ? 1216 : 800;
  const Box page{window.middle_x() - width / 2, std::max(4.0f, window.middle_y() - height / 2), width, height};
  begin_overlay(ui, "help", page);
  Box body = page.inset(24, 16);
  Box title = body.cut_top(40);
  ui.text_in(title, Face::heading, ui.theme().text, "Keys and mouse");
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  title.cut_right(8);
  if (button(ui, "Take the tour", title.cut_right(108).row(24), {.tip = std::string("Five steps through the window\t") + keys_of(Action::tour)})) asked = Action::tour;
  body.cut_top(8);
  draw_columns(ui, body.cut_top(kRow * static_cast<float>(key_rows)), keys, key_rows, columns);
  body.cut_top(12);
  ui.line_across(body.x, body.right(), body.y, ui.theme().line);
  body.cut_top(12);
  draw_columns(ui, body, kMouse, mouse_rows, columns);
  end_overlay();
  return asked;
}

}  // namespace lab
