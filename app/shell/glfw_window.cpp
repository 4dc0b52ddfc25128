#include "app/shell/glfw_window.h"

#include <algorithm>
#include <utility>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

Error refusal(const char* message, const char* next) {
  const char* found = nullptr;
  glfwGetError(&found);
  Error error;
  error.code = Code::environment;
  error.message = message;
  error.found = found ? found : "";
  error.next = next;
  return error;
}

GlfwWindow& self(GLFWwindow* window) { return *static_cast<GlfwWindow*>(glfwGetWindowUserPointer(window)); }

Modifiers modifiers_of(int bits) {
  return {.control = (bits & GLFW_MOD_CONTROL) != 0, .shift = (bits & GLFW_MOD_SHIFT) != 0, .alt = (bits & GLFW_MOD_ALT) != 0};
}

/// Makes a size smaller where the work area of the first monitor is.
void fit_to_screen(int& width, int& height) {
  GLFWmonitor* monitor = glfwGetPrimaryMonitor();
  if (!monitor) return;
  int x = 0, y = 0, most_width = 0, most_height = 0;
  glfwGetMonitorWorkarea(monitor, &x, &y, &most_width, &most_height);
  if (most_width <= 0 || most_height <= 0) return;
  float scale = 1;  // the size asked for is multiplied by it
  glfwGetMonitorContentScale(monitor, &scale, nullptr);
  width = std::min(width, static_cast<int>(static_cast<float>(most_width) / scale));
  height = std::min(height, static_cast<int>(static_cast<float>(most_height) / scale));
}

const char* get_clipboard(void* window) { return glfwGetClipboardString(static_cast<GLFWwindow*>(window)); }
void set_clipboard(void* window, const char* text) { glfwSetClipboardString(static_cast<GLFWwindow*>(window), text); }

}  // namespace

Result<std::unique_ptr<GlfwWindow>> GlfwWindow::create(int width, int height, const std::string& title, InputQueue& input) {
  if (!glfwInit()) return refusal("there is no display", "use `statelab run` without one");
  std::unique_ptr<GlfwWindow> made(new GlfwWindow(input));
  fit_to_screen(width, height);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  glfwWindowHint(GLFW_DEPTH_BITS, 0);
  glfwWindowHint(GLFW_STENCIL_BITS, 0);
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
  glfwWindowHintString(GLFW_X11_CLASS_NAME, "statelab");
  glfwWindowHintString(GLFW_X11_INSTANCE_NAME, "statelab");
  made->window_ = glfwCreateWindow(width, height, title.c_str(), nullptr, nullptr);
  if (!made->window_) return refusal("this display offers no OpenGL 3.3 window", "use `statelab run` or `statelab screenshot` without one");
  glfwMakeContextCurrent(made->window_);
  glfwSwapInterval(1);
  made->arrow_ = glfwCreateStandardCursor(GLFW_ARROW_CURSOR);
  made->across_ = glfwCreateStandardCursor(GLFW_HRESIZE_CURSOR);
  made->down_ = glfwCreateStandardCursor(GLFW_VRESIZE_CURSOR);
  made->text_ = glfwCreateStandardCursor(GLFW_IBEAM_CURSOR);
  made->hand_ = glfwCreateStandardCursor(GLFW_HAND_CURSOR);
  made->connect();
  made->measure();
  return made;
}

GlfwWindow::~GlfwWindow() {
  if (window_) glfwDestroyWindow(window_);
  glfwTerminate();
}

void GlfwWindow::connect() {
  glfwSetWindowUserPointer(window_, this);
  glfwSetKeyCallback(window_, [](GLFWwindow* w, int key, int, int action, int mods) {
    if (key < 0 || key >= kKeys) return;
    self(w).input_.push(InputEvent::key(static_cast<Key>(key), action != GLFW_RELEASE, modifiers_of(mods), action == GLFW_REPEAT));
  });
  glfwSetCharCallback(window_, [](GLFWwindow* w, unsigned code) { self(w).input_.push(InputEvent::text(code)); });
  glfwSetMouseButtonCallback(window_, [](GLFWwindow* w, int button, int action, int) {
    if (button < kMouseButtons) self(w).input_.push(InputEvent::button(static_cast<MouseButton>(button), action == GLFW_PRESS));
  });
  glfwSetCursorPosCallback(window_, [](GLFWwindow* w, double x, double y) {
    const double ratio = self(w).pixels_per_point_;
    self(w).input_.push(InputEvent::move(static_cast<float>(x * ratio), static_cast<float>(y * ratio)));
  });
  glfwSetScrollCallback(window_, [](GLFWwindow* w, double x, double y) {
    self(w).input_.push(InputEvent::wheel(static_cast<float>(x), static_cast<float>(y)));
  });
  glfwSetWindowFocusCallback(window_, [](GLFWwindow* w, int focused) { self(w).input_.push(InputEvent::focus(focused != 0)); });
  glfwSetDropCallback(window_, [](GLFWwindow* w, int count, const char** paths) {
    for (int i = 0; i < count; ++i) self(w).input_.push(InputEvent::drop(paths[i]));
  });
  glfwSetFramebufferSizeCallback(window_, [](GLFWwindow* w, int, int) { self(w).measure(); });
  glfwSetWindowContentScaleCallback(window_, [](GLFWwindow* w, float, float) { self(w).measure(); });
  glfwSetWindowRefreshCallback(window_, [](GLFWwindow* w) { self(w).damaged_ = true; });
}

void GlfwWindow::connect_clipboard() {
  ImGuiIO& io = ImGui::GetIO();
  io.GetClipboardTextFn = get_clipboard;
  io.SetClipboardTextFn = set_clipboard;
  io.ClipboardUserData = window_;
}

void GlfwWindow::measure() {
  int points = 1, unused = 0;
  glfwGetFramebufferSize(window_, &width_, &height_);
  glfwGetWindowSize(window_, &points, &unused);
  glfwGetWindowContentScale(window_, &content_scale_, nullptr);
  pixels_per_point_ = points > 0 ? static_cast<float>(width_) / static_cast<float>(points) : 1;
  damaged_ = true;
}

void GlfwWindow::poll() { glfwPollEvents(); }
void GlfwWindow::wait(double seconds) { glfwWaitEventsTimeout(seconds); }
void GlfwWindow::wake() { glfwPostEmptyEvent(); }

bool GlfwWindow::should_close() const { return glfwWindowShouldClose(window_) != 0; }
void GlfwWindow::hide() { glfwHideWindow(window_); }
bool GlfwWindow::take_damage() { return std::exchange(damaged_, false); }
void GlfwWindow::set_title(const std::string& title) { glfwSetWindowTitle(window_, title.c_str()); }

void GlfwWindow::show_cursor() {
  GLFWcursor* cursor = arrow_;
  switch (ImGui::GetMouseCursor()) {
    case ImGuiMouseCursor_ResizeEW: cursor = across_; break;
    case ImGuiMouseCursor_ResizeNS: cursor = down_; break;
    case ImGuiMouseCursor_TextInput: cursor = text_; break;
    case ImGuiMouseCursor_Hand: cursor = hand_; break;
    default: break;
  }
  glfwSetCursor(window_, cursor);
}

void GlfwWindow::swap() { glfwSwapBuffers(window_); }

}  // namespace lab
