#include "app/shell/actions.h"

#include <algorithm>

namespace lab {
namespace {

/// Moves cursor A on; at the end of the run the model steps instead.
Command forward(const Snapshot& snapshot, std::int64_t tokens) {
  const std::int64_t last = snapshot.count() - 1, at = snapshot.selection.cursor_a;
  if (at >= last) return command::Step{tokens};
  return command::Seek{std::min(at + tokens, last), "a"};
}

std::optional<Command> seek(const Snapshot& snapshot, std::int64_t token, const char* cursor = "a") {
  if (token < -1 || token >= snapshot.count()) return {};
  return command::Seek{token, cursor};
}

std::optional<Command> select_layer(const Snapshot& snapshot, std::int64_t layer) {
  if (layer < 0 || layer >= static_cast<std::int64_t>(snapshot.model->layers.size())) return {};
  return command::Select{layer, -1, -1};
}

}  // namespace

std::optional<Command> command_of(Action action, const Snapshot& snapshot, double rate) {
  if (!snapshot.model) return {};
  const Selection& at = snapshot.selection;
  switch (action) {
    case Action::run_or_pause:
      if (snapshot.state == EngineState::running) return command::Pause{};
      return command::Run{rate, 0};
    case Action::step: return forward(snapshot, 1);
    case Action::step_ten: return forward(snapshot, 10);
    case Action::previous: return seek(snapshot, at.cursor_a - 1);
    case Action::previous_ten: return seek(snapshot, std::max<std::int64_t>(at.cursor_a - 10, -1));
    case Action::first_token: return seek(snapshot, 0);
    case Action::last_token: return seek(snapshot, snapshot.count() - 1);
    case Action::set_cursor_b: return seek(snapshot, at.cursor_a, "b");
    case Action::take_back:
      if (snapshot.count() == 0) return {};
      return command::TakeBack{1, false};
    case Action::previous_layer: return select_layer(snapshot, at.layer - 1);
    case Action::next_layer: return select_layer(snapshot, at.layer + 1);
    case Action::zero_layer: return command::ZeroState{at.layer};
    case Action::undo:
      if (snapshot.undo.empty()) return {};
      return command::Undo{};
    case Action::redo:
      if (snapshot.redo.empty()) return {};
      return command::Redo{};
    default: return {};
  }
}

bool moves_keyboard(Action action) {
  return action == Action::focus_prompt || action == Action::find_tensor || action == Action::open ||
         action == Action::export_view || action == Action::palette || action == Action::change_view || action == Action::settings;
}

bool repeats(Action action) {
  switch (action) {
    case Action::step: case Action::step_ten: case Action::previous: case Action::previous_ten:
    case Action::previous_layer: case Action::next_layer: case Action::larger: case Action::smaller: case Action::next_alert: case Action::previous_alert: case Action::previous_tensor:
    case Action::next_tensor: case Action::undo_layout: case Action::redo_layout: return true;
    default: return false;
  }
}

}  // namespace lab
