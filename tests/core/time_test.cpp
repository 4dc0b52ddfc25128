// Time in the lab: named ranges, cursor A moving by itself, when tokens were read, how a run began.
#include <chrono>
#include <cmath>

#include <doctest/doctest.h>

#include "app/core/engine.h"
#include "app/core/session.h"
#include "support.h"

namespace lab::test {
namespace {

// A lab that has read twelve tokens.
void read_twelve(Lab& lab) {
  carry_out(lab, command::FeedText{"abcdefghijkl"});
  carry_out(lab, command::ReadWaiting{});
}

TEST_CASE("ranges: a range is named, renamed and removed, and each is undone and done again") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  const std::string before = fingerprint(lab);
  carry_out(lab, command::SetRange{0, "first half", 0, 6});
  carry_out(lab, command::SetRange{1, "last half", 6, 12});
  carry_out(lab, command::SetRange{0, "beginning", 0, 3});
  carry_out(lab, command::RemoveRange{1});
  const auto ranges = [&] { return *lab.snapshot()->ranges; };
  using Ranges = std::vector<NamedRange>;
  const std::vector<Ranges> history{{}, {{"first half", 0, 6}}, {{"first half", 0, 6}, {"last half", 6, 12}}, {{"beginning", 0, 3}, {"last half", 6, 12}}, {{"beginning", 0, 3}}};
  CHECK(ranges() == history[4]);
  CHECK(lab.snapshot()->undo.back().label == "remove the name \"last half\"");
  for (std::size_t i = 4; i-- > 0;) {
    carry_out(lab, command::Undo{});
    CHECK(ranges() == history[i]);
  }
  for (std::size_t i = 1; i <= 4; ++i) {
    carry_out(lab, command::Redo{});
    CHECK(ranges() == history[i]);
  }
  CHECK(fingerprint(lab) == before);  // names change nothing that is computed
}

TEST_CASE("ranges: the same again is no entry of the history, and a range of one token is one") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  carry_out(lab, command::SetRange{0, "one", 4, 5});
  const std::size_t entries = lab.snapshot()->undo.size();
  carry_out(lab, command::SetRange{0, "one", 4, 5});
  CHECK(lab.snapshot()->undo.size() == entries);
}

TEST_CASE("ranges: what is no range, no name and no place among them is refused by field and changes nothing") {
  FreshLab lab("mamba1");
  CHECK(refusal_of(lab, command::SetRange{0, "a", 0, 1}).field == "first");  // nothing has been read
  read_twelve(lab);
  CHECK(refusal_of(lab, command::SetRange{0, "a", -1, 4}).field == "first");
  CHECK(refusal_of(lab, command::SetRange{0, "a", 12, 13}).field == "first");
  CHECK(refusal_of(lab, command::SetRange{0, "a", 3, 3}).field == "last");
  CHECK(refusal_of(lab, command::SetRange{0, "a", 3, 13}).field == "last");
  for (const char* name : {"", "  ", "a\nb", "a\x01", "\xff"}) CHECK(refusal_of(lab, command::SetRange{0, name, 0, 4}).field == "name");
  CHECK(refusal_of(lab, command::SetRange{0, std::string(65, 'x'), 0, 4}).field == "name");
  CHECK(refusal_of(lab, command::SetRange{1, "a", 0, 4}).field == "index");
  CHECK(refusal_of(lab, command::SetRange{-1, "a", 0, 4}).field == "index");
  CHECK(refusal_of(lab, command::RemoveRange{0}).field == "index");
  CHECK(lab.snapshot()->ranges->empty());
  carry_out(lab, command::SetRange{0, "Überschrift – 章", 0, 12});
  Lab empty{LabOptions{}};
  CHECK(refusal_of(empty, command::SetRange{0, "a", 0, 1}).field == "model");
}

TEST_CASE("ranges: there are no more than 256, and the last place can be named again") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  for (std::int64_t i = 0; i < 256; ++i) carry_out(lab, command::SetRange{i, "r" + std::to_string(i), 0, 1});
  CHECK(refusal_of(lab, command::SetRange{256, "one more", 0, 1}).field == "index");
  carry_out(lab, command::SetRange{255, "again", 0, 1});
  CHECK(lab.snapshot()->ranges->size() == 256);
}

TEST_CASE("ranges: they stay when tokens are taken back, and go with their run when it is reset") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  carry_out(lab, command::SetRange{0, "end", 8, 12});
  carry_out(lab, command::TakeBack{6});
  CHECK(lab.snapshot()->ranges->size() == 1);
  carry_out(lab, command::Reset{});
  CHECK(lab.snapshot()->ranges->empty());
  carry_out(lab, command::Undo{});
  CHECK(lab.snapshot()->ranges->front().name == "end");
}

TEST_CASE("ranges: a session names them, and reads back as it was written") {
  Session session{.model = "it"};
  FreshLab first("mamba1"), second("mamba1");
  for (const Command& command : std::initializer_list<Command>{command::FeedText{"abcdefgh"}, command::ReadWaiting{}, command::SetRange{0, "Tag „eins“", 2, 6},
                                                               command::SetRange{1, "rest", 6, 8}, command::RemoveRange{1}, command::Seek{2, "a"},
                                                               command::Play{4, "token"}}) {
    session.commands.push_back({first.snapshot()->count(), command});
    carry_out(first, command);
  }
  const Result<Session> read = parse_session(json_of(session), "");
  REQUIRE(read);
  CHECK(json_of(*read) == json_of(session));
  for (const SessionCommand& each : read->commands) carry_out(second, each.command);
  CHECK(*first.snapshot()->ranges == *second.snapshot()->ranges);
  CHECK(second.snapshot()->ranges->front() == NamedRange{"Tag „eins“", 2, 6});
  CHECK(second.snapshot()->selection.cursor_a == 7);  // what a session plays has been played
}

TEST_CASE("play: the cursor moves a token at a time up to the last and no further, and reads nothing") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  carry_out(lab, command::Seek{8, "a"});
  const std::string before = fingerprint(lab);
  REQUIRE(lab.apply(command::Play{5, "token"}).applied);
  CHECK(lab.play_rate() == 5);
  for (std::int64_t token = 9; token <= 11; ++token) {
    CHECK(lab.snapshot()->plays);
    lab.play_on();
    CHECK(lab.snapshot()->selection.cursor_a == token);
  }
  CHECK_FALSE(lab.snapshot()->plays);
  CHECK(lab.snapshot()->state == EngineState::paused);
  lab.play_on();
  CHECK(lab.snapshot()->selection.cursor_a == 11);
  CHECK(fingerprint(lab) == before);
  REQUIRE(lab.apply(command::Play{5, "token"}).applied);  // there is nothing to play
  CHECK_FALSE(lab.plays());
}

TEST_CASE("play: by layers, the last layer of a token comes before the first of the next") {
  FreshLab lab("mamba1");  // three layers
  read_twelve(lab);
  carry_out(lab, command::Seek{10, "a"});
  carry_out(lab, command::Select{1, 0, 0});
  REQUIRE(lab.apply(command::Play{5, "layer"}).applied);
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;
  while (lab.plays() && seen.size() < 100) {
    lab.play_on();
    seen.emplace_back(lab.snapshot()->selection.cursor_a, lab.snapshot()->selection.layer);
  }
  CHECK(seen == std::vector<std::pair<std::int64_t, std::int64_t>>{{10, 2}, {11, 0}, {11, 1}, {11, 2}});
}

TEST_CASE("play: back, the cursor moves a token at a time to before the first and no further, and takes nothing back") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  carry_out(lab, command::Seek{2, "a"});
  const std::string before = fingerprint(lab);
  REQUIRE(lab.apply(command::Play{5, "token", true}).applied);
  CHECK(lab.play_rate() == 5);
  for (std::int64_t token = 1; token >= -1; --token) {
    CHECK(lab.snapshot()->plays);
    CHECK(lab.snapshot()->plays_back);
    lab.play_on();
    CHECK(lab.snapshot()->selection.cursor_a == token);
  }
  CHECK_FALSE(lab.snapshot()->plays);
  CHECK_FALSE(lab.snapshot()->plays_back);
  lab.play_on();
  CHECK(lab.snapshot()->selection.cursor_a == -1);
  CHECK(fingerprint(lab) == before);
  REQUIRE(lab.apply(command::Play{5, "token", true}).applied);  // there is no way back
  CHECK_FALSE(lab.plays());
  REQUIRE(lab.apply(command::Play{5, "token"}).applied);
  CHECK(lab.plays());
}

TEST_CASE("play: back by layers, the first layer of a token comes before the last of the one before") {
  FreshLab lab("mamba1");  // three layers
  read_twelve(lab);
  carry_out(lab, command::Seek{1, "a"});
  carry_out(lab, command::Select{1, 0, 0});
  REQUIRE(lab.apply(command::Play{5, "layer", true}).applied);
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;
  while (lab.plays() && seen.size() < 100) {
    lab.play_on();
    seen.emplace_back(lab.snapshot()->selection.cursor_a, lab.snapshot()->selection.layer);
  }
  CHECK(seen == std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 0}, {0, 2}, {0, 1}, {0, 0}, {-1, 2}});
}

TEST_CASE("play: back, while the run grows the cursor stays behind and goes its way") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  REQUIRE(lab.apply(command::Seek{3, "a"}).applied);
  REQUIRE(lab.apply(command::Run{0, 16}).applied);
  REQUIRE(lab.apply(command::Play{5, "token", true}).applied);
  while (lab.work()) lab.play_on();
  CHECK(lab.count() == 16);
  CHECK(lab.snapshot()->selection.cursor_a == -1);
}

TEST_CASE("play: pause, a run, and the cursor put on the last token end it; another place does not") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  const auto plays_after = [&](const Command& command) {
    REQUIRE(lab.apply(command::Seek{2, "a"}).applied);
    REQUIRE(lab.apply(command::Play{}).applied);
    REQUIRE(lab.apply(command).applied);
    const bool plays = lab.plays();
    REQUIRE(lab.apply(command::Pause{}).applied);
    return plays;
  };
  CHECK_FALSE(plays_after(command::Pause{}));
  CHECK_FALSE(plays_after(command::Run{}));
  CHECK_FALSE(plays_after(command::Seek{11, "a"}));
  CHECK(plays_after(command::Seek{5, "a"}));
  CHECK(plays_after(command::Seek{11, "b"}));
  CHECK_FALSE(plays_after(command::Reset{}));
}

TEST_CASE("play: rates and steps that mean nothing are refused by field") {
  FreshLab lab("mamba1");
  CHECK(refusal_of(lab, command::Play{-1, "token"}).field == "rate");
  CHECK(refusal_of(lab, command::Play{NAN, "token"}).field == "rate");
  CHECK(refusal_of(lab, command::Play{8, "week"}).field == "by");
}

TEST_CASE("play: the engine moves the cursor by itself, at no more than the rate, and comes to rest at the end") {
  Engine engine(opening(random_model("mamba1")), {});
  for (const Command& command : std::initializer_list<Command>{command::Open{"it"}, command::FeedText{"abcdefgh"}, command::ReadWaiting{}})
    engine.submit(command);
  settle(engine);
  engine.submit(command::Seek{0, "a"});  // a look: it would go past what is being read
  const auto began = std::chrono::steady_clock::now();
  engine.submit(command::Play{50, "token"});
  REQUIRE(eventually([&] { return engine.latest()->plays; }));
  CHECK_FALSE(engine.idle());
  settle(engine);
  CHECK(engine.latest()->selection.cursor_a == 7);
  CHECK_FALSE(engine.latest()->plays);
  CHECK(engine.latest()->count() == 8);
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(7 * 20 - 20));
  engine.submit(command::Seek{0, "a"});
  engine.submit(command::Play{1, "token"});
  engine.interrupt();  // Esc
  settle(engine);
  CHECK_FALSE(engine.latest()->plays);
}

TEST_CASE("times: every token has one, none is earlier than the one before, and they are cut with the tokens") {
  FreshLab lab("mamba1");
  read_twelve(lab);
  carry_out(lab, command::Step{5});
  const auto check = [&] {
    const auto snapshot = lab.snapshot();
    REQUIRE(snapshot->times.count() == snapshot->count());
    for (std::int64_t t = 0; t < snapshot->count(); ++t) CHECK(snapshot->times[t][0] >= (t == 0 ? 0 : snapshot->times[t - 1][0]));
  };
  check();
  const auto before = lab.snapshot();
  CHECK(before->times[0][0] == before->times[11][0]);  // read at once
  CHECK(before->times[16][0] > before->times[12][0]);
  carry_out(lab, command::TakeBack{4});
  check();
  carry_out(lab, command::Undo{});  // read again: later
  check();
  CHECK(lab.snapshot()->times[16][0] > before->times[16][0]);
  carry_out(lab, command::Reset{});
  CHECK(lab.snapshot()->times.count() == 0);
}

TEST_CASE("resets: how a run began is told, and a reset of the whole state is marked as one") {
  FreshLab lab("mamba1");
  CHECK(lab.snapshot()->start == "start from zero");
  read_twelve(lab);
  carry_out(lab, command::ZeroState{1});
  carry_out(lab, command::ZeroState{-1});
  const auto edits = *lab.snapshot()->edits;
  CHECK_FALSE(edits[0].is_reset);
  CHECK(edits[0].brief == "zero L1");
  CHECK(edits[1].is_reset);
  State start(lab.opened()->model->schema());
  REQUIRE(start.set(1, 1, std::vector<float>(start.get(1, 1).size(), 0.5f)));
  carry_out(lab, command::Reset{});
  REQUIRE(lab.start_from(start).applied);
  CHECK(lab.snapshot()->start == "start from a state");
}

}  // namespace
}  // namespace lab::test
