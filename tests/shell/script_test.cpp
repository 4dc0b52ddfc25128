#include "app/shell/script.h"
#include "app/shell/study_pictures.h"

#include <doctest/doctest.h>

#include "app/core/file_check.h"
#include "model/files/file.h"
#include "model/files/safetensors.h"
#include "model/state_file.h"
#include "tests/temporary_folder.h"

using namespace lab;

namespace {

std::vector<std::string> json_of_all(const std::vector<Command>& commands) {
  std::vector<std::string> all;
  for (const Command& command : commands) all.push_back(json_of(command));
  return all;
}

}  // namespace

TEST_CASE("script: a run without an end goes to where the next command was given") {
  Session session;
  session.commands = {{0, command::FeedText{"a"}}, {0, command::Run{8, 0}}, {5, command::Pause{}}, {5, command::Run{8, 0}}};
  const std::vector<std::string> expected{json_of(command::FeedText{"a"}), json_of(command::Run{8, 5}), json_of(command::Pause{})};
  CHECK(json_of_all(commands_of(session)) == expected);
}

TEST_CASE("script: a run without an end goes on through looks") {
  Session session;
  session.commands = {{0, command::Run{8, 0}}, {3, command::Seek{1, "a"}}, {5, command::Pause{}}};
  const std::vector<std::string> expected{json_of(command::Run{8, 5}), json_of(command::Seek{1, "a"}), json_of(command::Pause{})};
  CHECK(json_of_all(commands_of(session)) == expected);
}

TEST_CASE("script: a session is replayed as it is but for a run that would not end, what it says is kept, and figures that are not written are told") {
  const test::TemporaryFolder folder;
  Session session{.model = "builtin:prose", .model_hash = "00", .notes = "n", .unknown_json = "\"zoom\": 2"};
  session.commands = {{0, command::FeedText{"a"}}, {0, command::ExportFigure{"norms", "norms.pdf", 5, 3}}, {0, command::Run{8, 0}}, {1, command::Pause{}}, {1, command::Run{8, 0}}, {4, command::Seek{0, "a"}}};
  REQUIRE(write_file_atomically(folder / "study.statelab.json", json_of(session)));
  const auto plan = plan_to_open(folder / "study.statelab.json", {});
  REQUIRE(plan);
  CHECK(plan->is_session);
  REQUIRE(plan->commands.size() == 1);
  CHECK(std::get<command::Open>(plan->commands[0]).model == "builtin:prose");
  CHECK(std::get<command::Open>(plan->commands[0]).expected_hash == "00");
  CHECK(plan->session.notes == "n");
  CHECK(plan->session.unknown_json == "\"zoom\": 2");
  std::vector<std::string> replayed;
  for (const SessionCommand& each : plan->replayed) replayed.push_back(std::to_string(each.step) + json_of(each.command));
  CHECK(plan->remark == "1 figure that the session exports is not written here: `statelab run study.statelab.json -o FOLDER` writes it");
  CHECK(replayed == std::vector{"0" + json_of(command::FeedText{"a"}), "0" + json_of(command::ExportFigure{"norms", "norms.pdf", 5, 3}), "0" + json_of(command::Run{8, 0}), "1" + json_of(command::Pause{}),
                                 "1" + json_of(command::Run{8, 4}), "4" + json_of(command::Seek{0, "a"})});
}

TEST_CASE("script: a session's model is found where it was opened before") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path / "far/tiny");
  REQUIRE(write_file_atomically(folder / "far/tiny/config.json", "{}"));
  REQUIRE(write_file_atomically(folder / "a.statelab.json", json_of(Session{.model = "tiny"})));
  CHECK_FALSE(plan_to_open(folder / "a.statelab.json", {}));
  for (const char* opened : {"far/tiny", "far/tiny/", "far/tiny/config.json"}) {
    const auto plan = plan_to_open(folder / "a.statelab.json", {"builtin:prose", folder / opened});
    REQUIRE(plan);
    CHECK(std::filesystem::equivalent(std::get<command::Open>(plan->commands[0]).model, folder / "far/tiny"));
  }
}

TEST_CASE("script: a session played in the window writes no files") {
  Session session;
  session.commands = {{0, command::ExportFigure{"norms", "norms.pdf", 5, 3}}, {0, command::Step{2}}};
  CHECK(json_of_all(commands_of(session)) == std::vector<std::string>{json_of(command::Step{2})});
}

TEST_CASE("script: a session file opens its model first, a json file of a model folder is the model") {
  const test::TemporaryFolder folder;
  Session session;
  session.model = "builtin:prose";
  session.commands = {{0, command::FeedText{"a"}}};
  REQUIRE(write_file_atomically(folder / "study.json", json_of(session)));
  const auto played = commands_to_open(folder / "study.json");
  REQUIRE(played);
  CHECK(json_of_all(*played) == std::vector<std::string>{json_of(command::Open{"builtin:prose"}), json_of(command::FeedText{"a"})});

  REQUIRE(write_file_atomically(folder / "config.json", "{}"));
  const auto opened = commands_to_open(folder / "study.json");
  REQUIRE(opened);
  CHECK(json_of_all(*opened) == std::vector<std::string>{json_of(command::Open{folder / "study.json"})});
}

TEST_CASE("script: a .statelab.json file is a session also in a model folder, an index of weights never is one") {
  const test::TemporaryFolder folder;
  CHECK(is_session(folder / "other.json"));
  CHECK_FALSE(is_session(folder / "model.safetensors.index.json"));
  CHECK_FALSE(is_session(folder / "params.json"));
  REQUIRE(write_file_atomically(folder / "config.json", "{}"));
  CHECK_FALSE(is_session(folder / "other.json"));
  CHECK(is_session(folder / "study.statelab.json"));
}

TEST_CASE("script: a patch of the state is applied to the run that is there") {
  const test::TemporaryFolder folder;
  REQUIRE(write_file_atomically(folder / "a.patch.json", R"({"format": "statelab-patch/1", "title": "half", "edits": [{"operation": "scale", "value": 0.5}]})"));
  const auto applied = commands_to_open(folder / "a.patch.json");
  REQUIRE(applied);
  CHECK(json_of_all(*applied) == std::vector<std::string>{json_of(command::ApplyPatch{"half", {{.operation = "scale", .value = 0.5}}})});
  REQUIRE(write_file_atomically(folder / "a.patch.json", R"({"format": "statelab-patch/1", "edits": [{"scale": 2}]})"));
  CHECK(commands_to_open(folder / "a.patch.json").error().field == "edits[0].scale");
}

TEST_CASE("script: rules take the place of those that hold in the run that is there") {
  const test::TemporaryFolder folder;
  REQUIRE(write_file_atomically(folder / "a.rules.json", R"({"format": "statelab-rules/1", "interventions": [{"operation": "scale", "layers": "1", "value": 0.5}]})"));
  const auto used = commands_to_open(folder / "a.rules.json");
  REQUIRE(used);
  CHECK(json_of_all(*used) == std::vector<std::string>{json_of(command::UseInterventions{{{.operation = "scale", .layers = "1", .value = 0.5}}})});
  CHECK(is_for_run(folder / "a.rules.json"));
  REQUIRE(write_file_atomically(folder / "a.rules.json", R"({"format": "statelab-rules/1", "interventions": [{"layer": 1}]})"));
  CHECK(commands_to_open(folder / "a.rules.json").error().field == "interventions[0].layer");
  CHECK(plan_to_open(folder / "a.rules.json", {}).error().file == folder / "a.rules.json");
}

TEST_CASE("script: a saved state starts the run that is there anew; weights and traces are none") {
  const test::TemporaryFolder folder;
  const auto schema = std::make_shared<const StateSchema>("tiny", std::vector<LayerSchema>{{.kind = "tiny", .tensors = {{.name = "ssm_state", .layout = Layout::tiles, .shape = {3, 2}}}}});
  REQUIRE(save_state(folder / "kept.safetensors", State(schema), ""));
  const auto started = commands_to_open(folder / "kept.safetensors");
  REQUIRE(started);
  CHECK(json_of_all(*started) == std::vector<std::string>{json_of(command::Reset{folder / "kept.safetensors"})});
  CHECK(is_for_run(folder / "kept.safetensors"));
  const FileCheck check = check_to_open(folder / "kept.safetensors");
  CHECK(check.kind == "state");
  CHECK(check.detail == "after 0 tokens");
  for (const char* name : {"tests/golden/mamba1/reference.safetensors", "tests/golden/mamba1/model.safetensors", "tests/golden/none.safetensors"})
    CHECK_FALSE(is_for_run(std::string(LAB_SOURCE_DIR) + "/" + name));
}

TEST_CASE("script: a json file that is no session is refused by name") {
  const test::TemporaryFolder folder;
  REQUIRE(write_file_atomically(folder / "other.json", "{\"format\": \"other\"}"));
  const auto refused = commands_to_open(folder / "other.json");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unsupported);
  CHECK(refused.error().file == folder / "other.json");
}

TEST_CASE("script: of two files the window opens the one that goes on by itself, and what is A stays A") {
  const std::string root = LAB_SOURCE_DIR, model = root + "/tests/golden/mamba2", trace = model + "/reference.safetensors", session = root + "/sessions/copy-forgets.statelab.json";
  const auto plan = [](const std::string& a, const std::string& b) {
    auto made = plan_to_compare(a, b);
    REQUIRE_MESSAGE(made, (made ? "" : made.error().text()));
    return made.take();
  };
  const auto beside = [](const std::string& file, const char* side) { return std::vector<std::string>{json_of(command::CompareWith{file, side})}; };
  for (const auto& [a, b] : {std::pair{model, std::string("builtin:prose")}, {session, model}, {session, trace}, {session, session}}) {
    CHECK(plan(a, b).opened == a);
    CHECK(json_of_all(plan(a, b).then) == beside(b, "b"));
  }
  CHECK(plan(model, session).opened == session);
  CHECK(json_of_all(plan(model, session).then) == beside(model, "a"));
  CHECK(plan(trace, session).opened == session);
  CHECK(json_of_all(plan(trace, session).then) == beside(trace, "a"));
}

TEST_CASE("script: a model beside a recorded trace reads its tokens first; two traces are refused, and so is one without ids") {
  const std::string model = LAB_SOURCE_DIR "/tests/golden/mamba2", trace = model + "/reference.safetensors";
  for (const bool is_a : {true, false}) {
    const auto plan = is_a ? plan_to_compare(trace, model) : plan_to_compare(model, trace);
    REQUIRE(plan);
    CHECK(plan->opened == model);
    REQUIRE(plan->then.size() == 3);
    CHECK_FALSE(std::get<command::FeedTokens>(plan->then[0]).ids.empty());
    CHECK(std::holds_alternative<command::ReadWaiting>(plan->then[1]));
    CHECK(std::get<command::CompareWith>(plan->then[2]).side == (is_a ? "a" : "b"));
  }
  const auto refused = plan_to_compare(trace, trace);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::unsupported);
  const test::TemporaryFolder folder;
  const std::vector<float> values(4);
  REQUIRE(write_safetensors(folder / "t.safetensors", {{"L0.mix.h", DType::f32, {2, 2}, values.data()}}, {{"format", "statelab-reference/1"}}));
  const auto silent = plan_to_compare(model, folder / "t.safetensors");
  REQUIRE_FALSE(silent);
  CHECK(silent.error().field == "tok.ids");
}

TEST_CASE("script: a path is made whole, a built-in model keeps its name") {
  CHECK(whole_path("builtin:prose") == "builtin:prose");
  CHECK(whole_path("/a/../b.npz") == "/b.npz");
  CHECK(whole_path("b.npz") == (std::filesystem::current_path() / "b.npz").string());
}

TEST_CASE("studies: the picture of a comparison is of all its tokens, and without words") {
  const std::atomic<bool> stop = false;
  const auto picture = picture_of_session(LAB_SOURCE_DIR "/sessions/prose-converges.statelab.json", &stop);
  REQUIRE_MESSAGE(picture, picture.error().text());
  REQUIRE(picture->figure.plots.size() == 3);
  for (const Plot& plot : picture->figure.plots) {
    const auto& heat = std::get<HeatLayer>(plot.layers.at(0));
    CHECK(heat.column(0) != nullptr);
    CHECK(heat.column(heat.columns - 1) != nullptr);
    for (const Layer& layer : plot.layers)
      if (const auto* rule = std::get_if<RuleLayer>(&layer)) CHECK(rule->label.empty());
  }
}
