#pragma once
// The clocks of the time axis: tokens, steps of layers, and seconds; and what a step is on each of them.
#include <string>
#include <vector>

#include "views/panels/pane.h"

namespace lab {

inline constexpr const char* kClockNames[] = {"token clock", "layer clock", "wall clock"};

/// What a clock shows at a token: its number; the layer steps before it; the seconds until it had been read, NaN where no time is
/// recorded.
double clock_value(const Snapshot& snapshot, TimeClock clock, std::int64_t token);
/// Where on an axis of tokens a clock shows a value: for seconds the first token that had been read by then.
double token_at(const Snapshot& snapshot, TimeClock clock, double value);
/// "181", "4356", "3.21 s"; on the layer clock the step of the selected layer.
std::string clock_text(const Snapshot& snapshot, TimeClock clock, std::int64_t token);
/// "0.42 ms", "3.21 s", "205 s".
std::string seconds_text(double seconds);

/// One step of cursor A forward or back: a token, or on the layer clock a layer, the last of a token before the first of the next.
/// Nothing where there is no such place.
std::vector<Command> step_on(const Snapshot& snapshot, TimeClock clock, bool forward);
/// Whether cursor A stands before the first token, from where there is no way back.
bool is_at_start(const Snapshot& snapshot);
/// Whether cursor A stands on the last token, or nothing has been read: where going on means that the model steps.
bool is_at_end(const Snapshot& snapshot);

/// What moves: nothing; cursor A through what is there, on or back; the run, and cursor A with it; the run, while cursor A looks elsewhere.
enum class TimeState : std::uint8_t { paused, play, follow, back, away };
TimeState time_state(const Snapshot& snapshot);
/// What brings a state about.
std::vector<Command> commands_to(TimeState state, const Snapshot& snapshot, double rate, TimeClock clock);
/// Plays back, or pauses what does so.
std::vector<Command> play_back_or_pause(const Snapshot& snapshot, double rate, TimeClock clock);

}  // namespace lab
