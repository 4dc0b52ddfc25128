#pragma once
// The whole window without a display, driven through the queue that the real one fills.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "app/shell/headless.h"
#include "app/shell/shell.h"

namespace lab {

/// Steps of one thread in the plainest instruction set, so that nothing on the screen depends on the machine.
inline ContextOptions plain_arithmetic() { return {.threads = 1, .instruction_set = "generic"}; }

class HeadlessWindow {
 public:
  /// A window of this size in pixels, of which a picture shows as much as `seen`, the lower left corner: the less, the quicker.
  explicit HeadlessWindow(int width = 1280, int height = 800, ShellOptions options = {}, LabOptions lab_options = {}, std::pair<int, int> seen = {})
      : width_(width), height_(height) {
    setenv("GALLIUM_DRIVER", "llvmpipe", 1);
    setenv("LIBGL_ALWAYS_SOFTWARE", "1", 1);
    auto made = seen.first > 0 ? Headless::create(seen.first, seen.second) : Headless::create(width, height);
    REQUIRE_MESSAGE(made, (made ? "" : made.error().text()));
    headless_ = made.take();
    options.record_items = true;
    options.arithmetic = plain_arithmetic();
    lab_options.arithmetic = plain_arithmetic();
    engine_ = std::make_unique<Engine>(lab_options, [] {});
    shell_ = std::make_unique<Shell>(*engine_, options, [] {});
  }

  Shell& shell() { return *shell_; }
  Engine& engine() { return *engine_; }
  InputQueue& input() { return input_; }
  std::shared_ptr<const Snapshot> snapshot() const { return engine_->latest(); }
  Image picture() const { return headless_->read(); }

  void frame() {
    headless_->bind();
    shell_->frame(input_, width_, height_, content_scale_);
  }
  /// As when the window's edge is dragged, or the window is moved to another display.
  void resize(int width, int height, float content_scale = 1) {
    width_ = width, height_ = height, content_scale_ = content_scale;
    frame();
  }
  /// Draws frames until every event has been seen and everything asked for is computed and drawn.
  void settle() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!input_.empty() || !shell_->settled()) {
      REQUIRE_MESSAGE(std::chrono::steady_clock::now() < limit, "the window does not come to rest");
      if (shell_->needs_frame(input_)) frame();
      else std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  }

  /// Opens a model and waits for it. Built-in ones are taken from the source tree.
  void open(const std::string& model) {
    shell_->open(std::string(LAB_SOURCE_DIR "/assets/models/") + model);
    settle();
    REQUIRE(snapshot()->model);
    while (snapshot()->model->hash.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // comes in the background
    settle();
  }
  void play(std::vector<Command> commands) {
    shell_->play(std::move(commands));
    settle();
  }

  void press(Key key, Modifiers modifiers = {}) {
    // The modifier keys go down and up too, as on a keyboard.
    const auto held = [&](bool down) {
      if (modifiers.control) input_.push(InputEvent::key(Key::left_control, down));
      if (modifiers.shift) input_.push(InputEvent::key(Key::left_shift, down));
      if (modifiers.alt) input_.push(InputEvent::key(Key::left_alt, down));
    };
    held(true);
    input_.push(InputEvent::key(key, true, modifiers));
    input_.push(InputEvent::key(key, false, modifiers));
    held(false);
    settle();
  }
  void type(const std::u32string& text) {
    for (const char32_t c : text) input_.push(InputEvent::text(c));
    settle();
  }
  Box item(const std::string& name) const {
    const auto box = shell_->item(name);
    REQUIRE_MESSAGE(box, "there is no such control: ", name);
    return *box;
  }
  void move_to(float x, float y) {
    input_.push(InputEvent::move(x, y));
    settle();
  }
  void click_at(float x, float y) {
    input_.push(InputEvent::move(x, y));
    input_.push(InputEvent::button(MouseButton::left, true));
    input_.push(InputEvent::button(MouseButton::left, false));
    settle();
  }
  void click(const std::string& name) {
    const Box box = item(name);
    click_at(box.middle_x(), box.middle_y());
  }

 private:
  int width_, height_;
  float content_scale_ = 1;
  std::unique_ptr<Headless> headless_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Shell> shell_;
  InputQueue input_;
};

}  // namespace lab
