#pragma once
// The page of all keys and mouse gestures, over the window until closed.
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "app/shell/input_queue.h"
#include "app/shell/shortcuts.h"
#include "views/panels/kit/ui.h"

namespace lab {

class HelpPage {
 public:
  void toggle() { is_open_ = !is_open_; }
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }
  /// Up, Down, Page Up and Page Down scroll where not all fits.
  bool press(const InputEvent& press, bool in_text);

  /// Draws the page in the middle of the window. Returns what was asked for on it.
  std::optional<Action> draw(Ui& ui, Box window);

 private:
  void draw_list(Ui& ui, Box list, std::span<const std::pair<const char*, const char*>> keys, std::size_t columns, float height);

  bool is_open_ = false;
  int scroll_rows_ = 0;  // that keys have asked for
};

}  // namespace lab
