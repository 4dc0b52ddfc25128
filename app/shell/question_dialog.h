#pragma once
// Asks before something is done that would lose what others did.
#include <optional>
#include <string>
#include <vector>

#include "app/shell/input_queue.h"
#include "views/panels/kit/ui.h"

namespace lab {

class QuestionDialog {
 public:
  /// `answers`: what may be done, the harmless one first; it is chosen at first. Esc, or Cancel behind them, does nothing.
  void open(std::string title, std::string text, std::vector<std::string> answers);
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }
  /// Arrows choose, Enter answers.
  bool press(const InputEvent& press, bool in_text);

  /// Draws the dialog. Returns the answer that was given in this frame, by its index.
  std::optional<int> draw(Ui& ui, Box window);

 private:
  bool is_open_ = false, is_entered_ = false;
  int chosen_ = 0;
  std::string title_, text_;
  std::vector<std::string> answers_;  // "Cancel" the last
};

}  // namespace lab
