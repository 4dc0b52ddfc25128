#pragma once
// Five steps through the window, each beside the pane that it is about. What it points at stays alive under it.
#include <map>
#include <span>
#include <string>

#include "app/shell/input_queue.h"
#include "views/panels/kit/ui.h"

namespace lab {

struct TourStep {
  const char* name;      // "load"
  const char* pane;      // that it points at; "top": the bar at the top
  const char* sentence;
};
std::span<const TourStep> tour_steps();

class Tour {
 public:
  static constexpr bool kLeavesKeys = true;  // the keys of the window go on working

  void begin() { step_ = 0; }
  void close() { step_ = -1; }
  bool is_open() const { return step_ >= 0; }
  /// Enter goes on, Backspace back.
  bool press(const InputEvent& press, bool in_text);

  /// Draws the present step beside its pane, with a ring around that.
  void draw(Ui& ui, Box window, Box top, const std::map<std::string, Box>& panes);

 private:
  void move(int by);

  int step_ = -1;
};

}  // namespace lab
