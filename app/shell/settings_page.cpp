#include "app/shell/settings_page.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/shell/fuzzy.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kWidth = 720, kMargin = 24, kAbove = 52, kBelow = 36;  // what stays in sight: the bars of the window
constexpr float kRow = 44, kGroup = 32, kControls = 264, kScrollbar = 12;
constexpr std::size_t kMostSegments = 3;

float height_of(const std::vector<const Setting*>& listed) {
  float height = 0;
  std::string_view group;
  for (const Setting* setting : listed) {
    if (setting->group != group) height += kGroup;
    group = setting->group;
    height += kRow;
  }
  return height;
}

void draw_control(Ui& ui, Box box, const Setting& setting, const Setting::Choice& choice, Settings& settings) {
  int& value = settings.*choice.member;
  if (choice.names.size() <= kMostSegments) value = segments(ui, setting.key, box, choice.names, value);
  else combo(ui, setting.key, box.cut_right(140), choice.names, value);
}

void draw_control(Ui& ui, Box box, const Setting& setting, const Setting::Number& number, Settings& settings) {
  const Box unit = box.cut_right(ui.width(Face::control, number.unit));
  ui.text_in(unit, Face::control, ui.theme().dim, number.unit);
  if (*number.unit != '\0') box.cut_right(8);
  number_field(ui, setting.key, box.cut_right(88), settings.*number.member, number.low, number.high, number.format);
}

void draw_control(Ui& ui, Box box, const Setting& setting, const Setting::Flag& flag, Settings& settings) {
  bool& value = settings.*flag.member;
  if (check_box(ui, setting.key, box.cut_right(16).row(16), value)) value = !value;
}

/// What the control of a setting covers, for the ring around it.
Box control_of(const Ui& ui, Box box, const Setting& setting) {
  if (const auto* choice = std::get_if<Setting::Choice>(&setting.kind)) return choice->names.size() <= kMostSegments ? box : box.cut_right(140);
  if (std::holds_alternative<Setting::Flag>(setting.kind)) return box.cut_right(16).row(16);
  const auto& number = std::get<Setting::Number>(setting.kind);
  if (*number.unit != '\0') box.cut_right(ui.width(Face::control, number.unit) + 8);
  return box.cut_right(88);
}

}  // namespace

std::vector<const Setting*> matching_settings(const std::string& words) {
  std::vector<const Setting*> found;
  for (const Setting& setting : all_settings())
    if (holds_words(words, fmt::format("{} {} {}", setting.group, setting.title, setting.sentence))) found.push_back(&setting);
  return found;
}

void SettingsPage::open(const std::string& words) {
  is_open_ = take_focus_ = scroll_ = true;
  words_ = seen_words_ = words;
  chosen_ = words.empty() ? -1 : 0;
  steps_ = 0;
  ++generation_;
}

bool SettingsPage::press(const InputEvent& press, bool) {
  if (!is_open_ || press.modifiers != Modifiers{}) return false;
  const int last = static_cast<int>(matching_settings(words_).size()) - 1;
  const auto choose = [&](int by) {
    chosen_ = std::clamp(chosen_ + by, 0, std::max(0, last));
    return scroll_ = true;
  };
  switch (static_cast<Key>(press.code)) {
    case Key::up: return choose(-1);
    case Key::down: return choose(1);
    case Key::left: --steps_; return chosen_ >= 0;
    case Key::right: ++steps_; return chosen_ >= 0;
    default: return false;
  }
}

void SettingsPage::draw_setting(Ui& ui, Box row, const Setting& setting, Settings& settings, bool is_chosen) {
  const Theme& theme = ui.theme();
  row = row.inset(8, 3);
  const Box control = row.cut_right(kControls).row(kControlHeight);
  row.cut_right(8);
  if (const Box reset = row.cut_right(24).row(20); !is_default(setting, settings)) {
    const std::string label = fmt::format("{}##{} default", icon::kUndo, setting.key);
    if (button(ui, label.c_str(), reset, {.plain = true, .tip = "As the program comes"})) set_default(setting, settings);
  }
  row.cut_right(8);
  ui.text_in(row.cut_top(20), Face::body, theme.text, setting.title);
  ui.text_in(row.cut_top(18), Face::control, theme.dim, setting.sentence);
  std::visit([&](const auto& kind) { draw_control(ui, control, setting, kind, settings); }, setting.kind);
  if (is_chosen) focus_ring(ui, control_of(ui, control, setting));
}

void SettingsPage::draw_list(Ui& ui, Box list, Settings& settings) {
  const auto listed = matching_settings(words_);
  if (listed.empty()) return empty_note(ui, list, "No setting is called so.", "Other words may find it; an empty field lists all.");
  ImGui::SetCursorScreenPos({ui.px(list.x), ui.px(list.y)});
  compat::begin_child("settings", {ui.px(list.w + kScrollbar), ui.px(list.h)}, 0);
  Box rows{list.x, list.y - ImGui::GetScrollY() / ui.scale(), list.w, height_of(listed)};
  std::string_view group;
  for (int i = 0; i < static_cast<int>(listed.size()); ++i) {
    const Setting& setting = *listed[static_cast<std::size_t>(i)];
    if (group != setting.group) {
      group = setting.group;
      const Box heading = rows.cut_top(kGroup);
      ui.text_in({heading.x + 8, heading.y + 8, heading.w, 24}, Face::title, ui.theme().text, group);
      if (i > 0) ui.line_across(heading.x + 8, heading.right() - 8, heading.y + 4, ui.theme().line);
    }
    const Box row = rows.cut_top(kRow);
    if (i == chosen_ && scroll_ && (row.y < list.y || row.bottom() > list.bottom())) {
      ImGui::SetScrollY(ImGui::GetScrollY() + ui.px(row.y < list.y ? row.y - list.y : row.bottom() - list.bottom()));
    }
    draw_setting(ui, row, setting, settings, i == chosen_);
  }
  scroll_ = false;
  ImGui::SetCursorScreenPos({ui.px(rows.x), ui.px(rows.y - 1)});
  ImGui::Dummy({1, 1});  // how far there is to scroll
  ImGui::EndChild();
}

std::optional<Action> SettingsPage::draw(Ui& ui, Box window, Settings& settings, const std::string& file) {
  if (!is_open_) return {};
  const Theme& theme = ui.theme();
  std::optional<Action> asked;
  const float free = window.h - kAbove - kBelow, wanted = 44 + 44 + height_of(matching_settings("")) + 56;
  const float w = std::min(kWidth, window.w - 2 * kMargin), h = std::min(wanted, free);
  const Box page{std::round(window.middle_x() - w / 2), std::round(window.y + kAbove + (free - h) / 2), w, h};
  begin_overlay(ui, "settings", page);
  Box body = page;
  Box title = body.cut_top(44).inset(20, 0);
  if (button(ui, icon::kClose, title.cut_right(28).row(24), {.plain = true, .tip = "Close\tEsc"})) close();
  ui.text_in(title, Face::value, theme.text, "Settings");
  ImGui::PushID(generation_);
  field(ui, "search", body.cut_top(28).inset(20, 0), words_, {.hint = "search settings", .take_focus = std::exchange(take_focus_, false), .face = Face::body});
  ImGui::PopID();
  if (words_ != seen_words_) chosen_ = words_.empty() ? -1 : 0, seen_words_ = words_, scroll_ = true;
  Box foot = body.cut_bottom(48);
  ui.line_across(page.x + 1, page.right() - 1, foot.y, theme.line);
  foot = foot.inset(20, 0);
  if (button(ui, "Close", foot.cut_right(84).row(kControlHeight))) close();
  foot.cut_right(8);
  if (button(ui, "Reset layout", foot.cut_right(100).row(kControlHeight), {.tip = "All panes as the program comes"})) asked = Action::reset_layout;
  foot.cut_right(8);
  const bool is_all_default = settings == Settings();
  if (button(ui, "Reset all", foot.cut_right(84).row(kControlHeight), {.enabled = !is_all_default, .tip = "All settings as the program comes"})) settings = {};
  foot.cut_right(12);
  ui.text_in(foot, Face::control, theme.dim, file.empty() ? "Kept until the window closes." : file);
  body.cut_bottom(8);
  body.cut_top(8);
  const auto listed = matching_settings(words_);
  if (const int by = std::exchange(steps_, 0); by != 0 && chosen_ >= 0 && chosen_ < static_cast<int>(listed.size()))
    step(*listed[static_cast<std::size_t>(chosen_)], settings, by);
  draw_list(ui, body.inset(12, 0), settings);
  end_overlay();
  return asked;
}

}  // namespace lab
