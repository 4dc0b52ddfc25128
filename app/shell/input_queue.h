#pragma once
// The events of keyboard and mouse on their way to a frame. Tests and scripts push into the same queue as the window.
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace lab {

/// Keys by GLFW's codes: printable keys are their upper-case ASCII character.
enum class Key : int {
  space = 32, comma = 44, minus = 45, period = 46, slash = 47, zero = 48, one = 49, two = 50, three = 51, four = 52, equal = 61, left_bracket = 91, right_bracket = 93,
  a = 65, b = 66, c = 67, d = 68, e = 69, f = 70, g = 71, h = 72, i = 73, j = 74, k = 75, l = 76, m = 77, n = 78, o = 79, p = 80, q = 81, r = 82, s = 83, t = 84, u = 85, v = 86, w = 87, x = 88, y = 89, z = 90,
  escape = 256, enter = 257, tab = 258, backspace = 259, insert = 260, del = 261,
  right = 262, left = 263, down = 264, up = 265, page_up = 266, page_down = 267, home = 268, end = 269,
  f1 = 290, f2 = 291, f3 = 292, f6 = 295, f10 = 299, f11 = 300, keypad_zero = 320, keypad_subtract = 333, keypad_add = 334, keypad_enter = 335,
  left_shift = 340, left_control = 341, left_alt = 342, left_super = 343, menu = 348,
  right_shift = 344, right_control = 345, right_alt = 346, right_super = 347,
};
constexpr int kKeys = 349;  // one more than GLFW's last code

enum class MouseButton : int { left = 0, right = 1, middle = 2 };
constexpr int kMouseButtons = 3;

struct Modifiers {
  bool control = false, shift = false, alt = false;
  friend bool operator==(const Modifiers&, const Modifiers&) = default;
};

/// One thing the user did.
struct InputEvent {
  enum class Kind : std::uint8_t { key, button, move, wheel, text, focus, drop };
  Kind kind = Kind::move;
  int code = 0;          // key, button or code point
  bool down = false;     // key or button pressed; window focused
  bool repeat = false;   // the key was down already
  Modifiers modifiers;   // of a key
  float x = 0, y = 0;    // place in framebuffer pixels, or lines of the wheel
  std::string path;      // of a dropped file

  static InputEvent key(Key key, bool down, Modifiers modifiers = {}, bool repeat = false);
  static InputEvent button(MouseButton button, bool down);
  static InputEvent move(float x, float y);
  static InputEvent wheel(float x, float y);
  static InputEvent text(char32_t code_point);
  static InputEvent focus(bool focused);
  static InputEvent drop(std::string path);
};

/// First in, first out, and a rule for how much one frame may see. A frame that lasts longer than a click would
/// otherwise see a button go down and up at once, that is, nothing.
class InputQueue {
 public:
  void push(InputEvent event) { events_.push_back(std::move(event)); }
  bool empty() const { return events_.empty(); }

  /// The events of the next frame: up to the first that would change a key or button a second time, or that moves the
  /// mouse after a button changed. Text and wheel never wait. The rest stays for the frames after, and so does what follows
  /// an event that `ends_frame`.
  std::vector<InputEvent> take(const std::function<bool(const InputEvent&)>& ends_frame = {});

 private:
  std::deque<InputEvent> events_;
};

}  // namespace lab
