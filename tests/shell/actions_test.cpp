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

std::string asked(Action action, const Snapshot& snapshot) {
  const auto command = command_of(action, snapshot, 8);
  return command ? json_of(*command) : "";
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

TEST_CASE("actions: the space bar runs at the rate of the transport and pauses a run") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::run_or_pause, snapshot) == json_of(command::Run{8, 0}));
  snapshot.state = EngineState::running;
  CHECK(asked(Action::run_or_pause, snapshot) == json_of(command::Pause{}));
}

TEST_CASE("actions: nothing is asked of the engine that would change nothing") {
  Snapshot snapshot = five_tokens();
  CHECK(asked(Action::undo, snapshot) == "");
  CHECK(asked(Action::redo, snapshot) == "");
  snapshot.undo.push_back({"zero state of layer 2", 5});
  CHECK(asked(Action::undo, snapshot) == json_of(command::Undo{}));
  CHECK(asked(Action::zero_layer, Snapshot{}) == "");
}

TEST_CASE("actions: a held key repeats movements, not edits") {
  CHECK(repeats(Action::step));
  CHECK_FALSE(repeats(Action::zero_layer));
  CHECK_FALSE(repeats(Action::undo));
}
