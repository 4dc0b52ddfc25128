// What was done, as a session: recorded by the lab, replayed by the engine to the bit.
#include <doctest/doctest.h>

#include <stdexcept>

#include "app/core/engine.h"
#include "app/core/recorded_session.h"
#include "model/files/file.h"
#include "support.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

std::vector<std::string> texts(const CommandRecord::Pointer& record) {
  std::vector<std::string> all;
  for (const SessionCommand& each : commands_of(record)) all.push_back(std::to_string(each.step) + " " + json_of(each.command));
  return all;
}

std::string text(std::int64_t step, const Command& command) { return std::to_string(step) + " " + json_of(command); }

std::string hash_at_end(const Engine& engine) {
  const auto snapshot = engine.latest();
  const auto hash = state_hash(*snapshot, *engine.opened(), snapshot->count());
  REQUIRE(hash);
  return *hash;
}

TEST_CASE("record: commands are kept in their order with their positions, refused ones are not") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdef"});
  carry_out(lab, command::Step{4});
  refusal_of(lab, command::ZeroState{99});
  carry_out(lab, command::ZeroState{1});
  carry_out(lab, command::Undo{});
  carry_out(lab, command::Pause{});  // while nothing goes on
  const auto record = lab.snapshot()->record;
  CHECK(texts(record) == std::vector{text(0, command::FeedText{"abcdef"}), text(0, command::Step{4}), text(4, command::ZeroState{1}), text(4, command::Undo{})});
  CHECK(record->count() == 4);
  CHECK(record->changes() == 4);
}

TEST_CASE("record: a look takes the place of the one before it where nothing of that is left") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdef"});
  carry_out(lab, command::ReadWaiting{});
  for (const std::int64_t token : {1, 2, 3}) carry_out(lab, command::Seek{token, "a"});
  carry_out(lab, command::Seek{4, "b"});
  carry_out(lab, command::Select{1, 3, 2});
  carry_out(lab, command::Select{0, -1, -1});  // the channel stays
  const auto record = lab.snapshot()->record;
  CHECK(texts(record) == std::vector{text(0, command::FeedText{"abcdef"}), text(0, command::ReadWaiting{}), text(6, command::Seek{3, "a"}),
                                     text(6, command::Seek{4, "b"}), text(6, command::Select{1, 3, 2}), text(6, command::Select{0, -1, -1})});
  CHECK(record->changes() == 2);
}

TEST_CASE("record: figures are noted by plain names, the same name for the same file, and none hides another") {
  FreshLab lab("mamba1");
  Lab empty{LabOptions{}};
  CHECK(refusal_of(empty, command::ExportFigure{"norms", "a.pdf"}).field == "model");
  carry_out(lab, command::FeedText{"abc"});
  for (const char* file : {"/home/me/norms.pdf", "/elsewhere/norms.pdf", "/home/me/norms.pdf", "norms.pdf", ".norms.pdf", "../../etc/x"}) carry_out(lab, command::ExportFigure{"norms", file, 4, 3});
  std::vector<std::string> names;
  for (const SessionCommand& each : commands_of(lab.snapshot()->record))
    if (const auto* figure = std::get_if<command::ExportFigure>(&each.command)) names.push_back(figure->file);
  CHECK(names == std::vector<std::string>{"norms.pdf", "norms-2.pdf", "norms.pdf", "norms-3.pdf", "_norms.pdf", "x"});
  CHECK(refusal_of(lab, command::ExportFigure{"norms", "/tmp/"}).field == "file");
  CHECK(lab.snapshot()->record->changes() == 1);  // the figures change nothing
}

TEST_CASE("record: where the cursor has come by playing is noted, when it ends and when a figure is made of it") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"abcdef"});
  carry_out(lab, command::ReadWaiting{});
  REQUIRE(lab.apply(command::Play{5, "layer", true}).applied);
  for (int i = 0; i < 4; ++i) lab.play_on();  // three layers: from the first layer of token 5 to the last of token 3
  REQUIRE(lab.apply(command::ExportFigure{"norms", "norms.pdf"}).applied);
  CHECK(lab.plays());
  lab.play_on();
  REQUIRE(lab.apply(command::Pause{}).applied);
  const auto all = texts(lab.snapshot()->record);
  const std::vector played{text(6, command::Play{5, "layer", true}), text(6, command::Seek{3, "a"}), text(6, command::Select{2, -1, -1}), text(6, command::ExportFigure{"norms", "norms.pdf"}),
                           text(6, command::Seek{3, "a"}), text(6, command::Select{1, -1, -1}), text(6, command::Pause{})};
  CHECK(std::vector(all.begin() + 2, all.end()) == played);
  FreshLab again("mamba1");
  std::vector<std::int64_t> seen;
  for (const SessionCommand& each : commands_of(lab.snapshot()->record)) {
    REQUIRE(again.apply(each.command).applied);
    while (again.has_work()) again.work();
    if (std::holds_alternative<command::ExportFigure>(each.command)) seen = {again.snapshot()->selection.cursor_a, again.snapshot()->selection.layer};
  }
  CHECK(seen == std::vector<std::int64_t>{3, 2});
  CHECK(again.snapshot()->selection.layer == 1);
}

TEST_CASE("record: a long one is let go of without a deep stack, and what shares it stays") {
  CommandRecord::Pointer record, half;
  for (int i = 0; i < 1'000'000; ++i) {
    record = CommandRecord::with(std::move(record), {i, command::Step{1}});
    if (i == 10) half = record;
  }
  CHECK(record->count() == 1'000'000);
  record.reset();
  CHECK(commands_of(half).size() == 11);
}

TEST_CASE("record: a model that is opened begins it anew, with the sampling that was set before") {
  Engine engine(opening(random_model("mamba1")), {});
  engine.submit(command::Open{"it"});
  engine.submit(command::FeedText{"abc"});
  engine.submit(command::SetSampling{{.temperature = 0.5, .seed = 3}});
  settle(engine);
  engine.submit(command::Open{"it"});
  settle(engine);
  CHECK(texts(engine.latest()->record) == std::vector{text(0, command::SetSampling{{.temperature = 0.5, .seed = 3}})});
  CHECK(engine.latest()->record->changes() == 0);
}

TEST_CASE("record: work that breaks off by itself leaves a pause where it did") {
  int calls = 0;
  const auto model = disturbed(random_model("mamba1"), [&](Context<float>&) {
    if (++calls == 3) throw std::runtime_error("a cable");
  });
  Lab lab({});
  lab.put(model);
  carry_out(lab, command::FeedText{"abcdefgh"});
  lab.apply(command::Step{1});
  lab.finish_work();
  lab.apply(command::Step{1});
  lab.finish_work();
  lab.apply(command::Step{5});
  lab.finish_work();
  const auto snapshot = lab.snapshot();
  CHECK(snapshot->state == EngineState::faulted);
  CHECK(texts(snapshot->record).back() == text(snapshot->count(), command::Pause{}));
}

TEST_CASE("record: a session of a run that goes on ends where the snapshot was") {
  const auto model = random_model("mamba1");
  Engine first(opening(model), {});
  first.submit(command::Open{"it"});
  first.submit(command::FeedText{"once upon a time"});
  first.submit(command::SetSampling{{.temperature = 0.8, .seed = 11}});
  first.submit(command::Run{});
  REQUIRE(eventually([&] { return first.latest()->count() > 20; }));
  first.submit(command::Pause{});
  first.submit(command::Step{7});
  first.submit(command::TakeBack{3, true});
  first.submit(command::ZeroState{0});
  first.submit(command::Undo{});
  first.submit(command::Undo{});
  first.submit(command::Run{});
  first.submit(command::Seek{5, "a"});
  first.submit(command::ScaleState{-1, 0.5});
  REQUIRE(eventually([&] { return !first.latest()->edits->empty() && first.latest()->count() > (*first.latest()->edits)[0].position + 3; }));
  const auto snapshot = first.latest();
  REQUIRE(snapshot->state == EngineState::running);
  Session session = session_of(*snapshot, *first.opened());
  add_hashes(session, *snapshot, *first.opened());
  first.submit(command::Pause{});
  settle(first);
  CHECK(session.model_hash == content_hash(model->checkpoint));
  REQUIRE(session.expected.size() == 1);
  CHECK(session.expected[0].first == snapshot->count());
  CHECK(std::holds_alternative<command::Pause>(session.commands.back().command));

  Engine second(opening(model), {});
  second.replay(command::Open{"it", session.model_hash}, session.commands);
  settle(second);
  CHECK(second.latest()->count() == snapshot->count());
  CHECK(hash_at_end(second) == session.expected[0].second);
  CHECK(texts(second.latest()->record) == [&] {
    std::vector<std::string> all;
    for (const SessionCommand& each : session.commands) all.push_back(text(each.step, each.command));
    return all;
  }());
}

TEST_CASE("record: a pace counts nothing in a replay") {
  Engine engine(opening(random_model("mamba1")), {});
  engine.replay(command::Open{"it"}, {{0, command::FeedText{"abcdef"}}, {0, command::Run{0.001, 0}}, {5, command::Pause{}}});
  settle(engine);  // would take more than an hour
  CHECK(engine.latest()->count() == 5);
  CHECK(engine.latest()->state == EngineState::paused);
}

TEST_CASE("record: a replay ends at the first command that cannot be carried out, and says how far it came") {
  Engine engine(opening(random_model("mamba1")), {});
  engine.replay(command::Open{"it"}, {{0, command::FeedText{"abcdef"}}, {0, command::Step{3}}, {3, command::ZeroState{99}}, {3, command::Step{2}}});
  settle(engine);
  CHECK(engine.latest()->count() == 3);
  CHECK(engine.latest()->notices.back().text.find("up to command 2 of 4") != std::string::npos);
  engine.replay(command::Open{"it"}, {{0, command::FeedText{"abcdef"}}, {0, command::Step{3}}, {7, command::Step{2}}});
  settle(engine);
  CHECK(engine.latest()->count() == 3);
  CHECK(engine.latest()->notices.back().text.find("up to command 2 of 3") != std::string::npos);
}

TEST_CASE("record: a model that is not there or has another content replays nothing, and what is open stays") {
  const auto model = random_model("mamba1");
  Engine engine(opening(model), {});
  engine.submit(command::Open{"it"});
  engine.submit(command::FeedText{"abc"});
  settle(engine);
  const auto before = engine.opened();
  for (const command::Open& open : {command::Open{"elsewhere"}, command::Open{"it", "0123456789abcdef"}}) {
    engine.replay(open, {{0, command::FeedText{"xyz"}}, {0, command::ReadWaiting{}}});
    settle(engine);
    CHECK(engine.opened() == before);
    CHECK(engine.latest()->count() == 0);
    CHECK(engine.latest()->waiting.size() == 3);
    CHECK(engine.latest()->notices.back().is_error);
  }
  const std::string said = engine.latest()->notices.back().text;
  CHECK(said.find("0123456789abcdef") != std::string::npos);
  CHECK(said.find(content_hash(model->checkpoint)) != std::string::npos);
}

TEST_CASE("record: what is saved keeps the notes and the unknown fields of the file it came from") {
  const test::TemporaryFolder folder;
  const auto kept = parse_session(R"({"format": "statelab-session/1", "model": "old", "notes": "what we saw", "zoom": 1.50, "commands": [], "expected": [{"step": 9, "hash": "0"}]})", "");
  REQUIRE(kept);
  Engine engine(opening(random_model("mamba1")), {});
  engine.submit(command::Open{"it"});
  engine.submit(command::FeedText{"abc"});
  engine.submit(command::ReadWaiting{});
  settle(engine);
  Session session = session_of(*engine.latest(), *engine.opened(), *kept);
  add_hashes(session, *engine.latest(), *engine.opened());
  session.model = "it";
  REQUIRE(save_session(session, folder / "a.statelab.json"));
  const auto read = read_session(folder / "a.statelab.json");
  REQUIRE(read);
  CHECK(read->notes == "what we saw");
  CHECK(read->unknown_json == "\"zoom\": 1.50");
  CHECK(read->commands.size() == 2);
  REQUIRE(read->expected.size() == 1);
  CHECK(read->expected[0] == std::pair<std::int64_t, std::string>{3, hash_at_end(engine)});
}

TEST_CASE("record: a line for a shell holds the session up to a command") {
  const Session session{.model = "builtin:copy", .commands = {{0, command::FeedText{"it's"}}, {0, command::ReadWaiting{}}, {4, command::ZeroState{1}}}};
  const std::string line = run_line(session, 1);
  CHECK(line.starts_with("printf %s '{"));
  CHECK(line.find("it'\\''s") != std::string::npos);
  CHECK(line.find("read_waiting") != std::string::npos);
  CHECK(line.find("zero_state") == std::string::npos);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.ends_with("statelab run part.statelab.json"));
}

}  // namespace
}  // namespace lab::test
