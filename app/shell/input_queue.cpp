#include "app/shell/input_queue.h"

#include <bitset>

namespace lab {

InputEvent InputEvent::key(Key key, bool down, Modifiers modifiers, bool repeat) {
  InputEvent event;
  event.kind = Kind::key;
  event.code = static_cast<int>(key);
  event.down = down;
  event.modifiers = modifiers;
  event.repeat = repeat;
  return event;
}

InputEvent InputEvent::button(MouseButton button, bool down) {
  InputEvent event;
  event.kind = Kind::button;
  event.code = static_cast<int>(button);
  event.down = down;
  return event;
}

InputEvent InputEvent::move(float x, float y) {
  InputEvent event;
  event.kind = Kind::move;
  event.x = x;
  event.y = y;
  return event;
}

InputEvent InputEvent::wheel(float x, float y) {
  InputEvent event = move(x, y);
  event.kind = Kind::wheel;
  return event;
}

InputEvent InputEvent::text(char32_t code_point) {
  InputEvent event;
  event.kind = Kind::text;
  event.code = static_cast<int>(code_point);
  return event;
}

InputEvent InputEvent::focus(bool focused) {
  InputEvent event;
  event.kind = Kind::focus;
  event.down = focused;
  return event;
}

InputEvent InputEvent::drop(std::string path) {
  InputEvent event;
  event.kind = Kind::drop;
  event.path = std::move(path);
  return event;
}

std::vector<InputEvent> InputQueue::take(const std::function<bool(const InputEvent&)>& ends_frame) {
  std::bitset<kKeys> keys;
  std::bitset<kMouseButtons> buttons;
  const auto must_wait = [&](const InputEvent& event) {
    const auto code = static_cast<std::size_t>(event.code);
    if (event.kind == InputEvent::Kind::key) return !event.repeat && keys.test(code);
    if (event.kind == InputEvent::Kind::button) return buttons.test(code);
    return event.kind == InputEvent::Kind::move && buttons.any();
  };
  std::vector<InputEvent> frame;
  while (!events_.empty() && !must_wait(events_.front())) {
    const InputEvent& event = frame.emplace_back(std::move(events_.front()));
    events_.pop_front();
    const auto code = static_cast<std::size_t>(event.code);
    if (event.kind == InputEvent::Kind::key) keys.set(code);
    if (event.kind == InputEvent::Kind::button) buttons.set(code);
    if (ends_frame && ends_frame(event)) break;
  }
  return frame;
}

}  // namespace lab
