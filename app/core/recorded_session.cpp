#include "app/core/recorded_session.h"

#include <filesystem>
#include <utility>

#include "model/base/hash.h"
#include "model/files/file.h"

namespace lab {
namespace {

constexpr std::string_view kBuiltin = "builtin:";
constexpr std::size_t kSessionBytes = 64 << 20;

// The name that a session knows a model by: what its folder or file is called, wherever it lies.
std::string session_name(const OpenedModel& opened) {
  if (opened.path.starts_with(kBuiltin)) return opened.path;
  std::error_code problem;
  const std::filesystem::path place = std::filesystem::canonical(opened.checkpoint.path, problem);
  return problem ? opened.checkpoint.name : place.filename().string();
}

}  // namespace

Session session_of(const Snapshot& snapshot, const OpenedModel& opened, const Session& kept) {
  Session session = kept;
  session.model = session_name(opened);
  session.place = session.model == opened.path ? "" : opened.path;
  if (snapshot.model && !snapshot.model->hash.empty()) session.model_hash = snapshot.model->hash;
  session.commands = commands_of(snapshot.record);
  session.expected.clear();
  const bool goes_on = snapshot.state == EngineState::running || snapshot.state == EngineState::loading;
  if (goes_on && !session.commands.empty()) session.commands.push_back({snapshot.count(), command::Pause{}});
  return session;
}

Result<State> state_at(const Snapshot& snapshot, const OpenedModel& opened, std::int64_t position) {
  State state(opened.model->schema());
  Context<float> context;
  const Replayer replayer = [&](int layer, std::span<const Rows<const float>> drivers, State& into) {
    opened.model->replay(layer, drivers, into, context);
  };
  LAB_TRY(snapshot.trace->restore(position, state, replayer));
  return state;
}

Result<std::string> state_hash(const Snapshot& snapshot, const OpenedModel& opened, std::int64_t position) {
  LAB_ASSIGN(const State state, state_at(snapshot, opened, position));
  return hex_of(state.hash());
}

void add_hashes(Session& session, const Snapshot& snapshot, const OpenedModel& opened) {
  if (session.model_hash.empty()) session.model_hash = content_hash(opened.checkpoint);
  if (!snapshot.trace) return;
  if (Result<std::string> hash = state_hash(snapshot, opened, snapshot.count())) session.expected = {{snapshot.count(), hash.take()}};
}

Status save_session(const Session& session, const std::string& path) {
  const std::string text = json_of(as_written(session, path));
  if (text.size() > kSessionBytes)
    return Error{.code = Code::too_large,
                 .file = path,
                 .expected = "at most " + std::to_string(kSessionBytes >> 20) + " MiB",
                 .found = std::to_string(text.size() >> 20) + " MiB",
                 .message = "not saved: the session is too long to be opened again",
                 .next = "feed long texts in pieces, or keep the journal"};
  if (const Result<Session> again = parse_session(text, path); !again) return again.error();
  LAB_TRY(write_file_atomically(path, text));
  LAB_ASSIGN(const std::string there, read_file(path, kSessionBytes));
  if (there == text) return {};
  return Error{.code = Code::environment, .file = path, .expected = "what was written", .found = "something else", .message = "not saved: the disk gives back other bytes", .next = "save it on another disk"};
}

std::string run_line(const Session& session, std::size_t last) {
  Session part{.model = session.model, .model_hash = session.model_hash};
  for (std::size_t i = 0; i <= last && i < session.commands.size(); ++i) part.commands.push_back(session.commands[i]);
  std::string text;
  for (const char c : json_of(part)) {
    if (c == '\'') text += "'\\''";
    else text += c == '\n' ? ' ' : c;
  }
  while (text.ends_with(' ')) text.pop_back();
  return "printf %s '" + text + "' > part.statelab.json && statelab run part.statelab.json";
}

}  // namespace lab
