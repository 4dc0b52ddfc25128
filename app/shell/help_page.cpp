#include "app/shell/help_page.h"

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
};

constexpr float kRow = 24;

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
  const int left_rows = (keys + 1) / 2;
  const int rows = left_rows + static_cast<int>((std::size(kMouse) + 1) / 2);
  const float height = kRow * static_cast<float>(rows) + 112;  // title, line and margins
  const Box page{window.middle_x() - 440, window.middle_y() - height / 2, 880, height};
  begin_overlay(ui, "help", page);
  Box body = page.inset(24, 16);
  Box title = body.cut_top(40);
  ui.text_in(title, Face::heading, ui.theme().text, "Keys and mouse");
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true})) close();
  title.cut_right(8);
  if (button(ui, "Take the tour", title.cut_right(108).row(24), {.tip = std::string("Five steps through the window\t") + keys_of(Action::tour)})) asked = Action::tour;
  body.cut_top(8);
  Box columns = body.cut_top(kRow * static_cast<float>(left_rows));
  Box left = columns.cut_left(columns.w / 2), right = columns;
  int placed = 0;
  for (const Shortcut& shortcut : shortcuts()) {
    if (*shortcut.keys == '\0') continue;
    Box& column = placed++ < left_rows ? left : right;
    draw_key(ui, column.cut_top(kRow), 130, shortcut.keys, shortcut.meaning);
  }
  body.cut_top(12);
  ui.line_across(body.x, body.right(), body.y, ui.theme().line);
  body.cut_top(12);
  left = body.cut_left(body.w / 2), right = body;
  for (std::size_t i = 0; i < std::size(kMouse); ++i)
    draw_key(ui, (i % 2 == 0 ? left : right).cut_top(kRow), 130, kMouse[i].first, kMouse[i].second);
  end_overlay();
  return asked;
}

}  // namespace lab
