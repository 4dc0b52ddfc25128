// The time panel: what moves and how fast, the lanes of the time axis, both cursors in numbers.
#include "views/panels/transport.h"

#include <fmt/format.h>

#include <array>

#include "views/panels/clock.h"
#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/lane_page.h"
#include "views/panels/notes.h"
#include "views/panels/panes.h"
#include "views/panels/ranges.h"

namespace lab {
namespace {

constexpr const char* kStates[] = {"Paused", "Play", "Follow", "Play back"};  // the last one where they are a list
constexpr const char* kStateTips[] = {"Neither cursor A nor the run moves\tSpace",
                                      "Cursor A walks through the tokens that are there; none is added",
                                      "The model goes on, and cursor A stays on the newest token"};

bool can_act(const Snapshot& snapshot) {
  return snapshot.state == EngineState::paused || snapshot.state == EngineState::running;
}

void send_all(PaneContext& context, std::vector<Command> commands) {
  for (Command& command : commands) context.send(std::move(command));
}

void bring_about(PaneContext& context, TimeState state) {
  send_all(context, commands_to(state, context.snapshot, context.memory.rate, context.memory.clock));
}

/// Pauses what moves; else plays what is there, or at its end lets the model go on.
void run_or_pause(PaneContext& context) {
  const bool moves = time_state(context.snapshot) != TimeState::paused;
  bring_about(context, moves ? TimeState::paused : is_at_end(context.snapshot) ? TimeState::follow : TimeState::play);
}

/// The next step on the clock; at the end of the run the model steps.
void step(PaneContext& context) {
  auto commands = step_on(context.snapshot, context.memory.clock, true);
  if (commands.empty()) commands.emplace_back(command::Step{1});
  send_all(context, std::move(commands));
}

const char* run_tip(const Snapshot& snapshot) {
  if (time_state(snapshot) != TimeState::paused) return "Pause\tSpace";
  return is_at_end(snapshot) ? "Follow: the model goes on\tSpace" : "Play: cursor A walks to the end\tSpace";
}

void draw_buttons(Ui& ui, Box row, PaneContext& context, bool is_narrow) {
  const Snapshot& snapshot = context.snapshot;
  const bool ready = can_act(snapshot), moves = time_state(snapshot) != TimeState::paused;
  const std::int64_t cursor = snapshot.selection.cursor_a, last = snapshot.count() - 1;
  const auto put = [&](const char* symbol, const char* id, const char* tip, bool enabled, bool primary = false) {
    const Box box = row.cut_left(is_narrow ? 33 : 28);
    row.cut_left(is_narrow ? 4 : 3);
    return button(ui, (std::string(symbol) + "##" + id).c_str(), box, {.primary = primary, .enabled = enabled, .tip = tip});
  };
  if (!is_narrow && put(icon::kToStart, "to-start", "First token\tHome", ready && cursor > 0)) context.send(command::Seek{0, "a"});
  if (put(icon::kBack, "previous", "One step back\tLeft", ready && cursor >= 0)) send_all(context, step_on(snapshot, context.memory.clock, false));
  if (!is_narrow && put(icon::kPlayBack, "play-back", "Play back: cursor A walks to the start\tCtrl+Left", ready && !is_at_start(snapshot)))
    send_all(context, play_back_or_pause(snapshot, context.memory.rate, context.memory.clock));
  if (put(moves ? icon::kPause : icon::kPlay, "run", run_tip(snapshot), ready, true)) run_or_pause(context);
  if (put(icon::kStep, "step", "One step forward; at the end: step the model\tRight", ready)) step(context);
  if (!is_narrow && put(icon::kToEnd, "to-end", "Last token\tEnd", ready && cursor < last)) context.send(command::Seek{last, "a"});
}

/// Three states in one track. None is marked while the run grows and cursor A looks elsewhere.
void draw_states(Ui& ui, Box track, PaneContext& context) {
  const Snapshot& snapshot = context.snapshot;
  const TimeState now = time_state(snapshot);
  ui.fill(track, ui.theme().raised, kRadius);
  const float width = track.w / 3;
  for (const TimeState state : {TimeState::paused, TimeState::play, TimeState::follow}) {
    const auto i = static_cast<std::size_t>(state);
    const bool has_way = state != TimeState::play || snapshot.plays || !is_at_end(snapshot);
    if (button(ui, kStates[i], track.cut_left(width),
               {.selected = now == state || (state == TimeState::play && now == TimeState::back), .enabled = can_act(snapshot) && has_way, .plain = true, .tip = kStateTips[i]}))
      bring_about(context, state);
  }
}

void draw_state_choice(Ui& ui, Box box, PaneContext& context) {
  const TimeState now = time_state(context.snapshot);
  int chosen = now == TimeState::away ? 2 : static_cast<int>(now);
  if (combo(ui, "state", box, kStates, chosen, can_act(context.snapshot))) bring_about(context, static_cast<TimeState>(chosen));
}

void draw_more(Ui& ui, Box box, PaneContext& context) {
  bool& wanted = context.memory.playback;
  bool& is_open = kept_of(context).playback_is_open;
  if (button(ui, (std::string(icon::kMore) + "##playback").c_str(), box, {.tip = "Speed, clock, sampling, reset\tS"})) wanted = true;
  if (wanted && !is_open) ImGui::OpenPopup(kPlaybackPage);
  else if (!ImGui::IsPopupOpen(kPlaybackPage)) wanted = false;  // a click beside it has closed it
  is_open = wanted;
  draw_playback(ui, box, context);
}

/// Buttons, where we are, what moves, how fast.
void draw_left(Ui& ui, Box box, PaneContext& context, bool is_narrow) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  const std::int64_t cursor = snapshot.selection.cursor_a;
  const std::string where = cursor < 0 ? "start" : std::to_string(cursor);
  const std::string of = snapshot.count() == 0 ? "no tokens" : fmt::format("of {}", snapshot.count() - 1);
  box = box.inset(12, is_narrow ? 8 : 10);
  Box row = box.cut_top(26);
  draw_buttons(ui, row, context, is_narrow);
  if (!is_narrow) ui.text_in(row, where.size() > 4 ? Face::dense : Face::value, theme.text, where, Align::right);
  box.cut_top(is_narrow ? 4 : 8);
  row = box.cut_top(kControlHeight);
  if (is_narrow) {
    draw_state_choice(ui, row, context);
    box.cut_top(4);
    row = box.cut_top(22);
    draw_more(ui, row.cut_right(28), context);
    ui.text_in(row, Face::dense, theme.text, where + " " + of);
    return;
  }
  draw_states(ui, row.cut_left(176), context);
  ui.text_in(row, Face::control, theme.dim, of, Align::right);
  box.cut_top(7);
  row = box.cut_top(kControlHeight);
  draw_more(ui, row.cut_right(28), context);
  row.cut_right(4);
  draw_clock(ui, row.cut_right(106), context);
  row.cut_right(4);
  draw_rate(ui, row, context);
}

}  // namespace

void draw_transport(Ui& ui, Box box, PaneContext& context) {
  const bool is_narrow = box.w < 1400;
  const KeptTimeAxis& time = kept_of(context).time;
  float left = is_narrow ? 132 : 256, right = is_narrow ? 252 : 312;
  if (time.right > time.left) {  // under the panes whose time axis this one continues
    left = std::max(left, std::min(time.left - kTimeLeft - box.x, box.w / 3));
    right = std::max(right, std::min(box.right() - time.right - kTimeRight, box.w / 3));
  }
  if (const int wanted = std::exchange(context.memory.go_to_range, -1); wanted >= 0) go_to_range(context, wanted);
  const Box controls = box.cut_left(left), cursors = box.cut_right(right);
  ui.line_down(controls.right() - 1, controls.y, controls.bottom(), ui.theme().line);
  ui.line_down(cursors.x - 1, cursors.y, cursors.bottom(), ui.theme().line);
  draw_left(ui, controls, context, is_narrow);
  draw_cursor_table(ui, cursors, context);
  draw_lanes(ui, box, context);
  draw_naming(ui, {box.x + kTimeLeft, box.y, 0, 0}, context);
  draw_note_page(ui, {box.x + kTimeLeft, box.y, 0, 0}, context);
  draw_stops(ui, {controls.x + 12, controls.y, 0, 0}, context);
  draw_lane_page(ui, {box.x + kTimeLeft, box.y, 0, 0}, context);
}

}  // namespace lab
