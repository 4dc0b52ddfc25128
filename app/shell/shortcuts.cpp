#include "app/shell/shortcuts.h"

namespace lab {
namespace {

constexpr Modifiers kNone{}, kControl{.control = true}, kShift{.shift = true}, kControlShift{.control = true, .shift = true};
constexpr Modifiers kControlAlt{.control = true, .alt = true}, kControlAltShift{.control = true, .shift = true, .alt = true};

constexpr Shortcut kShortcuts[] = {
    {Action::run_or_pause, Key::space, kNone, "Space", "play, at the end follow; pause"},
    {Action::follow, Key::space, kShift, "Shift+Space", "follow: the model goes on"},
    {Action::play_back, Key::left, kControl, "Ctrl+Left", "play back, to the start; pause"},
    {Action::step, Key::right, kNone, "Right", "next token; at the end: step the model"},
    {Action::step_ten, Key::right, kShift, "Shift+Right", "ten tokens forward"},
    {Action::previous, Key::left, kNone, "Left", "previous token"},
    {Action::previous_ten, Key::left, kShift, "Shift+Left", "ten tokens back"},
    {Action::first_token, Key::home, kNone, "Home", "first token"},
    {Action::last_token, Key::end, kNone, "End", "last token"},
    {Action::take_back, Key::backspace, kNone, "Backspace", "take the last token back"},
    {Action::set_cursor_b, Key::b, kNone, "B", "put cursor B where A is"},
    {Action::clear_cursor_b, Key::b, kShift, "Shift+B", "take cursor B away"},
    {Action::swap_cursors, Key::x, kNone, "X", "swap cursors A and B; in Compare the runs"},
    {Action::name_range, Key::r, kNone, "R", "name a range, from cursor to cursor"},
    {Action::rename_range, Key::f2, kNone, "F2", "rename the selected range"},
    {Action::remove_range, Key::del, kNone, "Delete", "remove the selected range's name"},
    {Action::playback, Key::s, kNone, "S", "speed, clock, sampling, reset"},
    {Action::next_clock, Key::c, kNone, "C", "next clock: tokens, layers, seconds"},
    {Action::previous_layer, Key::left_bracket, kNone, "[", "layer above"},
    {Action::next_layer, Key::right_bracket, kNone, "]", "layer below"},
    {Action::zero_layer, Key::z, kNone, "Z", "zero the state of the layer"},
    {Action::edit_state, Key::e, kShift, "Shift+E", "edit the state …"},
    {Action::undo, Key::z, kControl, "Ctrl+Z", "undo"},
    {Action::redo, Key::z, kControlShift, "Ctrl+Shift+Z", "redo"},
    {Action::trials, Key::t, kNone, "T", "trials: what if attention or a layer were different"},
    {Action::other_view, Key::v, kNone, "V", "cache or attention; weights or their error"},
    {Action::show_inspect, Key::one, kControl, "Ctrl+1", "Inspect: the run and its states", true},
    {Action::show_weights, Key::two, kControl, "Ctrl+2", "Weights: the tensors of the model", true},
    {Action::show_monitor, Key::three, kControl, "Ctrl+3", "Monitor: rules and their alerts", true},
    {Action::show_compare, Key::four, kControl, "Ctrl+4", "Compare: two runs side by side", true},
    {Action::next_alert, Key::n, kNone, "N", "next alert; in Compare the next difference"},
    {Action::previous_alert, Key::n, kShift, "Shift+N", "previous alert or difference"},
    {Action::step_both, Key::a, kNone, "A", "all runs read or sample a token, side by side"},
    {Action::weights, Key::w, kNone, "W", "the weights, and back"},
    {Action::find_tensor, Key::f, kControl, "Ctrl+F", "search the tokens, or the tensors", true},
    {Action::next_match, Key::f3, kNone, "F3", "next place found", true},
    {Action::previous_match, Key::f3, kShift, "Shift+F3", "place found before", true},
    {Action::previous_tensor, Key::up, kNone, "Up", "row above in State over time; tensor above", true},
    {Action::next_tensor, Key::down, kNone, "Down", "row below; tensor below", true},
    {Action::previous_index, Key::comma, kNone, ",", "previous state index n"},
    {Action::next_index, Key::period, kNone, ".", "next state index n"},
    {Action::previous_head, Key::comma, kShift, "<", "previous head"},
    {Action::next_head, Key::period, kShift, ">", "next head"},
    {Action::index_map, Key::i, kNone, "I", "index map: a flat offset to its place, and back"},
    {Action::filter_layers, Key::slash, kNone, "/", "filter the layers"},
    {Action::sort_layers, Key::o, kNone, "O", "sort the layers: by index, norm, change"},
    {Action::copy_values, Key::c, kControl, "Ctrl+C", "copy the value under the mouse, or all of the pane in hand"},
    {Action::lock_range, Key::l, kNone, "L", "keep the colour range of the pane in hand"},
    {Action::fit, Key::f, kNone, "F", "show all in the pane in hand; held in Compare: flip A and B"},
    {Action::explain, Key::e, kNone, "E", "explain the pane in hand"},
    {Action::pane_menu, Key::f10, kShift, "Shift+F10", "menu of the pane in hand"},
    {Action::pane_menu, Key::menu, kNone, "", ""},
    {Action::palette, Key::k, kControl, "Ctrl+K", "find a command, layer, token, view, setting", true},
    {Action::focus_prompt, Key::l, kControl, "Ctrl+L", "type a prompt", true},
    {Action::open, Key::o, kControl, "Ctrl+O", "open a model", true},
    {Action::compare_file, Key::o, kControlShift, "Ctrl+Shift+O", "compare with a file: a session, a trace, another model", true},
    {Action::export_view, Key::e, kControl, "Ctrl+E", "export the view in hand", true},
    {Action::maximise, Key::f11, kNone, "F11", "enlarge the pane in hand, and back", true},
    {Action::change_view, Key::f10, kNone, "F10", "another view in the pane in hand", true},
    {Action::next_pane, Key::f6, kNone, "F6", "takes the next pane in hand; else it is the one under the mouse", true},
    {Action::previous_pane, Key::f6, kShift, "Shift+F6", "takes the pane before in hand", true},
    {Action::undo_layout, Key::z, kControlAlt, "Ctrl+Alt+Z", "undo a change of the layout", true},
    {Action::redo_layout, Key::z, kControlAltShift, "Ctrl+Alt+Shift+Z", "redo it", true},
    {Action::reset_layout, Key::zero, kControlAlt, "Ctrl+Alt+0", "all panes as the program comes", true},
    {Action::larger, Key::equal, kControl, "Ctrl+=", "larger", true},
    {Action::larger, Key::equal, kControlShift, "", "", true},
    {Action::larger, Key::keypad_add, kControl, "", "", true},
    {Action::smaller, Key::minus, kControl, "Ctrl+-", "smaller", true},
    {Action::smaller, Key::keypad_subtract, kControl, "", "", true},
    {Action::normal_size, Key::zero, kControl, "Ctrl+0", "normal size", true},
    {Action::normal_size, Key::keypad_zero, kControl, "", "", true},
    {Action::switch_theme, Key::t, kControl, "Ctrl+T", "dark, light", true},
    {Action::settings, Key::comma, kControl, "Ctrl+,", "settings", true},
    {Action::save, Key::s, kControl, "Ctrl+S", "save the session", true},
    {Action::save_as, Key::s, kControlShift, "Ctrl+Shift+S", "save it under another name", true},
    {Action::history, Key::h, kControl, "Ctrl+H", "history: copy what was done as commands", true},
    {Action::help, Key::f1, kNone, "F1", "these keys", true},
    {Action::tour, Key::f1, kShift, "Shift+F1", "the tour: five steps through the window", true},
    {Action::note, Key::m, kNone, "M", "note or bookmark at cursor A"},
    {Action::next_note, Key::j, kNone, "J", "next note"},
    {Action::previous_note, Key::j, kShift, "Shift+J", "previous note"},
    {Action::reach, Key::h, kNone, "H", "how far back the selected cell sees"},
    {Action::breakpoints, Key::d, kNone, "D", "breakpoints: pause the run when …"},
    {Action::fork, Key::p, kNone, "P", "fork the run at cursor A"},
    {Action::next_run, Key::g, kNone, "G", "next run"},
    {Action::open_lanes, Key::k, kNone, "K", "open lanes: a run for each text"},
    {Action::step_lanes, Key::u, kNone, "U", "all lanes in which tokens wait read one"},
    {Action::read_lanes, Key::u, kControl, "Ctrl+U", "all lanes read what waits in them"},
    {Action::reset_lanes, Key::u, kShift, "Shift+U", "reset the lanes that have read all, and no others"},
    {Action::compare_next, Key::g, kShift, "Shift+G", "compare the active run with another; again: with the next"},
    {Action::close, Key::escape, kNone, "Esc", "close, cancel, stop", true},
    {Action::quit, Key::q, kControl, "Ctrl+Q", "quit", true},
};

}  // namespace

std::span<const Shortcut> shortcuts() { return kShortcuts; }

std::optional<Action> action_of(const InputEvent& press, bool in_text) {
  for (const Shortcut& shortcut : kShortcuts)
    if (static_cast<int>(shortcut.key) == press.code && shortcut.modifiers == press.modifiers && (shortcut.in_text || !in_text))
      return shortcut.action;
  return {};
}

std::optional<InputEvent> press_of(std::string_view keys) {
  if (keys == "Enter") return InputEvent::key(Key::enter, true);
  for (const Shortcut& shortcut : kShortcuts)
    if (!keys.empty() && keys == shortcut.keys) return InputEvent::key(shortcut.key, true, shortcut.modifiers);
  return {};
}

const char* keys_of(Action action) {
  for (const Shortcut& shortcut : kShortcuts)
    if (shortcut.action == action) return shortcut.keys;
  return "";
}

}  // namespace lab
