#include "app/shell/imgui_input.h"

#include <utility>

#include "views/panels/kit/ui_compat.h"

namespace lab {
namespace {

// The keys that ImGui's text fields and lists react to.
constexpr std::pair<Key, int> kKeyMap[] = {
    {Key::tab, ImGuiKey_Tab}, {Key::left, ImGuiKey_LeftArrow}, {Key::right, ImGuiKey_RightArrow},
    {Key::up, ImGuiKey_UpArrow}, {Key::down, ImGuiKey_DownArrow}, {Key::page_up, ImGuiKey_PageUp},
    {Key::page_down, ImGuiKey_PageDown}, {Key::home, ImGuiKey_Home}, {Key::end, ImGuiKey_End},
    {Key::insert, ImGuiKey_Insert}, {Key::del, ImGuiKey_Delete}, {Key::backspace, ImGuiKey_Backspace},
    {Key::space, ImGuiKey_Space}, {Key::enter, ImGuiKey_Enter}, {Key::escape, ImGuiKey_Escape}, {Key::a, ImGuiKey_A}, {Key::c, ImGuiKey_C}, {Key::v, ImGuiKey_V},
    {Key::x, ImGuiKey_X}, {Key::y, ImGuiKey_Y}, {Key::z, ImGuiKey_Z},
};

/// The key's code; the keypad's Enter counts as the other one.
int code_of(const InputEvent& event) {
  return event.code == static_cast<int>(Key::keypad_enter) ? static_cast<int>(Key::enter) : event.code;
}

#if IMGUI_VERSION_NUM >= 18700

void feed_key(const InputEvent& event) {
  ImGuiIO& io = ImGui::GetIO();
  switch (static_cast<Key>(event.code)) {
    case Key::left_control: case Key::right_control: io.AddKeyEvent(ImGuiMod_Ctrl, event.down); break;
    case Key::left_shift: case Key::right_shift: io.AddKeyEvent(ImGuiMod_Shift, event.down); break;
    case Key::left_alt: case Key::right_alt: io.AddKeyEvent(ImGuiMod_Alt, event.down); break;
    default: break;
  }
  for (const auto& [key, imgui_key] : kKeyMap)
    if (static_cast<int>(key) == code_of(event)) io.AddKeyEvent(static_cast<ImGuiKey>(imgui_key), event.down);
}

void feed(const InputEvent& event) {
  ImGuiIO& io = ImGui::GetIO();
  io.ConfigInputTrickleEventQueue = false;  // our queue has done that already
  switch (event.kind) {
    case InputEvent::Kind::key: feed_key(event); break;
    case InputEvent::Kind::button: io.AddMouseButtonEvent(event.code, event.down); break;
    case InputEvent::Kind::move: io.AddMousePosEvent(event.x, event.y); break;
    case InputEvent::Kind::wheel: io.AddMouseWheelEvent(event.x, event.y); break;
    case InputEvent::Kind::text: io.AddInputCharacter(static_cast<unsigned>(event.code)); break;
    case InputEvent::Kind::focus: io.AddFocusEvent(event.down); break;
    case InputEvent::Kind::drop: break;
  }
}

#else

void release_all(ImGuiIO& io) {
  for (bool& down : io.KeysDown) down = false;
  for (bool& down : io.MouseDown) down = false;
  io.KeyCtrl = io.KeyShift = io.KeyAlt = io.KeySuper = false;
  io.ClearInputCharacters();
}

void feed_key(ImGuiIO& io, const InputEvent& event) {
  for (const auto& [key, imgui_key] : kKeyMap) io.KeyMap[imgui_key] = static_cast<int>(key);
  io.KeysDown[code_of(event)] = event.down;
  const auto down = [&](Key key) { return io.KeysDown[static_cast<int>(key)]; };
  io.KeyCtrl = down(Key::left_control) || down(Key::right_control);
  io.KeyShift = down(Key::left_shift) || down(Key::right_shift);
  io.KeyAlt = down(Key::left_alt) || down(Key::right_alt);
}

void feed(const InputEvent& event) {
  ImGuiIO& io = ImGui::GetIO();
  switch (event.kind) {
    case InputEvent::Kind::key: feed_key(io, event); break;
    case InputEvent::Kind::button: io.MouseDown[event.code] = event.down; break;
    case InputEvent::Kind::move: io.MousePos = {event.x, event.y}; break;
    case InputEvent::Kind::wheel: io.MouseWheelH += event.x, io.MouseWheel += event.y; break;
    case InputEvent::Kind::text: io.AddInputCharacter(static_cast<unsigned>(event.code)); break;
    case InputEvent::Kind::focus:
      if (!event.down) release_all(io);
      break;
    case InputEvent::Kind::drop: break;
  }
}

#endif

}  // namespace

std::vector<InputEvent> feed_imgui(std::span<const InputEvent> events) {
  std::vector<InputEvent> presses;
  for (const InputEvent& event : events) {
    feed(event);
    if (event.kind == InputEvent::Kind::key && event.down) presses.push_back(event);
  }
  return presses;
}

}  // namespace lab
