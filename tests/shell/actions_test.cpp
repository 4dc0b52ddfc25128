#include "app/shell/actions.h"

#include <doctest/doctest.h>

using namespace lab;

namespace {

/// Five tokens read, four layers, cursor A at token 2.
Snapshot five_tokens() {
  Snapshot snapshot;
  auto facts = std::make_shared<ModelFacts>();
  facts->layers.resize(4);
  snapshot.model = std::move(facts);
  snapshot.state = EngineState::paused;
  RowLog<std::int32_t> tokens(1);
  for (int i = 0; i < 5; ++i) tokens.append()[0] = i;
  snapshot.tokens = tokens.view();
  snapshot.selection.cursor_a = 2;
  return snapshot;
}

/// The commands of an action, one behind the other.
std::string asked(Action action, const Snapshot& snapshot, TimeClock clock = TimeClock::token) {
  std::string all;
  for (const Command& command : commands_of(action, snapshot, 8, clock)) all += json_of(command);
  return all;
}

}  // namespace

TEST_CASE("actions: the right arrow moves the cursor within the run and steps the model at its end") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::step, snapshot) == json_of(command::Seek{3, "a"}));
  CHECK(asked(Action::step_ten, snapshot) == json_of(command::Seek{4, "a"}));
  snapshot.selection.cursor_a = 4;
  CHECK(asked(Action::step, snapshot) == json_of(command::Step{1}));
  CHECK(asked(Action::step_ten, snapshot) == json_of(command::Step{10}));
}

TEST_CASE("actions: the cursor stops before the first token") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::previous_ten, snapshot) == json_of(command::Seek{-1, "a"}));
  snapshot.selection.cursor_a = -1;
  CHECK(asked(Action::previous, snapshot) == "");
}

TEST_CASE("actions: the space bar plays what is there, lets the model go on at its end, and pauses what moves") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::run_or_pause, snapshot) == json_of(command::Play{8, "token"}));
  CHECK(asked(Action::run_or_pause, snapshot, TimeClock::layer) == json_of(command::Play{8, "layer"}));
  snapshot.plays = true;
  CHECK(asked(Action::run_or_pause, snapshot) == json_of(command::Pause{}));
  snapshot.plays = false, snapshot.selection.cursor_a = 4;
  CHECK(asked(Action::run_or_pause, snapshot) == json_of(command::Run{8, 0}));
  snapshot.state = EngineState::running;
  CHECK(asked(Action::run_or_pause, snapshot) == json_of(command::Pause{}));
}

TEST_CASE("actions: playing back goes down to before the first token, at the speed and on the clock that are chosen, and pauses") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::play_back, snapshot) == json_of(command::Play{8, "token", true}));
  CHECK(asked(Action::play_back, snapshot, TimeClock::layer) == json_of(command::Play{8, "layer", true}));
  snapshot.plays = snapshot.plays_back = true;
  CHECK(asked(Action::play_back, snapshot) == json_of(command::Pause{}));
  CHECK(asked(Action::run_or_pause, snapshot) == json_of(command::Pause{}));
  snapshot.plays = snapshot.plays_back = false, snapshot.selection.cursor_a = 4;
  CHECK(asked(Action::play_back, snapshot) == json_of(command::Play{8, "token", true}));
  snapshot.selection.cursor_a = -1;
  CHECK(asked(Action::play_back, snapshot) == "");
}

TEST_CASE("actions: follow goes to the newest token, and makes the model go on where it does not") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::follow, snapshot) == json_of(command::Seek{4, "a"}) + json_of(command::Run{8, 0}));
  snapshot.state = EngineState::running;
  CHECK(asked(Action::follow, snapshot) == json_of(command::Seek{4, "a"}));
  snapshot.selection.cursor_a = 4;
  CHECK(asked(Action::follow, snapshot) == "");
}

TEST_CASE("actions: on the layer clock a step is a layer, the last of a token before the first of the next") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::step, snapshot, TimeClock::layer) == json_of(command::Select{1, -1, -1}));
  CHECK(asked(Action::previous, snapshot, TimeClock::layer) == json_of(command::Seek{1, "a"}) + json_of(command::Select{3, -1, -1}));
  snapshot.selection.layer = 3;
  CHECK(asked(Action::step, snapshot, TimeClock::layer) == json_of(command::Seek{3, "a"}) + json_of(command::Select{0, -1, -1}));
  snapshot.selection.cursor_a = 4;
  CHECK(asked(Action::step, snapshot, TimeClock::layer) == json_of(command::Step{1}));
}

TEST_CASE("actions: cursor B is put where A is, taken away, and changes places with A") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::clear_cursor_b, snapshot) == "");
  CHECK(asked(Action::swap_cursors, snapshot) == "");
  CHECK(asked(Action::set_cursor_b, snapshot) == json_of(command::Seek{2, "b"}));
  snapshot.selection.cursor_b = 4;
  CHECK(asked(Action::swap_cursors, snapshot) == json_of(command::Seek{4, "a"}) + json_of(command::Seek{2, "b"}));
  CHECK(asked(Action::clear_cursor_b, snapshot) == json_of(command::Seek{-1, "b"}));
}

TEST_CASE("actions: nothing is asked of the engine that would change nothing") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::undo, snapshot) == "");
  CHECK(asked(Action::redo, snapshot) == "");
  snapshot.undo.push_back({"zero state of layer 2", 5});
  CHECK(asked(Action::undo, snapshot) == json_of(command::Undo{}));
  CHECK(asked(Action::zero_layer, Snapshot{}) == "");
}

TEST_CASE("actions: a fork begins at cursor A, the next run is the one behind the active one, notes are gone to in their order") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::fork, snapshot) == json_of(command::Fork{3, "", true}));
  CHECK(asked(Action::next_run, snapshot) == "");
  CHECK(asked(Action::next_note, snapshot) == "");
  snapshot.selection.cursor_a = 4;
  CHECK(asked(Action::fork, snapshot) == json_of(command::Fork{-1, "", true}));
  snapshot.runs = {{.id = 0, .name = "main"}, {.id = 3, .name = "fork 3"}};
  CHECK(asked(Action::next_run, snapshot) == json_of(command::SwitchRun{3}));
  snapshot.active_run = 3;
  CHECK(asked(Action::next_run, snapshot) == json_of(command::SwitchRun{0}));
  snapshot.notes = std::make_shared<const std::vector<TokenNote>>(std::vector<TokenNote>{{3, "b"}, {1, "a"}, {7, "beyond the end"}});
  CHECK(asked(Action::previous_note, snapshot) == json_of(command::Seek{3, "a"}));
  snapshot.selection.cursor_a = 1;
  CHECK(asked(Action::next_note, snapshot) == json_of(command::Seek{3, "a"}));
  CHECK(asked(Action::previous_note, snapshot) == "");
}

TEST_CASE("actions: lanes step while tokens wait in one of them, and only those that have read all are reset") {
  Snapshot snapshot = five_tokens();
  const auto edits = std::make_shared<const std::vector<EditEvent>>();
  snapshot.runs = {{.id = 0, .name = "main", .tokens = snapshot.tokens, .edits = edits}};
  CHECK(asked(Action::reset_lanes, snapshot) == "");  // one run is no lane among others
  snapshot.runs.push_back({.id = 4, .name = "lane 4", .tokens = snapshot.tokens, .waiting = 2, .edits = edits});
  CHECK(asked(Action::step_lanes, snapshot) == json_of(command::StepLanes{1}));
  CHECK(asked(Action::read_lanes, snapshot) == json_of(command::StepLanes{0}));
  CHECK(asked(Action::reset_lanes, snapshot) == json_of(command::ResetLanes{{0}, 0}));
  snapshot.runs[1].waiting = 0;
  CHECK(asked(Action::step_lanes, snapshot) == "");
  CHECK(asked(Action::reset_lanes, snapshot) == json_of(command::ResetLanes{{0, 4}, 0}));
}

TEST_CASE("actions: the active run is compared with one of the others after the other, aligned as before") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::compare_next, snapshot) == "");
  snapshot.runs = {{.id = 0, .name = "main"}};
  CHECK(asked(Action::compare_next, snapshot) == "");
  snapshot.runs = {{.id = 0, .name = "main"}, {.id = 3, .name = "fork 3"}, {.id = 5, .name = "fork 5"}};
  snapshot.active_run = 3;
  snapshot.selection.compare = {5, 0, "token", 0};
  CHECK(asked(Action::compare_next, snapshot) == json_of(command::Compare{3, 0, "token", 0}));
  snapshot.selection.compare = {3, 0, "token", 0};
  CHECK(asked(Action::compare_next, snapshot) == json_of(command::Compare{3, 5, "token", 0}));
  snapshot.selection.compare.b = 5;
  CHECK(asked(Action::compare_next, snapshot) == json_of(command::Compare{3, 0, "token", 0}));
}

TEST_CASE("actions: a held key repeats movements, not edits") {
  CHECK(repeats(Action::step));
  CHECK_FALSE(repeats(Action::zero_layer));
  CHECK_FALSE(repeats(Action::undo));
}
