#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/shell/glfw_window.h"
#include "app/shell/shell.h"

namespace lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWidth = 1600, kHeight = 1000;
constexpr double kIdle = 1.0;          // seconds between looks at whether something is slow
constexpr int kNoDisplay = 3;          // exit code

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

/// Lets the processor work for the run between two frames, unless the user does something.
void rest(GlfwWindow& window, const InputQueue& input, Clock::time_point begun, double frame_seconds) {
  window.poll();
  while (input.empty() && !window.should_close()) {
    const double left = frame_seconds - seconds_since(begun);
    if (left <= 0) return;
    window.wait(left);
  }
}

void run_loop(GlfwWindow& window, Shell& shell, InputQueue& input) {
  std::string title;
  while (!window.should_close() && !shell.wants_to_close()) {
    const bool is_visible = window.width() > 0 && window.height() > 0;
    const bool is_damaged = window.take_damage();
    if (!is_visible || !(is_damaged || shell.needs_frame(input))) {
      window.wait(kIdle);
      continue;
    }
    const auto begun = Clock::now();
    shell.frame(input, window.width(), window.height(), window.content_scale());
    window.show_cursor();
    window.swap();
    if (const std::string now = shell.title(); now != title) window.set_title(title = now);
    rest(window, input, begun, shell.seconds_between_frames());
  }
}

}  // namespace

int run_window(const std::string& target, const LabOptions& lab_options, const ShellOptions& options) {
  InputQueue input;
  auto window = GlfwWindow::create(kWidth, kHeight, "State Lab", input);
  if (!window) {
    fmt::print(stderr, "statelab: {}\n", window.error().text());
    return kNoDisplay;
  }
  Engine engine(lab_options, GlfwWindow::wake);
  Shell shell(engine, options, GlfwWindow::wake);
  (*window)->connect_clipboard();
  if (!target.empty()) shell.open(target);
  run_loop(**window, shell, input);
  (*window)->hide();
  engine.interrupt();
  return 0;
}

}  // namespace lab
