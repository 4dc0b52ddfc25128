#include "app/shell/script.h"

#include "app/core/state_patch.h"

namespace lab {

std::vector<Command> commands_of(const Session& session) {
  std::vector<Command> commands;
  for (std::size_t i = 0; i < session.commands.size(); ++i) {
    Command command = session.commands[i].command;
    if (std::holds_alternative<command::ExportFigure>(command)) continue;
    auto* run = std::get_if<command::Run>(&command);
    if (run && run->until == 0 && i + 1 < session.commands.size()) run->until = session.commands[i + 1].step;
    if (!run || run->until > session.commands[i].step) commands.push_back(std::move(command));
  }
  return commands;
}

Result<std::vector<Command>> commands_to_open(const std::string& path) {
  if (is_patch(path)) {
    LAB_ASSIGN(StatePatch patch, read_patch(path));
    return std::vector<Command>{command::ApplyPatch{std::move(patch.title), std::move(patch.edits)}};
  }
  if (!is_session(path)) return std::vector<Command>{command::Open{path}};
  LAB_ASSIGN(const Session session, read_session(path));
  LAB_ASSIGN(std::string model, find_session_model(session, path));
  std::vector<Command> commands{command::Open{std::move(model), session.model_hash}};
  for (Command& command : commands_of(session)) commands.push_back(std::move(command));
  return commands;
}

}  // namespace lab
