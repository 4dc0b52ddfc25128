#include "app/shell/tour.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"

namespace lab {
namespace {

constexpr float kWidth = 340, kHeight = 156, kGap = 10, kEdge = 8;

constexpr TourStep kSteps[] = {
    {"load", "tokens", "The text that was read, token by token, coloured by how much each one changed the state: a click puts the cursor there."},
    {"step", "transport", "Right reads one token more, Space runs and pauses, and what is typed into the field is read next."},
    {"look", "state-over-time", "A row for each channel of the state, a column for each token, slow channels on top: hover for values, turn the wheel to zoom."},
    {"edit", "selection", "The chosen cell in numbers, and below it what sets a layer to zero, scales or restores it; Ctrl+Z takes that back to the bit."},
    {"find", "top", "Ctrl+K finds every command, layer, token, view and setting; F1 lists all keys."},
};
constexpr int kLast = static_cast<int>(std::size(kSteps)) - 1;

/// Beside a box, on the first side that has room for it; over the lower right corner where none has.
Box beside(Box target, Box window) {
  const float x = std::clamp(target.middle_x() - kWidth / 2, window.x + kEdge, window.right() - kEdge - kWidth);
  const float y = std::clamp(target.middle_y() - kHeight / 2, window.y + kEdge, window.bottom() - kEdge - kHeight);
  const Box sides[] = {{target.right() + kGap, y, kWidth, kHeight}, {target.x - kGap - kWidth, y, kWidth, kHeight},
                       {x, target.bottom() + kGap, kWidth, kHeight}, {x, target.y - kGap - kHeight, kWidth, kHeight}};
  for (const Box& side : sides)
    if (side.x >= window.x + kEdge && side.y >= window.y + kEdge && side.right() <= window.right() - kEdge && side.bottom() <= window.bottom() - kEdge) return side;
  return {target.right() - kWidth - kGap, target.bottom() - kHeight - kGap, kWidth, kHeight};
}

void draw_ring(Ui& ui, Box target) {
  const ImVec2 from(ui.px(target.x) + 1, ui.px(target.y) + 1), to(ui.px(target.right()) - 1, ui.px(target.bottom()) - 1);
  ImGui::GetForegroundDrawList()->AddRect(from, to, ui.theme().accent, 5 * ui.scale(), 0, std::max(2.0f, ui.px(2)));
}

}  // namespace

std::span<const TourStep> tour_steps() { return kSteps; }

void Tour::move(int by) {
  if (step_ == kLast && by > 0) return close();
  step_ = std::max(0, step_ + by);
}

bool Tour::press(const InputEvent& press, bool in_text) {
  if (!is_open() || in_text || press.modifiers != Modifiers{}) return false;
  switch (static_cast<Key>(press.code)) {
    case Key::enter:
    case Key::keypad_enter: move(1); return true;
    case Key::backspace: move(-1); return true;
    default: return false;
  }
}

void Tour::draw(Ui& ui, Box window, Box top, const std::map<std::string, Box>& panes) {
  if (!is_open()) return;
  const Theme& theme = ui.theme();
  const TourStep& step = kSteps[step_];
  const auto pane = panes.find(step.pane);
  const bool is_there = std::string_view(step.pane) == "top" || pane != panes.end();
  const Box target = pane != panes.end() ? pane->second : top;
  const Box middle = Box{window.middle_x() - kWidth / 2, window.middle_y() - kHeight / 2, kWidth, kHeight};
  Box page = is_there ? beside(target, window) : middle;
  page = {std::round(page.x), std::round(page.y), page.w, page.h};
  if (is_there) draw_ring(ui, target);
  begin_overlay(ui, "tour", page);
  Box body = page.inset(16, 12);
  Box title = body.cut_top(24);
  if (button(ui, icon::kClose, title.cut_right(28), {.plain = true, .tip = "Leave the tour\tEsc"})) return close(), end_overlay();
  const float end = ui.text_in(title, Face::title, theme.text, fmt::format("{} {}", step_ + 1, step.name));
  title.cut_left(end - title.x + 10);
  ui.text_in(title, Face::control, theme.dim, fmt::format("of {}", kLast + 1));
  body.cut_top(6);
  Box foot = body.cut_bottom(kControlHeight);
  ui.paragraph(body, Face::body, theme.text, step.sentence, 20);
  const bool goes_on = button(ui, step_ == kLast ? "Done##next" : "Next##next", foot.cut_right(76), {.primary = true, .tip = "Enter"});
  foot.cut_right(8);
  const bool goes_back = button(ui, "Back", foot.cut_right(64), {.enabled = step_ > 0, .tip = "Backspace"});
  ui.text_in(foot, Face::control, theme.dim, "Esc leaves.");
  end_overlay();
  if (goes_on) move(1);
  if (goes_back) move(-1);
}

}  // namespace lab
