#include "tests/shell/golden_image.h"
#include "tests/shell/headless_window.h"

using namespace lab;

namespace {

/// Says why, where pictures mean nothing here.
bool cannot_compare() {
  const std::string why = golden_refusal();
  if (!why.empty()) MESSAGE("SKIPPED, pictures cannot be compared: ", why);
  return !why.empty();
}

/// What is kept: a prompt read, ten tokens sampled, an edit, a few more.
std::vector<Command> study() {
  return {command::FeedText{"The keeper of the light house wrote down every word, and the river kept the rest. "}, command::ReadWaiting{},
          command::Step{10},   command::ZeroState{2}, command::Step{6},
          command::Seek{40, "b"}, command::Select{2, 5, 3}};
}

/// Inspect looked at closely: few tokens and rows with their numbers, the plane of a head, two tokens watched, a menu or a page over it.
void check_close_look(const std::string& name, int width, int height, bool dark, bool with_menu) {
  if (cannot_compare()) return;
  ShellOptions options;
  options.dark = dark;
  HeadlessWindow window(width, height, options);
  window.open("prose");
  window.play(study());
  window.play({command::ShowRange{30, 46}, command::Select{2, 200, 3}, command::Seek{38, "a"}});
  const Box cells = window.item("state-over-time/cells");
  window.move_to(cells.middle_x(), cells.y + cells.h * 0.4f);
  window.input().push(InputEvent::key(Key::left_control, true, {}));
  for (int i = 0; i < 15; ++i) window.input().push(InputEvent::wheel(0, 1));
  window.input().push(InputEvent::key(Key::left_control, false, {}));
  window.settle();
  window.click("next/watch 1");
  window.click("next/watch 2");
  if (with_menu) {
    window.input().push(InputEvent::move(cells.x + cells.w * 0.6f, cells.y + 20));
    window.input().push(InputEvent::button(MouseButton::right, true));
    window.input().push(InputEvent::button(MouseButton::right, false));
    window.settle();
  } else {
    window.click("state-at/axes");
    window.click("state-at/head");
  }
  check_golden(window.picture(), name);
}

}  // namespace

TEST_CASE("golden: numbers in cells, watched tokens and the page of axes look as they did") { check_close_look("inspect-close", 1600, 1000, true, false); }
TEST_CASE("golden: the menu of a pane in a small window looks as it did") { check_close_look("inspect-menu", 1280, 720, false, true); }

/// The Monitor of a run in which rules have found something, at an alert.
HeadlessWindow& with_alerts(HeadlessWindow& window) {
  window.open("prose");
  Rule shift = default_rule(*find_rule_kind("context-shift"));
  shift.self_calibrated = false, shift.limit = 0.6, shift.origin = "yours";
  window.play({command::SetRule{4, shift},
               command::FeedText{"The keeper of the light house wrote down every word, and the river kept the rest. {1: 22, 3: 44, 5: 66, 7: 88}; {9: 10}; "},
               command::ReadWaiting{}, command::ZeroState{2}, command::Step{24}, command::Select{1, -1, -1}, command::Seek{100, "a"}});
  window.press(Key::three, {.control = true});
  return window;
}

void check_monitor(const std::string& name, int width, int height, bool dark, const std::string& clicked = "") {
  if (cannot_compare()) return;
  ShellOptions options;
  options.dark = dark;
  HeadlessWindow window(width, height, options);
  with_alerts(window);
  if (!clicked.empty()) window.click(clicked);
  check_golden(window.picture(), name);
}

TEST_CASE("golden: the Monitor with a rule being edited, in the light, looks as it did") { check_monitor("monitor-rule", 1600, 1000, false, "rules/rule 4"); }
TEST_CASE("golden: the Monitor being calibrated looks as it did") { check_monitor("monitor-calibrate", 1280, 720, true, "rules/Calibrate…"); }

/// The weights of a model.
HeadlessWindow& with_weights(HeadlessWindow& window) {
  window.open("prose");
  window.play({command::ShowWeights{"backbone.layers.2.mixer.in_proj.weight", ""}});
  return window;
}

HeadlessWindow& with_study(HeadlessWindow& window) {
  window.open("prose");
  window.play(study());
  return window;
}

/// Two futures of a text: in one of them a layer was set to zero.
HeadlessWindow& with_two_runs(HeadlessWindow& window) {
  window.open("prose");
  window.play({command::SetSampling{{.greedy = true}}, command::FeedText{"The keeper of the light house wrote down every word, and the river kept the rest. "}, command::ReadWaiting{},
               command::Fork{60, "zero L2", true}, command::ZeroState{2}, command::ReadWaiting{}, command::StepAll{16}, command::Select{2, -1, -1}, command::Seek{70, "a"}});
  window.press(Key::four, {.control = true});
  window.settle();
  return window;
}

HeadlessWindow& at_start(HeadlessWindow& window) {
  window.settle();
  return window;
}

struct Workspace {
  const char* name;
  HeadlessWindow& (*prepare)(HeadlessWindow& window);
};
constexpr Workspace kWorkspaces[] = {{"start", at_start}, {"inspect", with_study}, {"weights", with_weights}, {"monitor", with_alerts}, {"compare", with_two_runs}};

struct Size {
  const char* name;
  int width, height;
  float scale;
};
constexpr Size kSizes[] = {{"1280x720", 1280, 720, 1}, {"1600x1000", 1600, 1000, 1}, {"1.5x", 1600, 1000, 1.5f}};

TEST_CASE("golden: every workspace looks as it did, in the dark and in the light, in three sizes") {
  if (cannot_compare()) return;
  for (const Workspace& workspace : kWorkspaces)
    for (const bool dark : {true, false})
      for (const Size& size : kSizes) {
        ShellOptions options;
        options.dark = dark;
        options.scale = size.scale;
        options.study_pictures = workspace.prepare == at_start;
        HeadlessWindow window(size.width, size.height, options);
        workspace.prepare(window);
        check_golden(window.picture(), std::string(workspace.name) + (dark ? "-dark-" : "-light-") + size.name);
      }
}

/// Named ranges, one of them selected, another being named, places found in the text, both cursors, all kinds of edits.
void check_time(const std::string& name, int width, int height, bool dark) {
  if (cannot_compare()) return;
  ShellOptions options;
  options.dark = dark;
  HeadlessWindow window(width, height, options);
  window.open("prose");
  window.play(study());
  window.play({command::ScaleState{1, 0.5}, command::SetTrials{.only_layer = 1}, command::Step{5}, command::ZeroState{-1}, command::SetTrials{}, command::Step{9},
               command::SetRange{0, "lighthouse", 0, 47}, command::SetRange{1, "river", 48, 83}, command::SetRange{2, "every word", 36, 46}, command::Seek{70, "a"}});
  window.click("transport/range 0");
  window.press(Key::f, {.control = true});
  window.type(U"the");
  window.press(Key::enter);
  window.press(Key::r);
  window.click_at(static_cast<float>(width) / 2, 20);  // away from the field, whose text cursor blinks
  window.press(Key::r);
  check_golden(window.picture(), name);
}

TEST_CASE("golden: the time panel with ranges and a search looks as it did") { check_time("time", 1600, 1000, true); }
TEST_CASE("golden: the narrow time panel with ranges and a search, in the light, looks as it did") { check_time("time-narrow", 1280, 720, false); }

TEST_CASE("golden: the trials of a hybrid look as they did") {
  if (cannot_compare()) return;
  HeadlessWindow window(1280, 800);
  window.open("../../tests/golden/granite-moe");
  window.play({command::FeedTokens{{5, 9, 2, 7, 7, 1, 3, 8}}, command::ReadWaiting{}, command::SetTrials{.rotary = "none", .only_layer = 1}});
  window.press(Key::t);
  check_golden(window.picture(), "trials");
}

/// A window in which keys have been pressed.
void check_pressed(const std::string& name, const ShellOptions& options, int width, int height, const std::string& model,
                   std::initializer_list<std::pair<Key, Modifiers>> keys) {
  if (cannot_compare()) return;
  HeadlessWindow window(width, height, options);
  window.settle();
  if (!model.empty()) window.open(model), window.play(study());
  for (const auto& [key, modifiers] : keys) window.press(key, modifiers);
  check_golden(window.picture(), name);
}

TEST_CASE("golden: the page of settings, where the keyboard has chosen one, looks as it did") {
  check_pressed("settings", {}, 1280, 800, "", {{Key::comma, {.control = true}}, {Key::down, {}}, {Key::down, {}}});
}
TEST_CASE("golden: a step of the tour looks as it did") {
  check_pressed("tour", {}, 1600, 1000, "prose", {{Key::f1, {.shift = true}}, {Key::enter, {}}, {Key::enter, {}}});
}
TEST_CASE("golden: Inspect in high contrast looks as it did") {
  ShellOptions options;
  options.high_contrast = true;
  check_pressed("inspect-contrast", options, 1280, 800, "prose", {});
}
TEST_CASE("golden: the start page after a refusal looks as it did") {
  if (cannot_compare()) return;
  HeadlessWindow window(1280, 800);
  window.settle();
  window.input().push(InputEvent::drop("/nowhere/model"));
  window.settle();
  check_golden(window.picture(), "start-refused");
}

TEST_CASE("golden: the open dialog with a built-in model chosen looks as it did") {
  if (cannot_compare()) return;
  ShellOptions options;
  options.preview = [](const std::string& path) {
    Preview preview = make_preview(path, 1 << 30);
    preview.available = std::int64_t{8} << 30;  // what differs from machine to machine
    preview.seconds = 0.01;
    return preview;
  };
  HeadlessWindow window(1280, 800, options);
  window.shell().show_open_dialog("builtin:prose");
  window.settle();
  check_golden(window.picture(), "open");
}

/// A box of cells picked in State at t, and the editor on it: an operation on it, or with a state of another run.
void check_state_editor(const std::string& name, int width, int height, bool dark, const char* operation) {
  if (cannot_compare()) return;
  ShellOptions options;
  options.dark = dark;
  HeadlessWindow window(width, height, options);
  with_study(window);
  window.play({command::Fork{60, "left", true}, command::Seek{50, "a"}});
  const Box map = window.item("state-at/map");
  window.input().push(InputEvent::key(Key::left_shift, true));
  window.input().push(InputEvent::move(map.x + map.w * 0.2f, map.y + map.h * 0.3f));
  window.input().push(InputEvent::button(MouseButton::left, true));
  window.input().push(InputEvent::move(map.x + map.w * 0.7f, map.y + map.h * 0.6f));
  window.input().push(InputEvent::button(MouseButton::left, false));
  window.input().push(InputEvent::key(Key::left_shift, false));
  window.settle();
  window.press(Key::e, {.shift = true});
  window.click("state-editor/what");
  window.click(std::string("state-editor/") + operation);
  if (window.shell().item("state-editor/from")) {
    window.click("state-editor/Head");
    window.click("state-editor/from");
    window.click("state-editor/main (run 0)");
  }
  const Box name_field = window.item("state-editor/name");
  window.click_at(name_field.x - 40, name_field.y - 12);  // away from the field, whose text cursor blinks
  check_golden(window.picture(), name);
}

TEST_CASE("golden: the editor of the state on a box of cells looks as it did") { check_state_editor("state-editor", 1280, 800, true, "add noise of"); }
TEST_CASE("golden: the editor of the state with elements of another run, in the light, looks as it did") { check_state_editor("state-editor-light", 1600, 1000, false, "mix in"); }
