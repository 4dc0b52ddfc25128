#include "model/files/config_reader.h"

#include <algorithm>

namespace lab {

void ConfigReader::problem(const char* field, const std::string& expected, const std::string& found) {
  problems_.push_back({.code = Code::out_of_range, .file = file_, .field = place_ + field, .expected = expected, .found = found,
                       .message = "the configuration cannot be used"});
}

void ConfigReader::unsupported(const char* field, const std::string& expected, const std::string& message) {
  const Json* found = find(field);
  problems_.push_back({.code = Code::unsupported, .file = file_, .field = place_ + field, .expected = expected,
                       .found = found ? found->brief() : "", .message = message});
}

std::int64_t ConfigReader::integer(const char* name, std::int64_t fallback, std::int64_t low, std::int64_t high) {
  const Json* field = config_.find(name);
  if (!field || field->is_null()) return fallback;
  const auto value = field->integer();
  if (value && *value >= low && *value <= high) return *value;
  problem(name, "an integer from " + std::to_string(low) + " to " + std::to_string(high), field->brief());
  return fallback;
}

double ConfigReader::number(const char* name, double fallback, double low, double high) {
  const Json* field = config_.find(name);
  if (!field || field->is_null()) return fallback;
  const auto value = field->number();
  if (value && *value >= low && *value <= high) return *value;
  problem(name, "a number from " + std::to_string(low) + " to " + std::to_string(high), field->brief());
  return fallback;
}

bool ConfigReader::boolean(const char* name, bool fallback) {
  const Json* field = config_.find(name);
  if (!field || field->is_null()) return fallback;
  if (const auto value = field->boolean()) return *value;
  problem(name, "true or false", field->brief());
  return fallback;
}

std::string ConfigReader::one_of(const char* name, const std::string& fallback, const std::vector<std::string>& allowed) {
  const Json* field = config_.find(name);
  if (!field || field->is_null()) return fallback;
  if (field->is_string() && std::find(allowed.begin(), allowed.end(), field->text()) != allowed.end()) return field->text();
  std::string list;
  for (const std::string& text : allowed) list.append(list.empty() ? "" : " or ").append(text);
  problem(name, list, field->brief());
  return fallback;
}

}  // namespace lab
