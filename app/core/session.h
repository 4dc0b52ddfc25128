#pragma once
// A session as a file people can read: model by name and hash, commands with the step each was applied at, expected hashes.
#include <string>
#include <utility>
#include <vector>

#include "app/core/lab.h"

namespace lab {

/// "statelab-session/1". Fields that this program does not know are kept and reported.
struct Session {
  std::string title;       // of a study, "" when it has none
  std::string model;       // "builtin:prose" or a folder's own name, never a path
  std::string model_hash;  // "" when not stated
  std::vector<SessionCommand> commands;
  std::vector<std::pair<std::int64_t, std::string>> expected;  // position -> hash of the state there
  std::string notes;
  std::vector<std::string> unknown_fields;
  std::string unknown_json;  // kept verbatim for writing
  std::string place;         // where its model was opened from on this machine; "" when not known, never written
};
/// Whether opening a path means a session: a .statelab.json file, or another .json file that is no part of a model.
bool is_session(const std::string& path);
/// Files that it names are named from its own folder in the file, and by whole paths in memory (named_files.h).
Result<Session> read_session(const std::string& path);
/// The session as its file at a path has it.
Session as_written(Session session, const std::string& path);
Result<Session> parse_session(const std::string& json, const std::string& file);
std::string json_of(const Session& session);

/// Finds the model that a session names: built in, where it was opened from, in the session's folder, in $STATELAB_MODELS, or among
/// `opened_before`, paths of models. Refused with every place that was searched, which `lacks_model` knows.
Result<std::string> find_session_model(const Session& session, const std::string& session_path, const std::vector<std::string>& opened_before = {});
/// Whether something was refused because the model of a session was not found: somebody may say where it is.
bool lacks_model(const Error& refusal);

}  // namespace lab
