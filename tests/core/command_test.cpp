// Commands as JSON: what is written is read back, and everything else is refused by name.
#include <doctest/doctest.h>

#include "app/core/command.h"

namespace lab {
namespace {

std::vector<Command> one_of_each() {
  return {command::Open{"builtin:prose"},
          command::FeedText{"a \"quoted\" line\nand ünïcode"},
          command::FeedTokens{{0, 7, 50276}},
          command::DropWaiting{},
          command::Step{3},
          command::ReadWaiting{},
          command::Run{2.5, 100},
          command::Pause{},
          command::TakeBack{4, true},
          command::Reset{"kept.safetensors"},
          command::Seek{-1, "b"},
          command::Select{2, 5, 7},
          command::ShowRange{10, 20},
          command::SetSampling{{true, 0.8, 40, 0.95, 1234567890123}},
          command::ZeroState{2},
          command::ScaleState{-1, 0.5},
          command::RestoreState{1, 9},
          command::EditState{{"noise", 2, "ssm_state", "3, :, 0:4", 0.5, 7, 12, 1, 3, "kept.safetensors", "a storm"}},
          command::ApplyPatch{"a patch", {{.operation = "scale", .at = "3", .value = 0.5}, {.operation = "mix", .position = 4, .from_run = 2}, {.operation = "mix", .from_file = "kept.safetensors"}, {}}},
          command::SetTrials{"none", 3, true, 1},
          command::SetRule{3, {.kind = "track", .limit = 2.5, .layer_limits = {1, 2}, .origin = "yours", .side = "below"}},
          command::RemoveRule{1},
          command::UseRules{"document 2"},
          command::Fork{12, "what if", true},
          command::SwitchRun{1},
          command::DeleteRun{2},
          command::RenameRun{1, "the other"},
          command::PromoteRun{1},
          command::StepAll{5},
          command::Undo{},
          command::Redo{},
          command::ExportFigure{"norms", "norms.pdf", 5.5, 3.25, {.map = "magma", .range = {-1, 2}, .rows_axis = 1, .watched = {3, 4}}},
          command::ShowWeights{"lm_head.weight", "other"},
          command::Play{12.5, "layer", true},
          command::SetRange{1, "bread", 128, 224},
          command::RemoveRange{2},
          command::Compare{1, 0, "offset", -3},
          command::SetIntervention{1, {"blocked", false, "B", "clamp", "3, 5:9", "", "0:4", 10, 20, 0.5, 7}},
          command::RemoveIntervention{3},
          command::UseInterventions{{{.operation = "block_write", .layers = "1", .first = 4, .last = 8}, {}}},
          command::RunControls{2, 5},
          command::SetNote{1, 17, "here it turns"},
          command::RemoveNote{0},
          command::SetBreakpoint{2, "norm(L3) > 8 and entropy > 5", false},
          command::RemoveBreakpoint{1},
          command::CompareWith{"../traces/reference.safetensors", "a"},
          command::CloseCompared{-3},
          command::OpenLanes{{"a text", "", "ünïcode"}},
          command::StepLanes{7},
          command::ResetLanes{{2, 1}, 0.25}};
}

Error refused(const std::string& json) {
  const Result<Command> command = parse_command(json, "commands[2]");
  REQUIRE_FALSE(command);
  return command.error();
}

TEST_CASE("command: every kind comes back from its JSON as it was") {
  const std::vector<Command> commands = one_of_each();
  CHECK(commands.size() == std::variant_size_v<Command>);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::string json = json_of(commands[i]);
    INFO(json);
    CHECK(commands[i].index() == i);
    const Result<Command> read = parse_command(json, "");
    REQUIRE(read);
    CHECK(read->index() == i);
    CHECK(json_of(*read) == json);
  }
  const Result<Command> sampling = parse_command(json_of(commands[13]), "");
  CHECK(std::get<command::SetSampling>(*sampling).sampling == std::get<command::SetSampling>(commands[13]).sampling);
}

TEST_CASE("command: JSON names the command first, then its fields in order") {
  CHECK(json_of(command::Step{3}) == R"({"command":"step","count":3})");
  CHECK(json_of(command::ScaleState{2, 0.5}) == R"({"command":"scale_state","layer":2,"factor":0.5})");
}

TEST_CASE("command: a field that came later may be left out, and is written where it says something") {
  CHECK(json_of(command::Play{2, "token"}) == R"({"command":"play","rate":2.0,"by":"token"})");
  CHECK(json_of(command::Play{2, "token", true}) == R"({"command":"play","rate":2.0,"by":"token","back":true})");
  const Result<Command> before = parse_command(R"({"command":"play","rate":2.0,"by":"token"})", "");
  REQUIRE(before);
  CHECK_FALSE(std::get<command::Play>(*before).back);
  CHECK(refused(R"({"command": "play", "rate": 2, "by": "token", "back": 1})").field == "commands[2].back");
}

TEST_CASE("command: an unknown command is refused by its name") {
  const Error error = refused(R"({"command": "jump"})");
  CHECK(error.code == Code::unsupported);
  CHECK(error.field == "commands[2].command");
  CHECK(error.found == "jump");
}

TEST_CASE("command: a missing name, a missing field and an unknown field are refused where they are") {
  CHECK(refused(R"({"count": 3})").field == "commands[2].command");
  const Error missing = refused(R"({"command": "step"})");
  CHECK(missing.code == Code::missing);
  CHECK(missing.field == "commands[2].count");
  const Error misspelt = refused(R"({"command": "step", "count": 3, "cuont": 3})");
  CHECK(misspelt.code == Code::bad_argument);
  CHECK(misspelt.field == "commands[2].cuont");
  CHECK(misspelt.expected == "count");
}

TEST_CASE("command: a field of another type is refused, whole numbers are not rounded") {
  for (const char* json :
       {R"({"command": "step", "count": "3"})", R"({"command": "step", "count": 3.5})",
        R"({"command": "step", "count": null})", R"({"command": "take_back", "count": 1, "keep": 1})",
        R"({"command": "open", "model": 5})", R"({"command": "scale_state", "layer": 0, "factor": "half"})",
        R"({"command": "scale_state", "layer": 0, "factor": {"__float__": "Infinity"}})",
        R"({"command": "feed_tokens", "ids": 3})", R"({"command": "set_sampling", "sampling": 1})"}) {
    INFO(json);
    CHECK(refused(json).code == Code::mismatch);
  }
}

TEST_CASE("command: ids that are no ids are refused by their place") {
  CHECK(refused(R"({"command": "feed_tokens", "ids": [1, -2]})").field == "commands[2].ids[1]");
  CHECK(refused(R"({"command": "feed_tokens", "ids": [4294967297]})").field == "commands[2].ids[0]");
}

TEST_CASE("command: lanes are lists of texts and of runs, and nothing else") {
  CHECK(json_of(command::ResetLanes{{2, 1}, 0.25}) == R"({"command":"reset_lanes","runs":[2,1],"kept":0.25})");
  CHECK(refused(R"({"command": "open_lanes", "texts": "a"})").field == "commands[2].texts");
  CHECK(refused(R"({"command": "open_lanes", "texts": ["a", 1]})").field == "commands[2].texts[1]");
  CHECK(refused(R"({"command": "reset_lanes", "runs": [1, 2.5], "kept": 0})").field == "commands[2].runs[1]");
  CHECK(refused(R"({"command": "reset_lanes", "runs": 1, "kept": 0})").code == Code::mismatch);
}

TEST_CASE("command: fields within a field are read as strictly") {
  const Error error = refused(
      R"({"command": "set_sampling", "sampling": {"greedy": false, "temperature": 1, "top_k": 0, "top_p": 1}})");
  CHECK(error.code == Code::missing);
  CHECK(error.field == "commands[2].sampling.seed");
}

TEST_CASE("command: the look of a figure may be left out or say a part, what it says is read strictly") {
  const std::string figure = R"("command": "export_figure", "kind": "norms", "file": "n.pdf", "width_in": 4, "height_in": 3)";
  const auto look_of = [&](const std::string& look) { return std::get<command::ExportFigure>(*parse_command("{" + figure + look + "}", "")).look; };
  CHECK(look_of("") == command::FigureLook());
  const command::FigureLook some = look_of(R"(, "look": {"map": "magma", "range": [-1, 2.5], "watched": [7]})");
  CHECK((some.map == "magma" && some.range == std::vector<double>{-1, 2.5} && some.watched == std::vector<std::int32_t>{7} && some.scale == "symlog"));
  CHECK(refused("{" + figure + R"(, "look": {"mop": "magma"}})").field == "commands[2].look.mop");
  CHECK(refused("{" + figure + R"(, "look": {"rows": "all"}})").code == Code::mismatch);
}

TEST_CASE("command: what is no object is refused") {
  CHECK(refused("[]").code == Code::mismatch);
  CHECK_FALSE(parse_command("{", ""));
}

TEST_CASE("command: labels are what a person would say") {
  CHECK(label_of(command::ZeroState{2}) == "zero state of layer 2");
  CHECK(label_of(command::ScaleState{-1, 0.5}) == "scale state of all layers by 0.5");
  CHECK(label_of(command::SetTrials{.rotary = "none", .only_layer = 2}) == "try rotary none, layer 2 alone");
  CHECK(label_of(command::Step{3}) == "step 3");
  CHECK(label_of(command::FeedTokens{{1}}) == "feed 1 token");
  CHECK(label_of(command::FeedText{"a\nb"}) == "feed \"a\\x0ab\"");
  CHECK(label_of(command::SetRange{0, "bread", 128, 224}) == "name tokens 128 to 223 \"bread\"");
  CHECK(label_of(command::OpenLanes{{"a", "b"}}) == "open 2 lanes");
  CHECK(label_of(command::StepLanes{0}) == "read what waits in all lanes");
  CHECK(label_of(command::ResetLanes{{2}, 0}) == "reset lane 2");
  CHECK(label_of(command::ResetLanes{{2, 1}, 0.5}) == "let lanes 2, 1 keep 0.5");
  for (const Command& command : one_of_each()) CHECK_FALSE(label_of(command).empty());
}

TEST_CASE("command: an edit has a name that a mark has room for, others are called by their labels") {
  CHECK(brief_of(command::ZeroState{2}) == "zero L2");
  CHECK(brief_of(command::ZeroState{-1}) == "zero");
  CHECK(brief_of(command::ScaleState{12, 0.5}) == "× 0.5 L12");
  CHECK(brief_of(command::ScaleState{-1, -2}) == "× -2");
  CHECK(brief_of(command::RestoreState{1, 9}) == "restore L1");
  CHECK(brief_of(command::SetTrials{.no_cache = true}) == "no cache");
  CHECK(brief_of(command::Step{3}) == "step 3");
  const StateEdit half{.operation = "scale", .layer = 1, .at = "3", .value = 0.5}, named{.operation = "zero", .at = "3", .name = "gone"};
  StateEdit other = half, second = named;
  other.at = second.at = "5";
  CHECK(brief_of(command::ApplyPatch{"scale 12 cells", {half, other}}) == "× 0.5 L1");
  CHECK(brief_of(command::ApplyPatch{"gone", {named, second}}) == "gone");
  CHECK(brief_of(command::ApplyPatch{"a cure", {half, named}}) == "a cure");
  CHECK(brief_of(command::ApplyPatch{"a cure", {half}}) == "a cure");
  CHECK(brief_of(command::ApplyPatch{"", {half}}) == "apply 1 edit");
}

}  // namespace
}  // namespace lab
