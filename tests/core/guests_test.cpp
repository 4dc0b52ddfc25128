// Files beside the runs of a model: opened, followed, compared, kept in sessions, and refused without a trace of it.
#include <doctest/doctest.h>

#include <algorithm>

#include "app/core/comparison.h"
#include "app/core/engine.h"
#include "app/core/recorded_session.h"
#include "app/core/replay.h"
#include "deriver_support.h"
#include "model/files/file.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

const std::string kReference = source_path("tests/golden/mamba2/reference.safetensors");

/// Opens a random model of a family under any name that says one: "other mamba2".
LabOptions opening_others(std::int64_t vocabulary = 256) {
  LabOptions options;
  options.open = [vocabulary](const std::string& name, const OpeningSteps&) -> Result<std::shared_ptr<const OpenedModel>> {
    for (const char* family : {"mamba1", "mamba2"})
      if (name.ends_with(family)) return random_model(family, vocabulary);
    return Error{.code = Code::not_found, .file = name, .message = "there is nothing at this path"};
  };
  return options;
}

std::vector<std::int32_t> ids_of(const RowView<std::int32_t>& tokens) {
  std::vector<std::int32_t> ids;
  for (std::int64_t t = 0; t < tokens.count(); ++t) ids.push_back(tokens[t][0]);
  return ids;
}

std::vector<std::int32_t> ids_of_guest(Lab& lab, std::size_t guest = 0) { return ids_of(lab.snapshot()->guests.at(guest).run.tokens); }

std::shared_ptr<const Derived> compared(Lab& lab, ComparisonQuery query = {}) {
  const auto snapshot = lab.snapshot();
  const RunPair pair = runs_to_compare(*snapshot);
  REQUIRE(pair.a);
  query.a = pair.a->id, query.b = pair.b->id, query.whole = true;
  Deriver deriver({});
  const auto derived = deriver.derive(snapshot, lab.opened(), {.comparison = query, .compared_next = true});
  REQUIRE_MESSAGE(derived->comparison, derived->refusal);
  return derived;
}

/// Reads the tokens of the kept reference of a model.
void read_reference(Lab& lab) {
  const auto source = trace_source(kReference);
  REQUIRE(source);
  carry_out(lab, command::FeedTokens{*(*source)->side().tokens});
  carry_out(lab, command::ReadWaiting{});
}

TEST_CASE("guests: a recorded trace stands beside the run, as B or as A, and what both expect next is known") {
  const auto lab = open_golden("mamba2");
  read_reference(*lab);
  carry_out(*lab, command::CompareWith{kReference, "b"});
  const auto snapshot = lab->snapshot();
  REQUIRE(snapshot->guests.size() == 1);
  CHECK(snapshot->guests[0].run.id == kFirstGuest);
  CHECK(snapshot->guests[0].run.name == "reference.safetensors");
  CHECK(ids_of(snapshot->guests[0].run.tokens) == ids_of(snapshot->tokens));
  CHECK(snapshot->selection.compare == command::Compare{0, kFirstGuest, "position", 0});
  const auto found = compared(*lab, {.slab = true});
  CHECK(found->comparison->is_equal());
  CHECK_FALSE(found->comparison->table.tolerance.exact);
  CHECK(found->comparison->slab);
  CHECK(found->comparison->b.token_text(0) == found->comparison->a.token_text(0));
  REQUIRE(found->compared_next);
  REQUIRE((found->compared_next->a && found->compared_next->b));
  CHECK(found->compared_next->a->best[0].id == found->compared_next->b->best[0].id);
  carry_out(*lab, command::CompareWith{kReference, "a"});
  CHECK(lab->snapshot()->selection.compare == command::Compare{kFirstGuest - 1, 0, "position", 0});
  CHECK(compared(*lab)->compared_a == kFirstGuest - 1);
}

TEST_CASE("guests: a comparison with a recorded trace goes on with the run and is not begun anew") {
  const auto lab = open_golden("mamba2");
  read_reference(*lab);
  carry_out(*lab, command::TakeBack{3, true});
  carry_out(*lab, command::CompareWith{kReference, "b"});
  const auto source = [&](std::int64_t run) { return run_source(*lab->snapshot(), run, lab->opened(), {}).take(); };
  const auto comparison = Comparison::begin(source(0), source(kFirstGuest), {});
  REQUIRE(comparison);
  REQUIRE((*comparison)->finish());
  carry_out(*lab, command::ReadWaiting{});
  auto a = source(0), b = source(kFirstGuest);
  CHECK((*comparison)->follow(a, b));
  REQUIRE((*comparison)->finish());
  CHECK((*comparison)->view()->is_equal());
}

TEST_CASE("guests: another model reads what the run reads, and goes back with it") {
  FreshLab lab("mamba2", opening_others());
  carry_out(lab, command::FeedText{"what has been read before"});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::CompareWith{"other mamba2", "b"});
  CHECK(ids_of_guest(lab) == ids_of(lab.snapshot()->tokens));
  carry_out(lab, command::Step{70});
  CHECK(ids_of_guest(lab) == ids_of(lab.snapshot()->tokens));
  CHECK(compared(lab)->comparison->is_equal());
  carry_out(lab, command::TakeBack{40, false});
  CHECK(ids_of_guest(lab) == ids_of(lab.snapshot()->tokens));
  carry_out(lab, command::Undo{});
  CHECK(ids_of_guest(lab).size() == 95);
  for (const Command& command : {Command(command::TakeBack{10, false}), Command(command::FeedText{"quite another end"}), Command(command::ReadWaiting{})}) REQUIRE(lab.apply(command).applied);
  lab.finish_work();  // of ten tokens others were read before it could take them back
  CHECK(ids_of_guest(lab).size() == 102);
  CHECK(ids_of_guest(lab) == ids_of(lab.snapshot()->tokens));
  carry_out(lab, command::TakeBack{7, false});
  carry_out(lab, command::Fork{10, "", false});  // it stays with the run that it began with
  carry_out(lab, command::FeedText{"another text"});
  carry_out(lab, command::ReadWaiting{});
  CHECK(ids_of_guest(lab).size() == 95);
  CHECK(ids_of_guest(lab) == ids_of(lab.snapshot()->runs[0].tokens));
  carry_out(lab, command::SwitchRun{0});
  carry_out(lab, command::Reset{});
  CHECK(ids_of_guest(lab).empty());
  carry_out(lab, command::Undo{});
  CHECK(compared(lab)->comparison->is_equal());
}

TEST_CASE("guests: one that nobody asked while others were read in the place of its tokens finds them") {
  FreshLab lab("mamba2", opening_others());
  carry_out(lab, command::FeedText{"what has been read before"});
  carry_out(lab, command::ReadWaiting{});
  for (const char* file : {"other mamba2", "a mamba1"}) carry_out(lab, command::CompareWith{file, "b"});
  lab.finish_work();
  // The first one lags from the first command on, so that the second is asked when both runs are as long as before.
  for (const Command& command : {Command(command::TakeBack{6, false}), Command(command::FeedText{"later!"}), Command(command::ReadWaiting{})}) REQUIRE(lab.apply(command).applied);
  lab.finish_work();
  for (const std::size_t guest : {0u, 1u}) CHECK(ids_of_guest(lab, guest) == ids_of(lab.snapshot()->tokens));
}

TEST_CASE("guests: what another model makes of the tokens is what it makes of them alone") {
  FreshLab lab("mamba2", opening_others());
  carry_out(lab, command::CompareWith{"a mamba1", "b"});
  carry_out(lab, command::FeedText{"the same for both of them"});
  carry_out(lab, command::ReadWaiting{});
  carry_out(lab, command::ZeroState{1});  // of the run, not of the guest
  carry_out(lab, command::Step{5});
  FreshLab alone("mamba1");
  carry_out(alone, command::FeedTokens{ids_of(lab.snapshot()->tokens)});
  carry_out(alone, command::ReadWaiting{});
  const auto guest = lab.snapshot();
  auto a = run_source(*guest, kFirstGuest, lab.opened(), {}), b = run_source(*alone.snapshot(), 0, alone.opened(), {});
  REQUIRE((a && b));
  const auto comparison = Comparison::begin(a.take(), b.take(), {.tolerance = DifferenceTolerance{}});
  REQUIRE(comparison);
  REQUIRE((*comparison)->finish());
  CHECK((*comparison)->view()->is_equal());
  CHECK((*comparison)->view()->left_out.empty());
}

TEST_CASE("guests: a model that lacks a token stops there and says so, and the run goes on") {
  FreshLab lab("mamba2", opening_others(64));
  carry_out(lab, command::CompareWith{"small mamba2", "b"});
  carry_out(lab, command::FeedTokens{{1, 2, 63, 64, 5}});
  carry_out(lab, command::ReadWaiting{});
  CHECK(lab.snapshot()->count() == 5);
  CHECK(ids_of_guest(lab) == std::vector<std::int32_t>{1, 2, 63});
  const Notice said = lab.snapshot()->notices.back();
  CHECK_FALSE(said.is_error);
  CHECK(said.text.find("small mamba2 reads no further") == 0);
  CHECK(said.text.find("token 3") != std::string::npos);
  CHECK_FALSE(lab.has_work());
}

TEST_CASE("guests: a model of another vocabulary expects tokens of its own, which have no rank among those of the run") {
  FreshLab lab("mamba2", opening_others(300));
  carry_out(lab, command::CompareWith{"larger mamba2", "b"});
  carry_out(lab, command::FeedTokens{{1, 2, 3}});
  carry_out(lab, command::ReadWaiting{});
  const auto found = compared(lab);
  CHECK(found->comparison->table.find("L0.mix.h") >= 0);
  CHECK(found->comparison->table.find("logits") == -1);
  const ComparedNext& next = *found->compared_next;
  REQUIRE((next.a && next.b));
  CHECK((next.a_in_b.empty() && next.b_in_a.empty()));
  FreshLab alone("mamba2");
  alone.put(random_model("mamba2", 300));
  carry_out(alone, command::FeedTokens{{1, 2, 3}});
  carry_out(alone, command::ReadWaiting{});
  const auto logits = alone.snapshot()->last_logits;
  CHECK(next.b->best[0].id == std::max_element(logits.begin(), logits.end()) - logits.begin());
}

TEST_CASE("guests: a session is replayed to its end beside the run, without what it compares itself") {
  const TemporaryFolder folder;
  FreshLab made("mamba2", opening_others());
  Session session{.model = "mamba2"};
  session.commands = {{0, command::FeedText{"told to both"}}, {0, command::ReadWaiting{}}, {12, command::CompareWith{"nowhere", "b"}},
                      {12, command::Fork{6, "left", false}}, {6, command::Compare{1, -2, "position", 0}}, {6, command::ScaleState{0, 0.5}},
                      {6, command::Step{4}}};
  std::filesystem::create_directories(folder.path / "mamba2");
  REQUIRE(write_file_atomically(folder / "mamba2/config.json", "{}"));
  REQUIRE(write_file_atomically(folder / "study.statelab.json", json_of(session)));
  const std::string before = fingerprint(made);
  carry_out(made, command::CompareWith{folder / "study.statelab.json", "b"});
  const auto snapshot = made.snapshot();
  REQUIRE(snapshot->guests.size() == 1);
  const RunFacts& guest = snapshot->guests[0].run;
  CHECK(guest.name == "study · left");
  CHECK(guest.tokens.count() == 10);
  CHECK(guest.edits->size() == 1);
  CHECK(guest.parent == -1);
  CHECK(fingerprint(made) == before);
}

TEST_CASE("guests: a refused file leaves everything as it was, and the refusal names it") {
  CHECK(refusal_of(*std::make_unique<Lab>(LabOptions{}), command::CompareWith{kReference, "b"}).field == "model");
  const TemporaryFolder folder;
  const auto lab = open_golden("mamba2");
  read_reference(*lab);
  carry_out(*lab, command::Fork{4, "left", false});
  carry_out(*lab, command::Compare{1, 0, "token", 0});
  const std::string before = fingerprint(*lab);
  const auto refused = [&](const command::CompareWith& command) {
    const Error error = refusal_of(*lab, command);
    const auto snapshot = lab->snapshot();
    CHECK(snapshot->guests.empty());
    CHECK(snapshot->selection.compare == command::Compare{1, 0, "token", 0});
    CHECK(snapshot->notices.back().error->text() == error.text());
    return error;
  };
  CHECK(refused({kReference, "c"}).field == "side");
  CHECK(refused({folder / "nothing.safetensors", "b"}).text().find("nothing.safetensors") != std::string::npos);
  CHECK(refused({folder / "nothing.statelab.json", "b"}).file == folder / "nothing.statelab.json");
  REQUIRE(write_file_atomically(folder / "broken.statelab.json", "{\"format\": \"statelab-session/1\", \"model\": \"builtin:prose\""));
  CHECK(refused({folder / "broken.statelab.json", "b"}).file == folder / "broken.statelab.json");
  const Error shapes = refused({source_path("tests/golden/mamba1/reference.safetensors"), "b"});
  CHECK((shapes.code == Code::mismatch && shapes.field == "points"));
  CHECK(shapes.file == source_path("tests/golden/mamba1/reference.safetensors"));
  CHECK(fingerprint(*lab) == before);
  CHECK(refusal_of(*lab, command::Compare{0, kFirstGuest, "position", 0}).field == "b");
  CHECK(refusal_of(*lab, command::CloseCompared{kFirstGuest}).found == "-2");
}

TEST_CASE("guests: five files at most; one that is closed makes room, and the others keep their numbers") {
  const auto lab = open_golden("mamba2");
  read_reference(*lab);
  for (std::size_t i = 0; i < kMostGuests; ++i) carry_out(*lab, command::CompareWith{kReference, "b"});
  CHECK(refusal_of(*lab, command::CompareWith{kReference, "b"}).code == Code::too_large);
  carry_out(*lab, command::Compare{-4, -3, "position", 0});
  CHECK(compared(*lab)->comparison->is_equal());
  carry_out(*lab, command::CloseCompared{-3});
  CHECK(lab->snapshot()->selection.compare == command::Compare{-4, -1, "position", 0});
  CHECK(lab->snapshot()->find_guest(-3) == nullptr);
  CHECK(lab->snapshot()->find_guest(-4) != nullptr);
  carry_out(*lab, command::CompareWith{kReference, "b"});
  CHECK(lab->snapshot()->guests.back().run.id == -7);
  carry_out(*lab, command::Open{source_path("tests/golden/mamba2")});
  CHECK(lab->snapshot()->guests.empty());
}

TEST_CASE("guests: opening one can be stopped, and what a model has not read yet can wait") {
  std::atomic<bool> stop = false;
  LabOptions options = opening_others();
  options.stop = &stop;
  const auto open = options.open;
  bool stops = true;
  options.open = [&](const std::string& name, const OpeningSteps& steps) {
    stop = stops;
    return open(name, steps);
  };
  FreshLab lab("mamba2", options);
  carry_out(lab, command::FeedText{std::string(200, 'x')});
  carry_out(lab, command::ReadWaiting{});
  CHECK(refusal_of(lab, command::CompareWith{"other mamba2", "b"}).code == Code::cancelled);
  CHECK(lab.snapshot()->guests.empty());
  stop = stops = false;
  REQUIRE(lab.apply(command::CompareWith{"other mamba2", "b"}).applied);
  REQUIRE(lab.has_work());
  REQUIRE(lab.work());
  const std::size_t read = ids_of_guest(lab).size();
  CHECK((read > 0 && read < 200));
  CHECK(lab.snapshot()->working_on == "other mamba2 reads " + std::to_string(200 - read) + " tokens");
  REQUIRE(lab.apply(command::Pause{}).applied);
  CHECK_FALSE(lab.has_work());
  REQUIRE(lab.apply(command::FeedTokens{{1}}).applied);
  CHECK(lab.has_work());
  stop = true;
  lab.work();
  CHECK_FALSE(lab.has_work());  // told to stop, it rests
  stop = false;
  CHECK(ids_of_guest(lab).size() == read);
  carry_out(lab, command::Step{1});
  CHECK(ids_of_guest(lab).size() == 201);
}

TEST_CASE("guests: a session keeps the files that it compares by their way from its folder, and replays them") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path / "traces");
  std::filesystem::copy_file(kReference, folder.path / "traces/r.safetensors");
  const auto lab = open_golden("mamba2");
  read_reference(*lab);
  carry_out(*lab, command::CompareWith{folder / "traces/r.safetensors", "a"});
  carry_out(*lab, command::Step{2});
  std::filesystem::create_directories(folder.path / "studies");
  const std::string path = folder / "studies/a.statelab.json";
  REQUIRE(save_session(session_of(*lab->snapshot(), *lab->opened()), path));
  const auto text = read_file(path, 1 << 20);
  REQUIRE(text);
  CHECK(text->find(R"("command":"compare_with","file":"../traces/r.safetensors","side":"a")") != std::string::npos);
  CHECK(text->find(folder.path.string()) == std::string::npos);
  const auto read = read_session(path);
  REQUIRE(read);
  const auto again = open_golden("mamba2");
  REQUIRE(replay(read->commands, *again, {}, nullptr));
  REQUIRE(again->snapshot()->guests.size() == 1);
  CHECK(again->snapshot()->guests[0].file == folder / "traces/r.safetensors");
  CHECK(again->snapshot()->selection.compare == lab->snapshot()->selection.compare);
  CHECK(compared(*again)->comparison->first_difference().point == compared(*lab)->comparison->first_difference().point);
}

TEST_CASE("guests: in the window a session whose compared file is gone is replayed all the same, and that is said") {
  Engine engine({}, [] {});
  engine.replay(command::Open{source_path("tests/golden/mamba2")}, {{0, command::FeedTokens{{1, 2, 3}}}, {0, command::ReadWaiting{}},
                                                                    {3, command::CompareWith{"/nowhere/r.safetensors", "b"}}, {3, command::ZeroState{0}}});
  REQUIRE(eventually([&] { return engine.idle(); }));
  const auto snapshot = engine.latest();
  CHECK(snapshot->count() == 3);
  CHECK(snapshot->edits->size() == 1);
  CHECK(snapshot->guests.empty());
  CHECK(snapshot->notices.back().text.find("/nowhere/r.safetensors") != std::string::npos);
}

}  // namespace
}  // namespace lab::test
