// Rules as files: read, written, checked, and what holds once they are used.
#include <doctest/doctest.h>

#include "app/core/file_check.h"
#include "app/core/rule_file.h"
#include "model/files/file.h"
#include "support.h"
#include "tests/temporary_folder.h"

namespace lab::test {
namespace {

constexpr const char* kRules = R"({
  "format": "statelab-rules/1",
  "title": "no letter is written",
  "note": "as in the paper",
  "interventions": [
    {"operation":"block_write","layers":"1","first":2,"last":6},
    {"operation":"noise","on":false,"target":"dt","value":0.5,"seed":7}
  ],
  "reviewed_by": {"name": "N. N.", "at": 1.50}
}
)";

Error refused(const std::string& json) {
  const Result<RuleFile> rules = parse_rule_file(json, "a.rules.json");
  REQUIRE_FALSE(rules);
  CHECK(rules.error().file == "a.rules.json");
  return rules.error();
}

TEST_CASE("rule file: what was read is written as it was, unknown fields too") {
  const Result<RuleFile> rules = parse_rule_file(kRules, "a.rules.json");
  REQUIRE(rules);
  CHECK(rules->title == "no letter is written");
  REQUIRE(rules->interventions.size() == 2);
  CHECK(rules->interventions[0] == Intervention{.operation = "block_write", .layers = "1", .first = 2, .last = 6});
  CHECK_FALSE(rules->interventions[1].on);
  CHECK(rules->unknown_fields == std::vector<std::string>{"reviewed_by"});
  CHECK(json_of(*rules) == kRules);
}

TEST_CASE("rule file: without a format one rule, a list and an object with the list are read") {
  for (const char* json : {R"({"operation": "zero", "layers": "1"})", R"([{"operation": "zero", "layers": "1"}])", R"({"interventions": [{"operation": "zero", "layers": "1"}]})"}) {
    INFO(json);
    const Result<RuleFile> rules = parse_rule_file(json, "");
    REQUIRE(rules);
    CHECK(rules->interventions == std::vector<Intervention>{{.layers = "1"}});
  }
}

TEST_CASE("rule file: what is none is refused by field") {
  CHECK(refused("3").code == Code::mismatch);
  CHECK(refused(R"({"format": "statelab-rules/2", "interventions": []})").field == "format");
  CHECK(refused(R"({"format": "statelab-patch/1", "interventions": []})").field == "format");
  CHECK(refused(R"({"format": "statelab-rules/1"})").field == "interventions");
  CHECK(refused(R"({"format": "statelab-rules/1", "interventions": {}})").field == "interventions");
  CHECK(refused(R"({"format": "statelab-rules/1", "title": 3, "interventions": []})").field == "title");
  CHECK(refused(R"({"format": "statelab-rules/1", "interventions": [{"operation": "zero"}, {"layer": 3}]})").field == "interventions[1].layer");
  CHECK(refused(R"({"operation": "zero", "layer": 3})").field == "layer");
}

TEST_CASE("rule file: its rules take the place of others, are undone, and those that come late say so") {
  FreshLab lab("mamba1");
  carry_out(lab, command::SetIntervention{0, {.operation = "scale", .layers = "0", .value = 0.5}});
  carry_out(lab, command::FeedText{"abcdef"});
  carry_out(lab, command::ReadWaiting{});
  const auto present = [&] { return *interventions_at(*lab.snapshot()->edits, lab.count()); };
  const std::vector<Intervention> before = present(), rules = parse_rule_file(kRules, "")->interventions;
  carry_out(lab, command::UseInterventions{rules});
  CHECK(present() == rules);
  CHECK(lab.snapshot()->notices.back().text.find("have been read") != std::string::npos);  // one of the two is on, its window is over
  carry_out(lab, command::Undo{});
  CHECK(present() == before);
  carry_out(lab, command::UseInterventions{{{.layers = "1", .first = 4}, {.layers = "2", .first = 2}, {.layers = "2", .first = 60}}});
  CHECK(lab.snapshot()->notices.back().text == "2 rules hold from token 6 on; fork at token 2 to apply them to the past");
}

TEST_CASE("check: a file of rules is known by its name or its format") {
  const TemporaryFolder folder;
  for (const char* name : {"a.rules.json", "b.json"}) {
    REQUIRE(write_file_atomically(folder / name, kRules));
    const FileCheck check = check_path(folder / name);
    CHECK(check.kind == "rules");
    CHECK(check.problems.empty());
    CHECK(check.detail == "no letter is written, 2 rules");
    CHECK(check.warnings.size() == 1);
  }
}

}  // namespace
}  // namespace lab::test
