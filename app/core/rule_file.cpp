#include "app/core/rule_file.h"

#include "app/core/command_json.h"

namespace lab {
namespace {

constexpr ReviewedFormat kRules{"statelab-rules/1", "interventions"};

Result<RuleFile> rules_from(const Json& json) {
  RuleFile rules;
  if (json.find("format")) LAB_TRY(read_reviewed(json, kRules, rules));
  LAB_ASSIGN(rules.interventions, interventions_from(json, ""));
  return rules;
}

}  // namespace

bool is_rule_file(const std::string& path) { return path.ends_with(".rules.json"); }

Result<RuleFile> parse_rule_file(const std::string& json, const std::string& file) {
  LAB_ASSIGN(const Json value, parse_json(json, kReviewedLimits, file));
  return made_of(file, rules_from(value));
}

Result<RuleFile> read_rule_file(const std::string& path) {
  LAB_ASSIGN(const Json value, read_json(path, kReviewedLimits));
  return made_of(path, rules_from(value));
}

std::string json_of(const RuleFile& rules) {
  std::vector<std::string> items;
  for (const Intervention& rule : rules.interventions) items.push_back(brief_json(rule));
  return reviewed_json(rules, kRules, items);
}

}  // namespace lab
