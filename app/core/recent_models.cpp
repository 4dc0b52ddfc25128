#include "app/core/recent_models.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "model/files/file.h"
#include "model/files/json.h"

namespace lab {
namespace {

constexpr const char* kFormat = "statelab-recent/1";
constexpr JsonLimits kLimits{.bytes = 1 << 20, .depth = 3, .values = 1000};

Error wrong(const std::string& file, const char* field, const char* expected, const std::string& found) {
  return {.code = Code::malformed, .file = file, .field = field, .expected = expected, .found = found,
          .message = "the list of recent models cannot be read"};
}

}  // namespace

Result<std::vector<std::string>> read_recent(const std::string& file) {
  std::vector<std::string> paths;
  std::error_code ignored;
  if (file.empty() || !std::filesystem::exists(file, ignored)) return paths;
  LAB_ASSIGN(const Json json, read_json(file, kLimits));
  const Json *format = json.find("format"), *list = json.find("paths");
  if (!format || !format->is_string() || format->text() != kFormat)
    return wrong(file, "format", kFormat, format ? format->brief() : "none");
  if (!list || !list->is_array()) return wrong(file, "paths", "an array", list ? list->brief() : "none");
  for (const Json& path : list->items()) {
    if (!path.is_string()) return wrong(file, "paths", "strings", path.brief());
    if (paths.size() < kRecentModels) paths.push_back(path.text());
  }
  return paths;
}

Result<std::vector<std::string>> add_recent(const std::string& file, const std::vector<std::string>& paths) {
  std::vector<std::string> all = paths;
  if (auto kept = read_recent(file))
    for (std::string& path : *kept)
      if (std::find(all.begin(), all.end(), path) == all.end()) all.push_back(std::move(path));
  all.resize(std::min(all.size(), kRecentModels));
  const nlohmann::ordered_json json{{"format", kFormat}, {"paths", all}};
  using Handler = nlohmann::ordered_json::error_handler_t;  // names that are no UTF-8 are told, and not found again
  LAB_TRY(write_file_atomically(file, json.dump(2, ' ', false, Handler::replace) + "\n"));
  return all;
}

}  // namespace lab
