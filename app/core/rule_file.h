#pragma once
// Interventions as a file that people can read, review and hand on; `statelab intervene --rules` takes the same.
#include <string>
#include <vector>

#include "app/core/command.h"
#include "app/core/reviewed_file.h"

namespace lab {

/// "statelab-rules/1".
struct RuleFile : ReviewedFile {
  std::vector<Intervention> interventions;
};

/// Whether a path names a file of rules: it ends in .rules.json.
bool is_rule_file(const std::string& path);
/// Refused by field: other formats, and rules with fields that there are not. Whether a rule fits a model is not known here. A file
/// that names no format may hold one rule, a list of them, or {"interventions": [...]}.
Result<RuleFile> read_rule_file(const std::string& path);
Result<RuleFile> parse_rule_file(const std::string& json, const std::string& file);
/// One rule a line, with what differs from the defaults alone.
std::string json_of(const RuleFile& rules);

}  // namespace lab
