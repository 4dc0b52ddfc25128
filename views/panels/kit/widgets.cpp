#include "views/panels/kit/widgets.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

struct Colors {
  Color fill, text;
};

Colors button_colors(const Theme& theme, const Hit& hit, const ButtonLook& look) {
  if (!look.enabled) return {look.plain ? 0 : theme.raised, theme.faint};
  if (look.primary) {
    Color fill = theme.accent;
    if (hit.held) fill = theme.dark ? mixed(fill, theme.pane, 0.20f) : mixed(fill, rgb(0x000000), 0.25f);
    else if (hit.hovered) fill = mixed(fill, theme.text, 0.18f);
    return {fill, theme.on_accent};
  }
  if (look.selected || hit.held) return {theme.selection, theme.text};
  if (hit.hovered) return {theme.hover, theme.text};
  return {look.plain ? 0 : theme.raised, look.plain ? theme.dim : theme.text};
}

/// The ground of a control, with a line around it where the theme wants edges.
void fill_control(const Ui& ui, Box box, Color color) {
  if (color) ui.fill(box, color, kRadius);
  if (color && ui.theme().has_edges) ui.outline(box, ui.theme().line, kRadius);
}

void push_popup_style(Ui& ui) {
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(4), ui.px(4)));
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, 0));
}

/// One row of a list in a popup; returns whether it was chosen.
bool popup_row(Ui& ui, const char* id, Box row, std::string_view label, std::string_view right, bool enabled, bool marked) {
  const Theme& theme = ui.theme();
  const Hit hit = ui.hit(id, row);
  if (hit.hovered && enabled) ui.fill(row, theme.selection, kRadius);
  const Color color = enabled ? theme.text : theme.faint;
  if (marked) ui.text_in({row.x + 6, row.y, 16, row.h}, Face::control, theme.accent, icon::kCheck);
  ui.text_in(row.inset(24, 0), Face::control, color, label);
  if (!right.empty()) ui.text_in(row.inset(8, 0), Face::dense, hit.hovered ? theme.dim_on_selection : theme.dim, right, Align::right);
  return hit.clicked && enabled;
}

}  // namespace

void focus_ring(const Ui& ui, Box control) {
  ui.outline({control.x - 4, control.y - 4, control.w + 8, control.h + 8}, ui.theme().accent, 5, 2);
}

bool button(Ui& ui, const char* label, Box box, const ButtonLook& look) {
  if (box.w <= 0) return false;
  const std::string_view whole = label;
  const std::size_t mark = whole.find("##");
  const Hit hit = ui.hit(mark == std::string_view::npos ? label : label + mark + 2, box);
  const Colors colors = button_colors(ui.theme(), hit, look);
  fill_control(ui, box, colors.fill);
  ui.text_in(box.inset(2, 0), look.face, colors.text, whole.substr(0, mark), Align::center);
  if (hit.hovered && !look.tip.empty()) ui.tooltip(look.tip);
  return hit.clicked && look.enabled;
}

int segments(Ui& ui, const char* id, Box box, std::span<const char* const> labels, int selected) {
  if (box.w <= 0) return selected;
  const Theme& theme = ui.theme();
  fill_control(ui, box, theme.raised);
  ImGui::PushID(id);
  const auto count = static_cast<float>(labels.size());
  float texts = 0, widest = 0;
  for (const char* label : labels) texts += ui.width(Face::control, label), widest = std::max(widest, ui.width(Face::control, label));
  const bool are_equal = widest <= box.w / count || texts > box.w;  // else the long ones take from the short ones
  const float equal = box.w / count, spare = (box.w - texts) / count;
  for (int i = 0; i < static_cast<int>(labels.size()); ++i) {
    const Box part = box.cut_left(are_equal ? equal : ui.width(Face::control, labels[static_cast<std::size_t>(i)]) + spare);
    const Hit hit = ui.hit(labels[static_cast<std::size_t>(i)], part);
    if (i == selected || hit.held) ui.fill(part, theme.selection, kRadius);
    else if (hit.hovered) ui.fill(part, theme.hover, kRadius);
    const bool bright = i == selected || hit.hovered;
    ui.text_in(part, Face::control, bright ? theme.text : theme.dim, labels[static_cast<std::size_t>(i)], Align::center);
    if (hit.clicked) selected = i;
  }
  ImGui::PopID();
  return selected;
}

bool combo(Ui& ui, const char* id, Box box, std::span<const char* const> labels, int& selected, bool enabled) {
  if (box.w <= 0) return false;
  const Theme& theme = ui.theme();
  const Hit hit = ui.hit(id, box);
  const std::string popup = std::string(id) + "/list";
  const bool open = ImGui::IsPopupOpen(popup.c_str());
  const Colors colors = button_colors(theme, hit, {.selected = open, .enabled = enabled});
  fill_control(ui, box, colors.fill);
  ui.text_in({box.x + 8, box.y, box.w - 30, box.h}, Face::control, colors.text, labels[static_cast<std::size_t>(selected)]);
  ui.text_in({box.right() - 22, box.y, 18, box.h}, Face::control, enabled ? theme.dim : theme.faint, icon::kCaretDown, Align::center);
  if (hit.clicked && enabled) ImGui::OpenPopup(popup.c_str());
  const float height = 24 * static_cast<float>(labels.size()) + 8;
  float y = box.bottom() + 2;
  if (y + height > ImGui::GetIO().DisplaySize.y / ui.scale()) y = box.y - 2 - height;
  float width = std::max(box.w, 120.0f);
  for (const char* label : labels)
    if (open) width = std::max(width, ui.width(Face::control, label) + 56);
  const float x = std::min(box.x, ImGui::GetIO().DisplaySize.x / ui.scale() - width);
  ImGui::SetNextWindowPos({ui.px(x), ui.px(y)});
  ImGui::SetNextWindowSize({ui.px(width), ui.px(height)});
  push_popup_style(ui);
  bool changed = false;
  if (ImGui::BeginPopup(popup.c_str())) {
    if (ui.closes_popups) ImGui::CloseCurrentPopup();
    Box rows{x + 4, y + 4, width - 8, height};
    for (int i = 0; i < static_cast<int>(labels.size()); ++i) {
      const char* label = labels[static_cast<std::size_t>(i)];
      if (!popup_row(ui, label, rows.cut_top(24), label, "", true, i == selected)) continue;
      changed = i != selected;
      selected = i;
      ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
  }
  ImGui::PopStyleVar(2);
  return changed;
}

bool check_box(Ui& ui, const char* id, Box box, bool is_on, std::string_view tip) {
  const Theme& theme = ui.theme();
  const Hit hit = ui.hit(id, box);
  if (is_on) ui.fill(box, hit.hovered ? mixed(theme.accent, theme.text, 0.18f) : theme.accent, 3);
  else ui.outline(box, hit.hovered ? theme.text : theme.dim, 3);
  if (is_on) ui.text_in(box, Face::control, theme.on_accent, icon::kCheck, Align::center);
  if (hit.hovered && !tip.empty()) ui.tooltip(tip);
  return hit.clicked;
}

bool begin_popover(Ui& ui, const char* id, Box anchor, float width, float height, Box& page) {
  if (!ImGui::IsPopupOpen(id)) return false;
  const ImVec2 display = ImGui::GetIO().DisplaySize;
  const float right = display.x / ui.scale() - 8, bottom = display.y / ui.scale() - 8;
  const float x = std::max(8.0f, std::min(anchor.x, right - width));
  const float y = std::max(8.0f, std::min(anchor.bottom() + 4, bottom - height));
  ImGui::SetNextWindowPos({ui.px(x), ui.px(y)});
  ImGui::SetNextWindowSize({ui.px(width), ui.px(height)});
  push_popup_style(ui);
  if (!ImGui::BeginPopup(id)) {
    ImGui::PopStyleVar(2);
    return false;
  }
  if (ui.closes_popups) ImGui::CloseCurrentPopup();
  page = {x + 12, y + 10, width - 24, height - 20};
  return true;
}

void end_popover() {
  ImGui::EndPopup();
  ImGui::PopStyleVar(2);
}

bool slider(Ui& ui, const char* id, Box box, float& share) {
  const Theme& theme = ui.theme();
  const Hit hit = ui.hit(id, box);
  const Box track = box.row(20);
  const float range = track.w - 10;
  const float before = share;
  if (hit.held) share = std::clamp((hit.x - track.x - 5) / range, 0.0f, 1.0f);
  const float at = track.x + 2 + share * range;
  fill_control(ui, track, hit.hovered ? theme.hover : theme.raised);
  ui.fill({track.x + 2, track.y + 2, at - track.x - 2, track.h - 4}, theme.selection, 2);
  ui.fill({at, track.y + 2, 6, track.h - 4}, theme.accent, 2);
  return share != before;
}

bool field(Ui& ui, const char* id, Box box, std::string& text, const FieldLook& look) {
  const Theme& theme = ui.theme();
  if (ui.record_items) ui.items[ui.pane + "/" + id] = box;
  fill_control(ui, box, theme.raised);
  const FaceFont& face = ui.font(look.face);
  const float line = look.lines == 1 ? box.h : 24;
  const float padding = std::floor((ui.px(line) - face.px) / 2);
  ImGui::SetCursorScreenPos({ui.px(box.x), ui.px(box.y)});
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(ui.px(8), padding));
  compat::push_font(face.font, face.px);
  if (look.take_focus) ImGui::SetKeyboardFocusHere();
  const std::string label = std::string("##") + id;
  bool entered = false;
  if (look.lines == 1) {
    ImGui::SetNextItemWidth(ui.px(box.right()) - ui.px(box.x));
    entered = ImGui::InputTextWithHint(label.c_str(), look.hint, &text, ImGuiInputTextFlags_EnterReturnsTrue);
  } else {
    const ImVec2 size(ui.px(box.right()) - ui.px(box.x), ui.px(box.bottom()) - ui.px(box.y));
    entered = ImGui::InputTextMultiline(label.c_str(), &text, size,
                                        ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CtrlEnterForNewLine);
  }
  const bool active = ImGui::IsItemActive();
  compat::pop_font();
  ImGui::PopStyleVar();
  if (look.lines > 1 && text.empty() && !active)
    ui.text_in({box.x + 8, box.y, box.w - 16, 24}, look.face, theme.dim, look.hint);
  if (look.wrong) ui.outline(box, theme.bad, kRadius);
  else if (active) ui.outline(box, theme.accent, kRadius);
  return entered;
}

bool number_field(Ui& ui, const char* id, Box box, double& value, double low, double high, const char* format) {
  char shown[32];
  std::snprintf(shown, sizeof shown, format, value);
  std::string text = shown;
  if (!field(ui, id, box, text, {.face = Face::dense})) return false;
  char* end = nullptr;
  const double typed = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(typed >= low && typed <= high)) return false;
  const bool changed = typed != value;
  value = typed;
  return changed;
}

PaneHeader::PaneHeader(Ui& ui, Box& pane, std::string_view title) : ui_(ui), left_(pane.cut_top(kHeaderHeight)) {
  left_.cut_left(12);
  left_.cut_right(8);
  if (std::exchange(ui_.title_opens, false)) {
    const Box chip = Box{left_.x - 6, left_.y, std::min(left_.w, ui_.width(Face::title, title)) + 12, left_.h}.row(kHeaderControl);
    const Hit hit = ui_.hit("title", chip);
    if (hit.hovered) ui_.fill(chip, ui_.theme().hover, kRadius), ui_.tooltip("Another view here\tF10");
    ui_.title_clicked = hit.clicked || hit.right_clicked;
  }
  const float end = ui_.text_in(left_, Face::title, ui_.theme().text, title);
  left_.cut_left(end - left_.x + 8);
}

Box PaneHeader::control(float width) {
  if (left_.w < width) return {left_.right(), left_.y, 0, 0};
  const Box box = left_.cut_right(width).row(kHeaderControl);
  left_.cut_right(4);
  return box;
}

void PaneHeader::subtitle(std::string_view text) {
  left_.cut_right(4);
  ui_.text_in(left_, Face::control, ui_.theme().dim, text);
}

void empty_note(Ui& ui, Box box, std::string_view sentence, std::string_view next) {
  const float y = box.middle_y() - 20;
  ui.text_in({box.x + 8, y, box.w - 16, 20}, Face::control, ui.theme().text, sentence, Align::center);
  ui.text_in({box.x + 8, y + 20, box.w - 16, 20}, Face::control, ui.theme().dim, next, Align::center);
}

void pending_note(Ui& ui, Box box, std::string_view refusal) {
  if (refusal.empty()) return empty_note(ui, box, "Being computed.", "It is shown here as soon as it is there.");
  empty_note(ui, box, refusal, "Move the cursor to a later token.");
}

void begin_overlay(Ui& ui, const char* name, Box page) {
  ImGui::SetNextWindowPos({ui.px(page.x), ui.px(page.y)});
  ImGui::SetNextWindowSize({ui.px(page.w), ui.px(page.h)});
  ImGui::Begin(name, nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                                  ImGuiWindowFlags_NoBackground);
  ui.pane = name;
  ui.fill(page, ui.theme().pane, kRadius);
  ui.outline(page, ui.theme().faint, kRadius);
}

void end_overlay() { ImGui::End(); }

int menu(Ui& ui, const char* id, std::span<const MenuItem> items) {
  if (!ImGui::IsPopupOpen(id)) return -1;
  float label = 0, shortcut = 0, height = 8;
  for (const MenuItem& item : items) {
    label = std::max(label, ui.width(Face::control, item.label));
    shortcut = std::max(shortcut, ui.width(Face::dense, item.shortcut));
    height += item.separated ? 33 : 24;
  }
  const float width = std::max(180.0f, label + shortcut + 64);
  ImGui::SetNextWindowSize({ui.px(width), ui.px(height)});
  push_popup_style(ui);
  int chosen = -1;
  if (ImGui::BeginPopup(id)) {
    if (ui.closes_popups) ImGui::CloseCurrentPopup();
    const ImVec2 at = ImGui::GetWindowPos();
    Box rows{at.x / ui.scale() + 4, at.y / ui.scale() + 4, width - 8, height};
    for (int i = 0; i < static_cast<int>(items.size()); ++i) {
      const MenuItem& item = items[static_cast<std::size_t>(i)];
      if (item.separated) {
        const Box line = rows.cut_top(9);
        ui.line_across(line.x + 20, line.right() - 4, line.middle_y(), ui.theme().line);
      }
      if (!popup_row(ui, item.label.c_str(), rows.cut_top(24), item.label, item.shortcut, item.enabled, item.marked)) continue;
      chosen = i;
      ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
  }
  ImGui::PopStyleVar(2);
  return chosen;
}

}  // namespace lab
