#pragma once
// Hands the events of one frame to ImGui.
#include <span>
#include <vector>

#include "app/shell/input_queue.h"

namespace lab {

/// Passes events on and returns the key presses (repeats too) among them, for shortcuts.
std::vector<InputEvent> feed_imgui(std::span<const InputEvent> events);

}  // namespace lab
