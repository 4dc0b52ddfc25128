#include "app/shell/help_page.h"

#include <algorithm>
#include <cmath>
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
    {"drag, right drag", "pan; in 3D: turn. Right: zoom to a box"}, {"drag below", "on the time lanes: scrub"}, {"Shift-drag", "on tokens or the time axis: name a range"}, {"Shift-drag", "on State at t: pick a box of cells to edit"},
    {"double-click", "show all; on a gutter: its default"}, {"right-click", "menu: copy, lock, export, explain"}, {"title", "click: another view in the pane"},
};

constexpr float kRow = 20, kColumn = 400, kMostColumns = 3;
constexpr float kAbove = 44, kBelow = 28, kMargin = 8, kScrollbar = 12;  // what stays in sight around the page
constexpr float kTitle = 48, kLine = 24;                               // heights

constexpr float kCap = 12, kAfterCap = 10;

void draw_key(Ui& ui, Box row, float key_width, const char* key, const char* meaning) {
  Box cap = row.cut_left(key_width);
  cap.w = ui.width(Face::dense, key) + kCap;
  ui.fill(cap.row(18), ui.theme().raised, kRadius);
  ui.text_in(cap, Face::dense, ui.theme().text, key, Align::center);
  ui.text_in(row, Face::control, ui.theme().dim, meaning);
}

using Entries = std::span<const std::pair<const char*, const char*>>;

std::size_t rows_of(Entries entries, std::size_t columns) { return (entries.size() + columns - 1) / columns; }

/// Keys with their meanings, column by column.
void draw_columns(Ui& ui, Box box, Entries entries, std::size_t columns) {
  const float width = box.w / static_cast<float>(columns);
  const std::size_t rows = rows_of(entries, columns);
  float key_width = 0;
  for (const auto& [key, meaning] : entries) key_width = std::max(key_width, ui.width(Face::dense, key) + kCap + kAfterCap);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Box column{box.x + width * static_cast<float>(i / rows), box.y, width - 12, box.h};
    draw_key(ui, {column.x, column.y + kRow * static_cast<float>(i % rows), column.w, kRow}, key_width, entries[i].first, entries[i].second);
  }
}

}  // namespace

bool HelpPage::press(const InputEvent& press, bool) {
  if (!is_open_ || press.modifiers != Modifiers{}) return false;
  switch (static_cast<Key>(press.code)) {
    case Key::up: scroll_rows_ = -1; return true;
    case Key::down: scroll_rows_ = 1; return true;
    case Key::page_up: scroll_rows_ = -10; return true;
    case Key::page_down: scroll_rows_ = 10; return true;
    default: return false;
  }
}

std::optional<Action> HelpPage::draw(Ui& ui, Box window) {
  if (!is_open_) return {};
  std::optional<Action> asked;
  std::vector<std::pair<const char*, const char*>> keys;
  for (const Shortcut& shortcut : shortcuts())
    if (*shortcut.keys != '\0') keys.emplace_back(shortcut.keys, shortcut.meaning);
  const float room = window.w - 2 * kMargin - 48;
  const auto columns = static_cast<std::size_t>(std::clamp(std::floor(room / kColumn), 1.0f, kMostColumns));
  const float listed = kRow * static_cast<float>(rows_of(keys, columns) + rows_of(kMouse, columns)) + kLine;
  const float width = std::min(kColumn * static_cast<float>(columns), room) + 48;
  const float free = window.h - kAbove - kBelow, height = std::min(listed + kTitle + 32, free);
  const Box page{std::round(window.middle_x() - width / 2), std::round(window.y + kAbove + (free - height) / 2), width, height};
  begin_overlay(ui, "help", page);
  Box body = page.inset(24, 16);
  Box title = body.cut_top(kTitle).inset(0, 4);
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  title.cut_right(8);
  if (button(ui, "Take the tour", title.cut_right(108).row(24), {.tip = std::string("Five steps through the window\t") + keys_of(Action::tour)})) asked = Action::tour;
  ui.text_in(title, Face::heading, ui.theme().text, "Keys and mouse");
  draw_list(ui, body, keys, columns, listed);
  end_overlay();
  return asked;
}

void HelpPage::draw_list(Ui& ui, Box list, Entries keys, std::size_t columns, float height) {
  ImGui::SetCursorScreenPos({ui.px(list.x), ui.px(list.y)});
  compat::begin_child("keys", {ui.px(list.w + kScrollbar), ui.px(list.h)}, 0);
  if (const int by = std::exchange(scroll_rows_, 0); by != 0) ImGui::SetScrollY(ImGui::GetScrollY() + ui.px(kRow * static_cast<float>(by)));
  Box rows{list.x, list.y - ImGui::GetScrollY() / ui.scale(), list.w, height};
  draw_columns(ui, rows.cut_top(kRow * static_cast<float>(rows_of(keys, columns))), keys, columns);
  ui.line_across(rows.x, rows.right(), rows.cut_top(kLine).middle_y(), ui.theme().line);
  draw_columns(ui, rows, kMouse, columns);
  ImGui::SetCursorScreenPos({ui.px(rows.x), ui.px(rows.bottom() - 1)});
  ImGui::Dummy({1, 1});  // how far there is to scroll
  ImGui::EndChild();
}

}  // namespace lab
