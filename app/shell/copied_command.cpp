#include "app/shell/copied_command.h"

#include "app/core/recorded_session.h"
#include "views/panels/intervention_table.h"

namespace lab {
namespace {

constexpr std::int64_t kAfter = 3;  // tokens behind the window after which an effect is read, as everywhere in the window

/// A session of what a record holds, as its file would name the model.
Session session_of(const CommandRecord::Pointer& record, const ModelFacts& model) {
  Session session{.model = model.path.starts_with("builtin:") ? model.path : model.name, .model_hash = model.hash};
  session.commands = commands_of(record);
  return session;
}

}  // namespace

std::string line_of(const CommandRecord::Pointer& record, const ModelFacts& model) {
  const Session session = session_of(record, model);
  return run_line(session, session.commands.size());
}

std::string line_of_rule(const Snapshot& snapshot, std::int64_t rule) {
  const std::vector<Intervention>& rules = present_interventions(snapshot);
  if (rule < 0 || rule >= std::ssize(rules)) return {};
  Session session = session_of(snapshot.record, *snapshot.model);
  if (rules[static_cast<std::size_t>(rule)].first < snapshot.count()) session.commands.push_back({snapshot.count(), command::RunControls{rule, kAfter}});
  return run_line(session, session.commands.size());
}

std::string line_of_edit(const Snapshot& snapshot, std::int64_t edit) {
  if (!snapshot.edits || edit < 0 || edit >= std::ssize(*snapshot.edits)) return {};
  const EditEvent& event = (*snapshot.edits)[static_cast<std::size_t>(edit)];
  for (CommandRecord::Pointer each = snapshot.record; each; each = each->before())
    if (each->latest().step == event.position && label_of(each->latest().command) == event.label) return line_of(each, *snapshot.model);
  return {};
}

}  // namespace lab
