#include "tests/shell/golden_image.h"
#include "tests/shell/headless_window.h"

using namespace lab;

namespace {

/// What is kept: a prompt read, ten tokens sampled, an edit, a few more.
std::vector<Command> study() {
  return {command::FeedText{"The keeper of the light house wrote down every word, and the river kept the rest. "}, command::ReadWaiting{},
          command::Step{10},   command::ZeroState{2}, command::Step{6},
          command::Seek{40, "b"}, command::Select{2, 5, 3}};
}

void check_inspect(const std::string& name, int width, int height, bool dark) {
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
  ShellOptions options;
  options.dark = dark;
  HeadlessWindow window(width, height, options);
  window.open("prose");
  window.play(study());
  check_golden(window.picture(), name);
}

}  // namespace

TEST_CASE("golden: Inspect in the dark looks as it did") { check_inspect("inspect-dark", 1280, 800, true); }
TEST_CASE("golden: Inspect in the light looks as it did") { check_inspect("inspect-light", 1280, 800, false); }
TEST_CASE("golden: the wide Inspect looks as it did") { check_inspect("inspect-wide", 1600, 1000, true); }

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
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
  ShellOptions options;
  options.dark = dark;
  HeadlessWindow window(width, height, options);
  with_alerts(window);
  if (!clicked.empty()) window.click(clicked);
  check_golden(window.picture(), name);
}

TEST_CASE("golden: the Monitor looks as it did") { check_monitor("monitor", 1280, 800, true); }
TEST_CASE("golden: the Monitor with a rule being edited, in the light, looks as it did") { check_monitor("monitor-rule", 1600, 1000, false, "rules/rule 4"); }
TEST_CASE("golden: the Monitor being calibrated looks as it did") { check_monitor("monitor-calibrate", 1280, 720, true, "rules/Calibrate…"); }

TEST_CASE("golden: the trials of a hybrid look as they did") {
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
  HeadlessWindow window(1280, 800);
  window.open("../../tests/golden/granite-moe");
  window.play({command::FeedTokens{{5, 9, 2, 7, 7, 1, 3, 8}}, command::ReadWaiting{}, command::SetTrials{.rotary = "none", .only_layer = 1}});
  window.press(Key::t);
  check_golden(window.picture(), "trials");
}

/// A window in which keys have been pressed.
void check_pressed(const std::string& name, const ShellOptions& options, int width, int height, const std::string& model,
                   std::initializer_list<std::pair<Key, Modifiers>> keys) {
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
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
TEST_CASE("golden: Inspect at one and a half of its size looks as it did") {
  ShellOptions options;
  options.scale = 1.5f;
  check_pressed("inspect-1.5x", options, 1600, 1000, "prose", {});
}

TEST_CASE("golden: the start page looks as it did") {
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
  HeadlessWindow window(1280, 800);
  window.settle();
  check_golden(window.picture(), "start");
}

TEST_CASE("golden: the start page after a refusal looks as it did") {
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
  HeadlessWindow window(1280, 800);
  window.settle();
  window.input().push(InputEvent::drop("/nowhere/model"));
  window.settle();
  check_golden(window.picture(), "start-refused");
}

TEST_CASE("golden: the open dialog with a built-in model chosen looks as it did") {
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
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
