#pragma once
// The page of all settings, searched by words, changed with the mouse or the arrow keys.
#include <optional>
#include <string>
#include <vector>

#include "app/shell/input_queue.h"
#include "app/shell/settings.h"
#include "app/shell/shortcuts.h"
#include "views/panels/kit/ui.h"

namespace lab {

/// The settings whose group, title or sentence holds every word, in the order of the list.
std::vector<const Setting*> matching_settings(const std::string& words);

class SettingsPage {
 public:
  /// Shows the settings that hold the words, "": all.
  void open(const std::string& words = "");
  void close() { is_open_ = false; }
  bool is_open() const { return is_open_; }
  /// Up and Down choose a setting, Left and Right change it.
  bool press(const InputEvent& press, bool in_text);

  /// Draws the page and changes the settings. `file`: where they are kept. Returns what else was asked for.
  std::optional<Action> draw(Ui& ui, Box window, Settings& settings, const std::string& file);

 private:
  void draw_list(Ui& ui, Box list, Settings& settings);
  void draw_setting(Ui& ui, Box row, const Setting& setting, Settings& settings, bool is_chosen);

  bool is_open_ = false, take_focus_ = false, scroll_ = false;
  int generation_ = 0;  // of the text field
  std::string words_;
  std::string seen_words_;
  int chosen_ = -1;  // of those that are listed
  int steps_ = 0;    // that the arrow keys have asked for
};

}  // namespace lab
