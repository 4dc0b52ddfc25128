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

TEST_CASE("golden: the start page looks as it did") {
  if (const std::string why = golden_refusal(); !why.empty()) {
    MESSAGE("SKIPPED, pictures cannot be compared: ", why);
    return;
  }
  HeadlessWindow window(1280, 800);
  window.settle();
  check_golden(window.picture(), "start");
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
