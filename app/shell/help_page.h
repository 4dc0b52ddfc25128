#pragma once
// The page of all keys and mouse gestures, over the window until closed.
#include <optional>

#include "app/shell/shortcuts.h"
#include "views/panels/kit/ui.h"

namespace lab {

class HelpPage {
 public:
  void toggle() { is_open_ = !is_open_; }
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }

  /// Draws the page in the middle of the window. Returns what was asked for on it.
  std::optional<Action> draw(Ui& ui, Box window);

 private:
  bool is_open_ = false;
};

}  // namespace lab
