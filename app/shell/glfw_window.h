#pragma once
// The front end with a display: one GLFW window whose callbacks fill an input queue.
#include <memory>
#include <string>

#include "app/shell/input_queue.h"
#include "model/base/result.h"

struct GLFWwindow;
struct GLFWcursor;

namespace lab {

class GlfwWindow {
 public:
  /// Opens a window, at most as large as the screen, with a GL 3.3 core context and makes it current. Refuses with Code::environment when there is no
  /// display or no such context. `input` must outlive the window.
  static Result<std::unique_ptr<GlfwWindow>> create(int width, int height, const std::string& title, InputQueue& input);
  ~GlfwWindow();

  /// Takes events into the queue: those that are there, or after waiting for one at most `seconds`.
  void poll();
  void wait(double seconds);
  /// Ends a wait from any thread.
  static void wake();

  bool should_close() const;
  /// Takes the window off the screen, while what it showed is still being closed.
  void hide();
  int width() const { return width_; }    // framebuffer pixels
  int height() const { return height_; }
  float content_scale() const { return content_scale_; }
  /// Whether the window was uncovered, resized or rescaled since the last call.
  bool take_damage();
  void set_title(const std::string& title);
  /// Lets ImGui's text fields copy and paste. Needs ImGui's context.
  void connect_clipboard();
  /// The mouse pointer that ImGui asks for.
  void show_cursor();
  void swap();

 private:
  explicit GlfwWindow(InputQueue& input) : input_(input) {}
  void connect();
  void measure();

  InputQueue& input_;
  GLFWwindow* window_ = nullptr;
  GLFWcursor *arrow_ = nullptr, *across_ = nullptr, *down_ = nullptr, *text_ = nullptr, *hand_ = nullptr;
  int width_ = 0, height_ = 0;
  float content_scale_ = 1, pixels_per_point_ = 1;
  bool damaged_ = true;
};

}  // namespace lab
