#include "app/shell/question_dialog.h"

#include <algorithm>
#include <utility>

#include "views/panels/kit/widgets.h"

namespace lab {

void QuestionDialog::open(std::string title, std::string text, std::vector<std::string> answers) {
  is_open_ = true, is_entered_ = false;
  chosen_ = 0;
  title_ = std::move(title), text_ = std::move(text), answers_ = std::move(answers);
  answers_.emplace_back("Cancel");
}

// The first answer stands at the right.
bool QuestionDialog::press(const InputEvent& press, bool) {
  if (!is_open_ || press.modifiers != Modifiers{}) return false;
  switch (static_cast<Key>(press.code)) {
    case Key::left: chosen_ = std::min(chosen_ + 1, static_cast<int>(answers_.size()) - 1); return true;
    case Key::right: chosen_ = std::max(chosen_ - 1, 0); return true;
    case Key::enter:
    case Key::keypad_enter: is_entered_ = true; return true;
    default: return false;
  }
}

std::optional<int> QuestionDialog::draw(Ui& ui, Box window) {
  if (!is_open_) return {};
  const Theme& theme = ui.theme();
  const Box page{window.middle_x() - 280, window.middle_y() - 80, 560, 160};
  begin_overlay(ui, "question", page);
  Box body = page.inset(20, 16);
  ui.text_in(body.cut_top(32), Face::value, theme.text, title_);
  Box foot = body.cut_bottom(kControlHeight);
  ui.paragraph(body, Face::control, theme.dim, text_);
  std::optional<int> given;
  for (int i = 0; i < static_cast<int>(answers_.size()); ++i) {
    const std::string& answer = answers_[static_cast<std::size_t>(i)];
    if (button(ui, answer.c_str(), foot.cut_right(ui.width(Face::control, answer) + 32), {.primary = i == chosen_})) given = i;
    foot.cut_right(8);
  }
  end_overlay();
  if (std::exchange(is_entered_, false)) given = chosen_;
  if (!given) return {};
  close();
  if (*given + 1 == static_cast<int>(answers_.size())) return {};
  return given;
}

}  // namespace lab
