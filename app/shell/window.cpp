#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/shell/glfw_window.h"
#include "app/shell/shell.h"
#include "model/files/file.h"

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

/// Tells a script where to click, once everything asked for is drawn: {"pane/control": [x, y, width, height], ...}.
class ControlsFile {
 public:
  explicit ControlsFile(std::string path) : path_(std::move(path)) {}

  void follow(const Shell& shell, double scale) {
    if (path_.empty() || !shell.settled() || shell.items() == written_) return;
    std::string json;
    for (const auto& [name, box] : shell.items())
      json += fmt::format("{}{}: [{:.0f}, {:.0f}, {:.0f}, {:.0f}]", json.empty() ? "{" : ",\n", nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                          box.x * scale, box.y * scale, box.w * scale, box.h * scale);
    if (write_file_atomically(path_, json.empty() ? "{}" : json + "}\n")) written_ = shell.items();
  }

 private:
  std::string path_;
  std::map<std::string, Box> written_;
};

void run_loop(GlfwWindow& window, Shell& shell, InputQueue& input, ControlsFile controls) {
  std::string title;
  while (!window.should_close() && !shell.wants_to_close()) {
    const bool is_visible = window.width() > 0 && window.height() > 0;
    const bool is_damaged = window.take_damage();
    if (!is_visible || !(is_damaged || shell.needs_frame(input))) {
      controls.follow(shell, window.content_scale());  // what was going on aside may have ended without a new frame
      window.wait(kIdle);
      continue;
    }
    const auto begun = Clock::now();
    shell.frame(input, window.width(), window.height(), window.content_scale());
    window.show_cursor();
    window.swap();
    controls.follow(shell, window.content_scale());
    if (const std::string now = shell.title(); now != title) window.set_title(title = now);
    rest(window, input, begun, shell.seconds_between_frames());
  }
}

}  // namespace

int run_window(const std::vector<std::string>& targets, const LabOptions& lab_options, const ShellOptions& options) {
  InputQueue input;
  auto window = GlfwWindow::create(kWidth, kHeight, "State Lab", input);
  if (!window) {
    fmt::print(stderr, "statelab: {}\n", window.error().text());
    return kNoDisplay;
  }
  LabOptions kept_lab = lab_options;
  ShellOptions kept_options = options;
  if (!options.keeper.journal_folder.empty()) keep_journal(kept_lab, kept_options.keeper, GlfwWindow::wake);
  Engine engine(kept_lab, GlfwWindow::wake);
  Shell shell(engine, kept_options, GlfwWindow::wake);
  (*window)->connect_clipboard();
  if (targets.size() == 1) shell.open(targets[0]);
  if (targets.size() == 2) shell.open_beside(targets[0], targets[1]);
  run_loop(**window, shell, input, ControlsFile(options.controls_file));
  (*window)->hide();
  engine.interrupt();
  return 0;
}

}  // namespace lab
