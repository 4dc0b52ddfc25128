// Undo and redo to the bit, over everything that changes a run.
#include <doctest/doctest.h>

#include "support.h"

namespace lab::test {
namespace {

// Commands that meet each other's effects: edits between tokens, taking back across edits, waiting tokens, a reset.
std::vector<Command> eventful_session() {
  return {command::FeedText{"state spaces"},
          command::Step{3},
          command::ZeroState{1},
          command::Step{5},
          command::ScaleState{-1, 0.5},
          command::ScaleState{0, -2},
          command::ReadWaiting{},
          command::Step{70},
          command::RestoreState{2, 4},
          command::TakeBack{2, true},
          command::FeedTokens{{1, 2, 3}},
          command::Step{4},
          command::TakeBack{76},
          command::DropWaiting{},
          command::Run{0, 90},
          command::Reset{},
          command::FeedText{"again"},
          command::Step{9}};
}

TEST_CASE("undo: every command is taken back and done again to the bit") {
  for (const char* family : {"mamba1", "mamba2"}) {
    INFO(family);
    FreshLab lab(family);
    std::vector<std::string> history{fingerprint(lab)};
    for (const Command& command : eventful_session()) {
      carry_out(lab, command);
      history.push_back(fingerprint(lab));
      CHECK(history.back() != history[history.size() - 2]);
    }
    CHECK(lab.snapshot()->undo.size() == history.size() - 1);
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = history.size() - 1; i-- > 0;) {
        carry_out(lab, command::Undo{});
        INFO("undone to ", i);
        CHECK(fingerprint(lab) == history[i]);
      }
      CHECK(refusal_of(lab, command::Undo{}).message == "there is nothing to undo");
      for (std::size_t i = 1; i < history.size(); ++i) {
        carry_out(lab, command::Redo{});
        INFO("done again to ", i);
        CHECK(fingerprint(lab) == history[i]);
      }
      CHECK(refusal_of(lab, command::Redo{}).message == "there is nothing to redo");
    }
  }
}

TEST_CASE("undo: a run that was undone goes on as if nothing had been") {
  FreshLab lab("mamba1");
  FreshLab other("mamba1");
  for (Lab* each : std::initializer_list<Lab*>{&lab, &other}) {
    carry_out(*each, command::FeedText{"abc"});
    carry_out(*each, command::Step{5});
  }
  carry_out(lab, command::ScaleState{-1, 3});
  carry_out(lab, command::Step{7});
  carry_out(lab, command::Undo{});
  carry_out(lab, command::Undo{});
  for (Lab* each : std::initializer_list<Lab*>{&lab, &other}) carry_out(*each, command::Step{40});
  CHECK(fingerprint(lab) == fingerprint(other));
}

TEST_CASE("undo: many steps announced by one command are one entry") {
  FreshLab lab("mamba2");
  carry_out(lab, command::FeedText{"abcdefgh"});
  carry_out(lab, command::Step{200});
  const auto snapshot = lab.snapshot();
  REQUIRE(snapshot->undo.size() == 2);
  CHECK(snapshot->undo.back().label == "step 200");
  CHECK(snapshot->undo.back().position == 0);
  CHECK(snapshot->count() == 200);
}

TEST_CASE("undo: an edit in the middle of a run divides it into two entries") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdefgh"});
  REQUIRE(lab.apply(command::Run{}).applied);
  REQUIRE(lab.work());
  REQUIRE(lab.work());
  const std::int64_t position = lab.snapshot()->count();
  const std::string before = fingerprint(lab);
  REQUIRE(lab.apply(command::ZeroState{0}).applied);
  CHECK(lab.has_work());
  REQUIRE(lab.work());
  REQUIRE(lab.apply(command::Pause{}).applied);
  const std::string after = fingerprint(lab);
  REQUIRE(lab.snapshot()->undo.size() == 4);
  carry_out(lab, command::Undo{});
  carry_out(lab, command::Undo{});
  CHECK(lab.snapshot()->count() == position);
  CHECK(fingerprint(lab) == before);
  carry_out(lab, command::Redo{});
  carry_out(lab, command::Redo{});
  CHECK(fingerprint(lab) == after);
}

TEST_CASE("undo: what was undone cannot be redone after something else") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abc"});
  carry_out(lab, command::Step{2});
  carry_out(lab, command::Undo{});
  CHECK(lab.snapshot()->redo.size() == 1);
  carry_out(lab, command::ZeroState{});
  CHECK(lab.snapshot()->redo.empty());
}

TEST_CASE("undo: looking around is no entry and leaves what can be redone") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abc"});
  carry_out(lab, command::Step{2});
  carry_out(lab, command::Undo{});
  carry_out(lab, command::Select{1, 0, 0});
  carry_out(lab, command::SetSampling{{.greedy = true}});
  CHECK(lab.snapshot()->undo.size() == 1);
  CHECK(lab.snapshot()->redo.size() == 1);
}

TEST_CASE("undo: sampled tokens come back as they were though the sampling has changed") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"a"});
  carry_out(lab, command::Step{20});
  const std::string before = fingerprint(lab);
  carry_out(lab, command::Undo{});
  carry_out(lab, command::SetSampling{{.greedy = true}});
  carry_out(lab, command::Redo{});
  CHECK(fingerprint(lab) == before);
}

TEST_CASE("undo: what the memory budget has dropped is refused and nothing changes") {
  LabOptions options;
  options.trace.budget_bytes = 200'000;
  FreshLab lab("mamba1", options);
  carry_out(lab, command::FeedText{std::string(1000, 'x')});
  carry_out(lab, command::ReadWaiting{});
  REQUIRE(lab.snapshot()->trace->use().replayable_from > 0);
  carry_out(lab, command::Step{1});
  carry_out(lab, command::TakeBack{1});
  carry_out(lab, command::Undo{});
  carry_out(lab, command::Undo{});
  const std::string before = fingerprint(lab);
  CHECK(refusal_of(lab, command::TakeBack{1000}).code == Code::out_of_range);
  CHECK(fingerprint(lab) == before);
}

TEST_CASE("undo: stopped on the way it leaves the run as it was, and can be tried again") {
  bool go_on = true;
  LabOptions options;
  options.go_on = [&] { return go_on; };
  FreshLab lab("mamba2", options);
  carry_out(lab, command::FeedText{std::string(300, 'y')});
  carry_out(lab, command::Step{100});
  carry_out(lab, command::ZeroState{1});
  carry_out(lab, command::Step{200});
  const std::string whole = fingerprint(lab);
  carry_out(lab, command::TakeBack{250});
  const std::string cut = fingerprint(lab);
  go_on = false;
  CHECK(refusal_of(lab, command::Undo{}).code == Code::cancelled);
  CHECK(fingerprint(lab) == cut);
  go_on = true;
  carry_out(lab, command::Undo{});
  CHECK(fingerprint(lab) == whole);
}

TEST_CASE("undo: a run that was fed vectors is taken back and read again") {
  FreshLab lab("mamba1");
  std::vector<float> vectors(32 * 10);
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] = static_cast<float>(i % 7) - 3;
  REQUIRE(lab.feed_vectors(vectors).applied);
  carry_out(lab, command::Step{4});
  carry_out(lab, command::ZeroState{0});
  carry_out(lab, command::ReadWaiting{});
  const std::string whole = fingerprint(lab);
  carry_out(lab, command::TakeBack{8, true});
  CHECK(lab.snapshot()->count() == 2);
  carry_out(lab, command::Undo{});
  CHECK(fingerprint(lab) == whole);
}

}  // namespace
}  // namespace lab::test
