#pragma once
// What each key does. The same table answers key presses and fills the help page.
#include <optional>
#include <span>
#include <string_view>

#include "app/shell/input_queue.h"

namespace lab {

enum class Action {
  run_or_pause, play_back, step, step_ten, previous, previous_ten, take_back, first_token, last_token, set_cursor_b,
  follow, swap_cursors, clear_cursor_b, name_range, rename_range, remove_range, next_match, previous_match, next_clock, playback,
  previous_layer, next_layer, zero_layer, undo, redo, trials, palette,
  other_view, show_inspect, show_weights, show_monitor, next_alert, previous_alert, weights, find_tensor, previous_tensor, next_tensor,
  previous_index, next_index, previous_head, next_head, index_map, filter_layers, sort_layers,
  copy_values, lock_range, fit, explain, pane_menu,
  focus_prompt, open, export_view, maximise, larger, smaller, normal_size, switch_theme, help, close, quit,
  settings, tour, change_view, undo_layout, redo_layout, reset_layout,
  next_pane, previous_pane, show_compare, step_both,
  edit_state,
  save, save_as, save_patch, save_rules, save_state, history,
  open_lanes, step_lanes, read_lanes, reset_lanes,
  note, next_note, previous_note, reach, breakpoints, fork, next_run, compare_next, compare_file,
};

struct Shortcut {
  Action action;
  Key key;
  Modifiers modifiers;
  const char* keys;     // as written in help and menus; empty for a second way to the same action
  const char* meaning;  // one phrase
  bool in_text = false; // works while a text field has the keyboard
};

std::span<const Shortcut> shortcuts();

/// The action of a key press, if any. `in_text`: a text field has the keyboard.
std::optional<Action> action_of(const InputEvent& press, bool in_text);

/// The press of keys that are written as in help, "Ctrl+E"; "Enter", too.
std::optional<InputEvent> press_of(std::string_view keys);

/// How the keys of an action are written, as "Ctrl+E".
const char* keys_of(Action action);

}  // namespace lab
