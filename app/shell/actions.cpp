#include "app/shell/actions.h"

#include <algorithm>

#include "views/panels/lane_page.h"
#include "views/panels/compare.h"
#include "views/panels/notes.h"

namespace lab {
namespace {

using Commands = std::vector<Command>;

/// Moves cursor A on; at the end of the run the model steps instead.
Commands forward(const Snapshot& snapshot, std::int64_t tokens, TimeClock clock) {
  const std::int64_t last = snapshot.count() - 1, at = snapshot.selection.cursor_a;
  if (tokens == 1) {
    const Commands step = step_on(snapshot, clock, true);
    return step.empty() ? Commands{command::Step{1}} : step;
  }
  if (at >= last) return {command::Step{tokens}};
  return {command::Seek{std::min(at + tokens, last), "a"}};
}

Commands seek(const Snapshot& snapshot, std::int64_t token, const char* cursor = "a") {
  if (token < -1 || token >= snapshot.count()) return {};
  return {command::Seek{token, cursor}};
}

/// Pauses what moves; else plays what is there, or at its end lets the model go on.
Commands run_or_pause(const Snapshot& snapshot, double rate, TimeClock clock) {
  const bool moves = time_state(snapshot) != TimeState::paused;
  return commands_to(moves ? TimeState::paused : is_at_end(snapshot) ? TimeState::follow : TimeState::play, snapshot, rate, clock);
}

/// The next run in the order of the tree becomes the active one, the first again after the last.
Commands next_run(const Snapshot& snapshot) {
  const auto& runs = snapshot.runs;
  if (runs.size() < 2) return {};
  const auto at = std::ranges::find(runs, snapshot.active_run, &RunFacts::id);
  return {command::SwitchRun{at == runs.end() || at + 1 == runs.end() ? runs.front().id : (at + 1)->id}};
}

/// The active run as A, and as B the run or file behind the one that it is compared with, the first again after the last.
Commands compare_next(const Snapshot& snapshot) {
  const RunPair pair = runs_to_compare(snapshot);
  if (!pair.a) return {};
  std::vector<std::int64_t> others;
  for (const RunFacts* side : sides_of(snapshot))
    if (side->id != snapshot.active_run) others.push_back(side->id);
  const auto at = pair.a->id == snapshot.active_run ? std::ranges::find(others, pair.b->id) : others.end();
  return {compare_active_with(snapshot, at == others.end() || at + 1 == others.end() ? others.front() : *(at + 1))};
}

Commands only_if(bool makes_sense, Command command) {
  if (!makes_sense) return {};
  return {std::move(command)};
}

}  // namespace

Commands commands_of(Action action, const Snapshot& snapshot, double rate, TimeClock clock) {
  if (!snapshot.model) return {};
  const Selection& at = snapshot.selection;
  switch (action) {
    case Action::run_or_pause: return run_or_pause(snapshot, rate, clock);
    case Action::follow: return commands_to(TimeState::follow, snapshot, rate, clock);
    case Action::play_back: return play_back_or_pause(snapshot, rate, clock);
    case Action::step: return forward(snapshot, 1, clock);
    case Action::step_ten: return forward(snapshot, 10, clock);
    case Action::previous: return step_on(snapshot, clock, false);
    case Action::previous_ten: return seek(snapshot, std::max<std::int64_t>(at.cursor_a - 10, -1));
    case Action::first_token: return seek(snapshot, 0);
    case Action::last_token: return seek(snapshot, snapshot.count() - 1);
    case Action::set_cursor_b: return seek(snapshot, at.cursor_a, "b");
    case Action::clear_cursor_b: return only_if(at.cursor_b >= 0, command::Seek{-1, "b"});
    case Action::swap_cursors:
      if (at.cursor_a < 0 || at.cursor_b < 0 || at.cursor_a == at.cursor_b) return {};
      return {command::Seek{at.cursor_b, "a"}, command::Seek{at.cursor_a, "b"}};
    case Action::take_back: return only_if(snapshot.count() > 0, command::TakeBack{1, false});
    case Action::step_both: return {snapshot.runs.size() > 1 ? Command(command::StepAll{1}) : Command(command::Step{1})};
    case Action::zero_layer: return {command::ZeroState{at.layer}};
    case Action::next_note: return seek(snapshot, neighbour_note(snapshot, at.cursor_a, true).value_or(-2));
    case Action::previous_note: return seek(snapshot, neighbour_note(snapshot, at.cursor_a, false).value_or(-2));
    case Action::next_run: return next_run(snapshot);
    case Action::step_lanes: return only_if(any_lane_waits(snapshot), command::StepLanes{1});
    case Action::read_lanes: return only_if(any_lane_waits(snapshot), command::StepLanes{0});
    case Action::reset_lanes: return only_if(!finished_lanes(snapshot).empty(), command::ResetLanes{finished_lanes(snapshot), 0});
    case Action::compare_next: return compare_next(snapshot);
    case Action::fork: return {command::Fork{at.cursor_a + 1 >= snapshot.count() ? -1 : at.cursor_a + 1, "", true}};
    case Action::undo: return only_if(!snapshot.undo.empty(), command::Undo{});
    case Action::redo: return only_if(!snapshot.redo.empty(), command::Redo{});
    default: return {};
  }
}

bool moves_keyboard(Action action) {
  return action == Action::focus_prompt || action == Action::find_tensor || action == Action::open ||
         action == Action::export_view || action == Action::palette || action == Action::name_range || action == Action::rename_range ||
         action == Action::filter_layers || action == Action::index_map || action == Action::change_view ||
         action == Action::settings || action == Action::save_as || action == Action::save_patch || action == Action::save_rules || action == Action::save_state || action == Action::history ||
         action == Action::note || action == Action::breakpoints || action == Action::open_lanes || action == Action::compare_file || action == Action::edit_state;
}

bool repeats(Action action) {
  switch (action) {
    case Action::step: case Action::step_ten: case Action::previous: case Action::previous_ten:
    case Action::previous_layer: case Action::next_layer: case Action::larger: case Action::smaller: case Action::next_alert: case Action::previous_alert: case Action::next_note: case Action::previous_note: case Action::next_match: case Action::previous_match: case Action::previous_tensor:
    case Action::next_tensor: case Action::previous_index: case Action::next_index: case Action::previous_head: case Action::next_head:
    case Action::undo_layout: case Action::redo_layout: case Action::next_pane: case Action::previous_pane: case Action::step_both: case Action::step_lanes: return true;
    default: return false;
  }
}

}  // namespace lab
