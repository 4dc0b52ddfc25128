#include "app/core/session.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "app/core/command_json.h"
#include "app/core/file_check.h"
#include "app/core/named_files.h"
#include "model/builtin.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat = "statelab-session/1";
constexpr const char* kBuiltin = "builtin:";
constexpr JsonLimits kSessionLimits{.bytes = 64 << 20, .depth = 32, .values = 16 << 20, .string_bytes = 64 << 20};
constexpr std::array<std::string_view, 7> kKnown{"format", "title", "model", "model_hash", "commands", "expected", "notes"};

// Sessions travel between machines: a model has a name and no place.
Status check_model_name(const std::string& model) {
  const std::string name = model.starts_with(kBuiltin) ? model.substr(std::string_view(kBuiltin).size()) : model;
  const bool plain = !name.empty() && name.find_first_of("/\\:") == std::string::npos && !name.starts_with('.');
  if (plain) return {};
  return Error{.code = Code::bad_argument,
               .field = "model",
               .expected = "builtin:NAME or a folder's own name",
               .found = printable(model),
               .message = "a session names its model and never its path"};
}

// Where a path that was opened leads: a file of a model's folder stands for the folder.
fs::path folder_meant(const std::string& path) {
  const Result<std::string> folder = model_folder(path);
  return (folder ? fs::path(*folder) : fs::path(path)).lexically_normal();
}

// The last part of a path, also of one that ends in a slash.
std::string own_name(const fs::path& place) { return (place.has_filename() ? place : place.parent_path()).filename().string(); }

Result<std::int64_t> read_step(const Json& json, const std::string& where) {
  const Json* step = json.find("step");
  if (!step) return wrong_field(Code::missing, where + ".step", "the position, 0 or more", nullptr, "a field is missing");
  const auto value = step->integer();
  if (!value || *value < 0)
    return wrong_field(Code::mismatch, where + ".step", "the position, 0 or more", step, "there is no such position");
  return *value;
}

Status read_commands(const Json& json, std::vector<SessionCommand>& into) {
  constexpr std::array<std::string_view, 1> kStep{"step"};
  const Json* commands = json.find("commands");
  if (!commands) return wrong_field(Code::missing, "commands", "a list of commands", nullptr, "a field is missing");
  if (!commands->is_array())
    return wrong_field(Code::mismatch, "commands", "a list of commands", commands, "the field has another type");
  for (const Json& item : commands->items()) {
    const std::string where = "commands[" + std::to_string(into.size()) + "]";
    if (!item.is_object())
      return wrong_field(Code::mismatch, where, "a command, as {\"step\": 0, \"command\": \"step\", \"count\": 3}", &item,
                   "the entry has another type");
    LAB_ASSIGN(const std::int64_t step, read_step(item, where));
    LAB_ASSIGN(Command command, command_from(item, where, kStep));
    into.push_back({step, std::move(command)});
  }
  return {};
}

Status read_expected(const Json& json, std::vector<std::pair<std::int64_t, std::string>>& into) {
  const Json* expected = json.find("expected");
  if (!expected) return {};
  if (!expected->is_array())
    return wrong_field(Code::mismatch, "expected", "a list of positions and hashes", expected, "the field has another type");
  for (const Json& item : expected->items()) {
    const std::string where = "expected[" + std::to_string(into.size()) + "]";
    const Json* hash = item.find("hash");
    LAB_ASSIGN(const std::int64_t step, read_step(item, where));
    if (!hash || !hash->is_string())
      return wrong_field(Code::mismatch, where + ".hash", "the hash of the state", hash, "the field has another type");
    if (item.members().size() != 2)
      return wrong_field(Code::bad_argument, where, "step and hash", &item, "there is no such field");
    into.emplace_back(step, hash->text());
  }
  return {};
}

/// Gives every file that a session names beside its model another name: what it compares, and the states that it takes.
template <class Rename>
void rename_files(Session& session, const Rename& rename) {
  for (SessionCommand& each : session.commands)
    for (std::string* file : files_of(each.command)) *file = rename(*file);
}

Result<Session> session_from(const Json& json) {
  if (!json.is_object())
    return wrong_field(Code::mismatch, "", "a session, as {\"format\": \"statelab-session/1\", ...}", &json,
                 "this is no session");
  Session session;
  std::string format;
  LAB_TRY(read_text_field(json, "format", true, format));
  if (format != kFormat)
    return wrong_field(Code::unsupported, "format", kFormat, json.find("format"), "this program does not know the format");
  LAB_TRY(read_text_field(json, "title", false, session.title));
  LAB_TRY(read_text_field(json, "model", true, session.model));
  LAB_TRY(check_model_name(session.model));
  LAB_TRY(read_text_field(json, "model_hash", false, session.model_hash));
  LAB_TRY(read_commands(json, session.commands));
  LAB_TRY(read_expected(json, session.expected));
  LAB_TRY(read_text_field(json, "notes", false, session.notes));
  for (const auto& [name, value] : json.members()) {
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) continue;
    session.unknown_fields.push_back(name);
    session.unknown_json += (session.unknown_json.empty() ? "" : ",\n  ") + quoted_json(name) + ": " + verbatim_json(value);
  }
  return session;
}

}  // namespace

Result<Session> parse_session(const std::string& json, const std::string& file) {
  LAB_ASSIGN(const Json value, parse_json(json, kSessionLimits, file));
  Result<Session> session = session_from(value);
  if (!session) session.error().file = file;
  return session;
}

bool is_session(const std::string& path) {
  std::error_code ignored;
  const fs::path file = path;
  if (path.ends_with(".statelab.json")) return true;
  if (path.ends_with(".index.json") || file.filename() == "params.json") return false;
  return file.extension() == ".json" && !fs::exists(file.parent_path() / "config.json", ignored);
}

Result<Session> read_session(const std::string& path) {
  LAB_ASSIGN(const Json value, read_json(path, kSessionLimits));
  Result<Session> session = session_from(value);
  if (!session) session.error().file = path;
  else rename_files(*session, [&path](const std::string& file) { return whole_name(file, path); });
  return session;
}

Session as_written(Session session, const std::string& path) {
  rename_files(session, [&path](const std::string& file) { return name_within(file, path); });
  return session;
}

// One command a line, so that sessions read and compare well.
std::string json_of(const Session& session) {
  const auto line = [](const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  };
  std::string out = "{\n  \"format\": " + quoted_json(kFormat);
  if (!session.title.empty()) out += ",\n  \"title\": " + quoted_json(session.title);
  out += ",\n  \"model\": " + quoted_json(session.model);
  if (!session.model_hash.empty()) out += ",\n  \"model_hash\": " + quoted_json(session.model_hash);
  if (!session.notes.empty()) out += ",\n  \"notes\": " + quoted_json(session.notes);
  out += ",\n  \"commands\": [";
  const char* separator = "\n    ";
  for (const SessionCommand& each : session.commands) {
    nlohmann::ordered_json command{{"step", each.step}};
    command.update(json_value_of(each.command));
    out += std::exchange(separator, ",\n    ") + line(command);
  }
  out += session.commands.empty() ? "]" : "\n  ]";
  if (!session.expected.empty()) {
    out += ",\n  \"expected\": [";
    separator = "\n    ";
    for (const auto& [step, hash] : session.expected)
      out += std::exchange(separator, ",\n    ") + line({{"step", step}, {"hash", hash}});
    out += "\n  ]";
  }
  if (!session.unknown_json.empty()) out += ",\n  " + session.unknown_json;
  return out + "\n}\n";
}

bool lacks_model(const Error& refusal) { return refusal.code == Code::not_found && refusal.field == "model"; }

Result<std::string> find_session_model(const Session& session, const std::string& session_path, const std::vector<std::string>& opened_before) {
  LAB_TRY(check_model_name(session.model));
  if (session.model.starts_with(kBuiltin)) {
    if (const Result<std::string> folder = model_folder(session.model); !folder) return folder.error();
    return session.model;
  }
  std::vector<fs::path> candidates;
  if (!session.place.empty()) candidates.push_back(folder_meant(session.place));
  candidates.push_back(fs::path(session_path).parent_path() / session.model);
  if (const char* folders = std::getenv("STATELAB_MODELS")) {
    std::string_view rest = folders;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (end > 0) candidates.push_back(fs::path(rest.substr(0, end)) / session.model);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const std::string& path : opened_before)
    if (fs::path folder = folder_meant(path); own_name(folder) == session.model) candidates.push_back(std::move(folder));
  std::string searched;
  for (const fs::path& candidate : candidates) {
    if (is_model_folder(candidate.string())) return candidate.string();
    searched += (searched.empty() ? "" : ", ") + candidate.string();
  }
  return Error{.code = Code::not_found,
               .file = session_path,
               .field = "model",
               .expected = session.model + (session.model_hash.empty() ? "" : ", of content " + session.model_hash),
               .found = "nothing at " + searched,
               .message = "the session's model is not there",
               .next = "put the model beside the session, name the folder that holds it in STATELAB_MODELS, or say where it is: Locate in the window, --model of statelab run"};
}

}  // namespace lab
