// The engine on its thread: nothing that a model does may hold up whoever submits commands and looks.
#include <algorithm>
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>

#include "app/core/engine.h"
#include "support.h"

namespace lab::test {
namespace {

void begin(Engine& engine, const std::string& text) {
  engine.submit(command::Open{"it"});
  engine.submit(command::FeedText{text});
  settle(engine);
  REQUIRE(engine.latest()->model);
}

TEST_CASE("engine: commands are applied in order, each after the work of those before") {
  Engine engine(opening(random_model("mamba1")), {});
  FreshLab lab("mamba1");
  const std::vector<Command> commands{
      command::FeedText{"hello there"}, command::Step{3},  command::ZeroState{1}, command::ReadWaiting{},
      command::ScaleState{-1, 0.5},     command::Step{20}, command::TakeBack{2}};
  engine.submit(command::Open{"it"});
  for (const Command& command : commands) engine.submit(command);
  for (const Command& command : commands) carry_out(lab, command);
  settle(engine);
  const auto seen = engine.latest(), expected = lab.snapshot();
  REQUIRE(seen->count() == expected->count());
  for (std::int64_t t = 0; t < seen->count(); ++t) CHECK(seen->tokens[t][0] == expected->tokens[t][0]);
  CHECK(seen->last_logits == expected->last_logits);
  CHECK(seen->undo.size() == expected->undo.size());
  CHECK(seen->state == EngineState::paused);
}

TEST_CASE("engine: idle means that the latest snapshot shows everything") {
  Engine engine(opening(random_model("mamba1")), {});
  begin(engine, "abc");
  for (int i = 1; i <= 50; ++i) {
    engine.submit(command::Step{1});
    settle(engine);
    CHECK(engine.latest()->count() == i);
  }
}

TEST_CASE("engine: every snapshot is announced, numbers grow") {
  std::atomic<int> announced = 0;
  Engine engine(opening(random_model("mamba1")), [&] { ++announced; });
  const std::uint64_t first = engine.latest()->number;
  begin(engine, "abc");
  CHECK(announced > 0);
  CHECK(engine.latest()->number > first);
}

TEST_CASE("engine: a slow step holds up neither commands nor looking") {
  Gate gate;
  Engine engine(opening(disturbed(random_model("mamba1"), [&](Context<float>&) { gate.pass(); })), {});
  begin(engine, "abc");
  engine.submit(command::Step{1});
  REQUIRE(eventually([&] { return gate.waiting() == 1; }));
  for (int i = 0; i < 100; ++i) engine.submit(command::Select{0, i % 64, 0});
  CHECK(engine.latest()->count() == 0);
  CHECK_FALSE(engine.idle());
  gate.open();
  settle(engine);
  CHECK(engine.latest()->count() == 1);
  CHECK(engine.latest()->selection.channel == 99 % 64);
}

TEST_CASE("engine: closing does not wait for a step that does not end") {
  auto gate = std::make_shared<Gate>();
  auto called_after = std::make_shared<std::atomic<bool>>(false);
  auto closed = std::make_shared<std::atomic<bool>>(false);
  auto left = std::make_shared<std::atomic<bool>>(false);
  {
    Engine engine(opening(disturbed(random_model("mamba1"),
                                    [gate, left](Context<float>&) {
                                      gate->pass();
                                      *left = true;
                                    })),
                  [closed, called_after] { *called_after = closed->load(); });
    begin(engine, "abc");
    engine.submit(command::Step{1});
    REQUIRE(eventually([&] { return gate->waiting() == 1; }));
  }  // returns though the gate is closed
  *closed = true;
  CHECK_FALSE(left->load());
  gate->open();
  REQUIRE(eventually([&] { return left->load(); }));
  CHECK_FALSE(called_after->load());
}

TEST_CASE("engine: closing stops a long run at the next layer") {
  Engine engine(opening(random_model("mamba1")), {});
  begin(engine, "abc");
  engine.submit(command::Run{});
  REQUIRE(eventually([&] { return engine.latest()->count() > 100; }));
}

TEST_CASE("engine: an interrupted step is not read, and what follows is not interrupted") {
  std::atomic<bool> slow = true;
  std::atomic<int> entered = 0;
  Engine engine(opening(disturbed(random_model("mamba1"),
                                  [&](Context<float>& context) {
                                    ++entered;
                                    while (slow && !context.cancelled()) std::this_thread::yield();
                                  })),
                {});
  begin(engine, "abcdef");
  engine.submit(command::Step{5});
  REQUIRE(eventually([&] { return entered > 0; }));
  engine.interrupt();
  slow = false;
  engine.submit(command::Step{2});
  settle(engine);
  const auto snapshot = engine.latest();
  CHECK(snapshot->count() == 2);
  CHECK(snapshot->state == EngineState::paused);
  REQUIRE_FALSE(snapshot->notices.empty());
  CHECK(snapshot->notices.back().text.find("stopped") != std::string::npos);
  CHECK_FALSE(snapshot->notices.back().is_error);
}

TEST_CASE("engine: a step that throws is told, and the run goes on after") {
  std::atomic<bool> broken = true;
  Engine engine(opening(disturbed(random_model("mamba2"),
                                  [&](Context<float>&) {
                                    if (broken) throw std::runtime_error("a cable has come loose");
                                  })),
                {});
  begin(engine, "abcdef");
  engine.submit(command::Step{2});
  settle(engine);
  CHECK(engine.latest()->state == EngineState::faulted);
  CHECK(engine.latest()->fault == "a cable has come loose");
  CHECK(engine.latest()->count() == 0);
  broken = false;
  engine.submit(command::Step{2});
  settle(engine);
  CHECK(engine.latest()->state == EngineState::paused);
  CHECK(engine.latest()->count() == 2);
}

TEST_CASE("engine: a refused model keeps everything and is told once") {
  Engine engine(opening(random_model("mamba1")), {});
  begin(engine, "abc");
  engine.submit(command::Step{3});
  engine.submit(command::Open{"something else"});
  settle(engine);
  const auto snapshot = engine.latest();
  CHECK(snapshot->count() == 3);
  CHECK(snapshot->state == EngineState::paused);
  REQUIRE(snapshot->notices.size() == 1);
  CHECK(snapshot->notices[0].is_error);
  CHECK(engine.opened() != nullptr);
}

TEST_CASE("engine: while a model is being opened the state says so") {
  Gate gate;
  std::atomic<bool> opening_now = false;
  LabOptions options = opening(random_model("mamba1"));
  options.open = [&, inner = options.open](const std::string& name, const OpeningSteps& steps) {
    opening_now = true;
    gate.pass();
    return inner(name, steps);
  };
  Engine engine(std::move(options), {});
  engine.submit(command::Open{"it"});
  REQUIRE(eventually([&] { return opening_now.load(); }));
  CHECK(engine.latest()->state == EngineState::loading);
  CHECK(engine.latest()->working_on == "open it");
  gate.open();
  settle(engine);
  CHECK(engine.latest()->state == EngineState::paused);
}

TEST_CASE("engine: what opening a model does is told step by step") {
  std::vector<std::string> told;
  Gate gate;
  LabOptions options;
  options.open = [&](const std::string& name, const OpeningSteps& steps) {
    return open_model(name, [&](const char* doing, double progress) {
      gate.pass();
      told.emplace_back(doing);
      return steps(doing, progress);
    });
  };
  Engine engine(std::move(options), {});
  engine.submit(command::Open{source_path("assets/models/flipflop")});
  gate.open();
  settle(engine);
  REQUIRE(engine.opened() != nullptr);
  CHECK(told == std::vector<std::string>{"reading headers", "mapping weights", "reading the tokenizer", "starting a run"});
  CHECK(engine.latest()->state == EngineState::paused);
}

TEST_CASE("engine: a model whose opening was cancelled is dropped, what was open stays") {
  Gate gate;
  std::atomic<bool> holds = false, holding = false;
  LabOptions options;
  options.open = [&](const std::string& name, const OpeningSteps& steps) {
    return open_model(name, [&](const char* doing, double progress) {
      if (holds) holding = true, gate.pass();
      return steps(doing, progress);
    });
  };
  Engine engine(std::move(options), {});
  engine.submit(command::Open{source_path("assets/models/flipflop")});
  settle(engine);
  const auto before = engine.opened();
  REQUIRE(before != nullptr);
  holds = true;
  engine.submit(command::Open{source_path("assets/models/copy")});
  engine.submit(command::Open{source_path("assets/models/copy")});
  REQUIRE(eventually([&] { return holding.load(); }));
  engine.interrupt();
  holds = false;
  gate.open();
  settle(engine);
  CHECK(engine.opened() == before);
  CHECK(engine.latest()->state == EngineState::paused);
  REQUIRE_FALSE(engine.latest()->notices.empty());
  CHECK(engine.latest()->notices.back().text.find("cancelled") != std::string::npos);
  engine.submit(command::Open{source_path("assets/models/copy")});
  settle(engine);
  CHECK(engine.opened() != before);
}

TEST_CASE("engine: a paced run waits between its tokens, commands do not hurry it") {
  Engine engine(opening(random_model("mamba1")), {});
  begin(engine, "abcdef");
  engine.submit(command::Run{0.001, 0});
  REQUIRE(eventually([&] { return engine.latest()->count() == 1; }));
  for (int i = 0; i < 20; ++i) engine.submit(command::Select{0, i, 0});
  REQUIRE(eventually([&] { return engine.latest()->selection.channel == 19; }));
  CHECK(engine.latest()->count() == 1);
  CHECK(engine.latest()->state == EngineState::running);
  CHECK(engine.latest()->rate == 0.001);
  engine.submit(command::Pause{});
  settle(engine);
  CHECK(engine.latest()->state == EngineState::paused);
  CHECK(engine.latest()->count() == 1);
}

TEST_CASE("engine: edits reach a run that goes on") {
  Engine engine(opening(random_model("mamba1")), {});
  begin(engine, "abcdef");
  engine.submit(command::Run{});
  REQUIRE(eventually([&] { return engine.latest()->count() > 20; }));
  engine.submit(command::ZeroState{0});
  REQUIRE(eventually([&] { return !engine.latest()->edits->empty(); }));
  const std::int64_t position = (*engine.latest()->edits)[0].position;
  REQUIRE(eventually([&] { return engine.latest()->count() > position; }));
  engine.submit(command::Pause{});
  settle(engine);
}

TEST_CASE("engine: looks and Pause go past commands that wait for reading to end") {
  Gate gate;
  Engine engine(opening(disturbed(random_model("mamba1"),
                                  [&, calls = 0](Context<float>&) mutable {
                                    if (++calls == 2) gate.pass();
                                  })),
                {});
  begin(engine, std::string(300, 'a'));
  engine.submit(command::ReadWaiting{});
  REQUIRE(eventually([&] { return gate.waiting() == 1; }));
  engine.submit(command::ZeroState{0});
  engine.submit(command::Select{2, 1, 1});
  engine.submit(command::Pause{});
  gate.open();
  settle(engine);
  const auto snapshot = engine.latest();
  CHECK(snapshot->count() < 300);
  CHECK(snapshot->selection.layer == 2);
  REQUIRE(snapshot->edits->size() == 1);
  CHECK((*snapshot->edits)[0].position == snapshot->count());
}

TEST_CASE("engine: the model's hash comes later, computed aside") {
  const auto model = random_model("mamba1");
  Engine engine(opening(model), {});
  begin(engine, "abc");
  REQUIRE(eventually([&] { return !engine.latest()->model->hash.empty(); }));
  CHECK(engine.latest()->model->hash == content_hash(model->checkpoint));
}

TEST_CASE("engine: a session's model whose content differs is refused with both hashes") {
  const auto model = random_model("mamba1");
  Engine engine(opening(model), {});
  engine.submit(command::Open{"it", "another"});
  settle(engine);
  CHECK(engine.opened() == nullptr);
  REQUIRE(engine.latest()->notices.size() == 1);
  const Notice refused = engine.latest()->notices[0];
  CHECK(refused.is_error);
  CHECK(refused.text.find("another") != std::string::npos);
  CHECK(refused.text.find(content_hash(model->checkpoint)) != std::string::npos);
  engine.submit(command::Open{"it", content_hash(model->checkpoint)});
  settle(engine);
  REQUIRE(engine.latest()->model);
  CHECK(engine.latest()->model->hash == content_hash(model->checkpoint));
}

TEST_CASE("engine: weights that disagree with the checksums of their file are said once they have been read") {
  auto model = std::make_shared<OpenedModel>(*random_model("mamba1"));
  auto tensors = std::make_shared<TensorTable>(*model->checkpoint.tensors);
  for (const char* field : {"archive/data/3", "archive/data/7"})
    tensors->add_check([field]() -> Status { return Error{.code = Code::mismatch, .field = field, .message = "the content is damaged"}; });
  model->checkpoint.tensors = tensors;
  Engine engine(opening(model), {});
  engine.submit(command::Open{"it"});
  REQUIRE(eventually([&] { return engine.latest()->notices.size() == 2; }));
  const auto seen = engine.latest();
  CHECK(seen->notices[0].is_error);
  CHECK(seen->notices[0].text.find("archive/data/3") != std::string::npos);
  CHECK(seen->notices[1].text.find("archive/data/7") != std::string::npos);
  CHECK_FALSE(seen->model->hash.empty());  // the model stays open, as it is
}

TEST_CASE("engine: notes of the front end appear as notices") {
  Engine engine({}, {});
  engine.note(false, "exported norms.pdf");
  engine.note(true, "the disk is full");
  settle(engine);
  REQUIRE(engine.latest()->notices.size() == 2);
  CHECK(engine.latest()->notices[0].text == "exported norms.pdf");
  CHECK(engine.latest()->notices[1].is_error);
  CHECK(engine.latest()->notices[1].number == engine.latest()->notices[0].number + 1);
}

TEST_CASE("engine: a figure is asked for with the run as it was when its turn came, once, and by nobody but a person") {
  Engine engine(opening(random_model("mamba1")), {});
  begin(engine, "abcdef");
  engine.submit(command::ReadWaiting{});
  engine.submit(command::ZeroState{1});
  engine.submit(command::Seek{2, "a"});
  engine.submit(command::ExportFigure{"norms", "/home/me/norms.pdf", 4, 3});
  engine.submit(command::Step{3});
  settle(engine);
  const std::vector<AskedFigure> asked = engine.take_figures();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].figure.file == "/home/me/norms.pdf");
  CHECK(asked[0].opened == engine.opened());
  CHECK(engine.take_figures().empty());
  std::vector<SessionCommand> done = commands_of(engine.latest()->record);
  const auto noted = std::ranges::find_if(done, [](const SessionCommand& each) { return std::holds_alternative<command::ExportFigure>(each.command); });
  REQUIRE(noted != done.end());
  CHECK(noted->step == asked[0].snapshot->count());
  CHECK(std::get<command::ExportFigure>(noted->command).file == "norms.pdf");
  engine.replay(command::Open{"it"}, done);
  settle(engine);
  CHECK(engine.take_figures().empty());
  CHECK(commands_of(engine.latest()->record).size() == done.size());  // it stays in the session
}

TEST_CASE("engine: a published snapshot is never modified") {
  Engine engine(opening(random_model("mamba1")), {});
  begin(engine, std::string(150, 'z'));
  std::vector<std::pair<std::shared_ptr<const Snapshot>, std::string>> kept;
  const auto keep = [&] {
    const auto snapshot = engine.latest();
    if (kept.empty() || kept.back().first != snapshot) kept.emplace_back(snapshot, digest(*snapshot));
  };
  engine.submit(command::Run{});
  REQUIRE(eventually([&] { return keep(), engine.latest()->count() > 400; }));
  engine.submit(command::ScaleState{-1, 0.5});
  engine.submit(command::TakeBack{150, true});
  REQUIRE(eventually([&] { return keep(), engine.idle(); }));
  engine.submit(command::Step{200});
  engine.submit(command::Undo{});
  REQUIRE(eventually([&] { return keep(), engine.idle(); }));
  keep();
  CHECK(kept.size() > 3);
  for (const auto& [snapshot, before] : kept) CHECK(digest(*snapshot) == before);
}

}  // namespace
}  // namespace lab::test
