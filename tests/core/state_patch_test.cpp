// Patches: edits as files, applied as one.
#include <doctest/doctest.h>

#include "app/core/file_check.h"
#include "app/core/state_patch.h"
#include "model/files/file.h"
#include "support.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

constexpr const char* kPatch = R"({
  "format": "statelab-patch/1",
  "title": "forget the question",
  "note": "as in the paper",
  "edits": [
    {"operation":"zero","layer":1,"at":"0:3"},
    {"operation":"noise","value":0.5,"seed":7},
    {"operation":"transplant","layer":2,"tensor":"*","position":4,"name":"back"}
  ],
  "reviewed_by": {"name": "N. N.", "at": 1.50}
}
)";

Error refused(const std::string& json) {
  const Result<StatePatch> patch = parse_patch(json, "a.patch.json");
  REQUIRE_FALSE(patch);
  CHECK(patch.error().file == "a.patch.json");
  return patch.error();
}

TEST_CASE("patch: what was read is written as it was, unknown fields too") {
  const Result<StatePatch> patch = parse_patch(kPatch, "a.patch.json");
  REQUIRE(patch);
  CHECK(patch->title == "forget the question");
  REQUIRE(patch->edits.size() == 3);
  CHECK(patch->edits[0] == StateEdit{.operation = "zero", .layer = 1, .at = "0:3"});
  CHECK(patch->edits[2].position == 4);
  CHECK(patch->unknown_fields == std::vector<std::string>{"reviewed_by"});
  CHECK(json_of(*patch) == kPatch);
}

TEST_CASE("patch: what is none is refused by field") {
  CHECK(refused("[]").code == Code::mismatch);
  CHECK(refused(R"({"format": "statelab-patch/2", "edits": []})").field == "format");
  CHECK(refused(R"({"format": "statelab-patch/1"})").field == "edits");
  CHECK(refused(R"({"format": "statelab-patch/1", "edits": {}})").field == "edits");
  CHECK(refused(R"({"format": "statelab-patch/1", "edits": [{"operation": "zero"}, {"layers": 3}]})").field == "edits[1].layers");
  CHECK(refused(R"({"format": "statelab-patch/1", "edits": [{"layer": "3"}]})").field == "edits[0].layer");
  CHECK(refused(R"({"format": "statelab-patch/1", "title": 3, "edits": []})").field == "title");
}

TEST_CASE("patch: all its edits are one, that is named, undone and done again") {
  FreshLab lab("mamba1"), plain("mamba1");
  for (Lab* each : {static_cast<Lab*>(&lab), static_cast<Lab*>(&plain)}) {
    carry_out(*each, command::FeedText{"once upon"});
    carry_out(*each, command::ReadWaiting{});
  }
  const std::string before = fingerprint(lab);
  const StatePatch patch = *parse_patch(kPatch, "");
  carry_out(lab, command::ApplyPatch{patch.title, patch.edits});
  for (const StateEdit& edit : patch.edits) carry_out(plain, command::EditState{edit});
  CHECK(lab.state().hash() == plain.state().hash());
  CHECK(lab.snapshot()->edits->size() == 1);
  CHECK(lab.snapshot()->undo.back().label == "apply forget the question");
  const std::string after = fingerprint(lab);
  carry_out(lab, command::Undo{});
  CHECK(fingerprint(lab) == before);
  carry_out(lab, command::Redo{});
  CHECK(fingerprint(lab) == after);
}

TEST_CASE("patch: an edit that does not fit is named, and none of them is made") {
  FreshLab lab("mamba1");
  carry_out(lab, command::FeedText{"once"});
  carry_out(lab, command::ReadWaiting{});
  const std::string before = fingerprint(lab);
  CHECK(refusal_of(lab, command::ApplyPatch{"", {{.operation = "scale", .value = 2}, {.layer = 9}}}).field == "edits[1].layer");
  CHECK(refusal_of(lab, command::ApplyPatch{}).field == "edits");
  CHECK(fingerprint(lab) == before);
}

TEST_CASE("patch: edits of every kind can be kept as one") {
  std::vector<StateEdit> edits;
  for (const Command& command : std::vector<Command>{command::ZeroState{1}, command::ScaleState{-1, 0.5}, command::RestoreState{2, 4},
                                                     command::EditState{{.operation = "set", .at = "3", .value = 1}}, command::Step{3}})
    for (const StateEdit& edit : edits_of(command)) edits.push_back(edit);
  CHECK(edits.size() == 4);
  FreshLab lab("mamba2"), plain("mamba2");
  for (Lab* each : {static_cast<Lab*>(&lab), static_cast<Lab*>(&plain)}) {
    carry_out(*each, command::FeedText{"once upon"});
    carry_out(*each, command::ReadWaiting{});
  }
  carry_out(lab, command::ApplyPatch{"", {edits[0], edits[1], edits[2]}});
  for (const Command& command : std::vector<Command>{command::ZeroState{1}, command::ScaleState{-1, 0.5}, command::RestoreState{2, 4}}) carry_out(plain, command);
  CHECK(lab.state().hash() == plain.state().hash());
}

TEST_CASE("check: a patch is known by its name or its format") {
  const TemporaryFolder folder;
  for (const char* name : {"a.patch.json", "b.json"}) {
    REQUIRE(write_file_atomically(folder / name, kPatch));
    const FileCheck check = check_path(folder / name);
    CHECK(check.kind == "patch");
    CHECK(check.problems.empty());
    CHECK(check.detail == "forget the question, 3 edits");
    CHECK(check.warnings.size() == 1);
  }
}

}  // namespace
}  // namespace lab::test
