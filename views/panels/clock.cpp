#include "views/panels/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lab {

double clock_value(const Snapshot& snapshot, TimeClock clock, std::int64_t token) {
  if (clock == TimeClock::token) return static_cast<double>(token);
  if (clock == TimeClock::layer) return static_cast<double>(token * std::ssize(snapshot.model->layers));
  return token >= 0 && token < snapshot.times.count() ? snapshot.times[token][0] : NAN;
}

double token_at(const Snapshot& snapshot, TimeClock clock, double value) {
  if (clock == TimeClock::token) return value;
  if (clock == TimeClock::layer) return value / static_cast<double>(snapshot.model->layers.size());
  std::int64_t low = 0, high = snapshot.times.count();
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (snapshot.times[middle][0] < value) low = middle + 1;
    else high = middle;
  }
  return static_cast<double>(low);
}

std::string seconds_text(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds < 0.1) return fmt::format("{:.3g} ms", 1000 * seconds);
  return seconds < 100 ? fmt::format("{:.2f} s", seconds) : fmt::format("{:.0f} s", seconds);
}

std::string clock_text(const Snapshot& snapshot, TimeClock clock, std::int64_t token) {
  if (clock == TimeClock::token || token < 0) return token < 0 ? "start" : std::to_string(token);
  if (clock == TimeClock::wall) return seconds_text(clock_value(snapshot, clock, token));
  return std::to_string(token * std::ssize(snapshot.model->layers) + snapshot.selection.layer);
}

std::vector<Command> step_on(const Snapshot& snapshot, TimeClock clock, bool forward) {
  const Selection& s = snapshot.selection;
  const std::int64_t layers = snapshot.model ? std::ssize(snapshot.model->layers) : 0;
  const std::int64_t layer = s.layer + (forward ? 1 : -1), token = s.cursor_a + (forward ? 1 : -1);
  const bool is_within = clock == TimeClock::layer && s.cursor_a >= 0 && layer >= 0 && layer < layers;
  if (is_within) return {command::Select{layer, -1, -1}};
  if (token < -1 || token >= snapshot.count()) return {};
  if (clock != TimeClock::layer || layers == 0) return {command::Seek{token, "a"}};
  return {command::Seek{token, "a"}, command::Select{forward ? 0 : layers - 1, -1, -1}};
}

bool is_at_start(const Snapshot& snapshot) { return snapshot.selection.cursor_a < 0; }

bool is_at_end(const Snapshot& snapshot) { return snapshot.selection.cursor_a >= snapshot.count() - 1; }

TimeState time_state(const Snapshot& snapshot) {
  if (snapshot.plays) return snapshot.plays_back ? TimeState::back : TimeState::play;
  if (snapshot.state != EngineState::running) return TimeState::paused;
  return is_at_end(snapshot) ? TimeState::follow : TimeState::away;
}

std::vector<Command> commands_to(TimeState state, const Snapshot& snapshot, double rate, TimeClock clock) {
  std::vector<Command> commands;
  const bool grows = snapshot.state == EngineState::running;
  if (state == TimeState::paused) {
    if (grows || snapshot.plays) commands.emplace_back(command::Pause{});
  } else if (state == TimeState::play || state == TimeState::back) {
    const bool back = state == TimeState::back;
    if (!(back ? is_at_start(snapshot) : is_at_end(snapshot))) commands.emplace_back(command::Play{rate, clock == TimeClock::layer ? "layer" : "token", back});
  } else {
    if (!is_at_end(snapshot)) commands.emplace_back(command::Seek{snapshot.count() - 1, "a"});
    if (!grows) commands.emplace_back(command::Run{rate, 0});
  }
  return commands;
}

std::vector<Command> play_back_or_pause(const Snapshot& snapshot, double rate, TimeClock clock) {
  return commands_to(time_state(snapshot) == TimeState::back ? TimeState::paused : TimeState::back, snapshot, rate, clock);
}

}  // namespace lab
