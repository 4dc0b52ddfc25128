#include "app/shell/script.h"

#include <algorithm>
#include <utility>

#include "app/core/journal.h"
#include "app/core/rule_file.h"
#include "app/core/state_patch.h"
#include "model/files/file.h"

namespace lab {

namespace {

// Where the next command is that is no look; -1: there is none.
std::int64_t next_change(const std::vector<SessionCommand>& commands, std::size_t i) {
  while (++i < commands.size())
    if (!is_look(commands[i].command)) return commands[i].step;
  return -1;
}

// Opening a file writes no other files.
std::string figures_text(std::int64_t figures, const std::string& path) {
  const std::string what = figures == 1 ? "1 figure that the session exports is" : std::to_string(figures) + " figures that the session exports are";
  return what + " not written here: `statelab run " + printable(plain_name(path)) + " -o FOLDER` writes " + (figures == 1 ? "it" : "them");
}

}  // namespace

bool is_for_run(const std::string& path) { return is_patch(path) || is_rule_file(path); }

std::vector<Command> commands_of(const Session& session) {
  std::vector<Command> commands;
  for (std::size_t i = 0; i < session.commands.size(); ++i) {
    Command command = session.commands[i].command;
    if (std::holds_alternative<command::ExportFigure>(command)) continue;
    auto* run = std::get_if<command::Run>(&command);
    if (run && run->until == 0) run->until = std::max<std::int64_t>(next_change(session.commands, i), 0);
    if (!run || run->until > session.commands[i].step) commands.push_back(std::move(command));
  }
  return commands;
}

Result<OpeningPlan> plan_of(Session session, const std::string& path, const std::vector<std::string>& opened_before, const std::string& located) {
  LAB_ASSIGN(std::string model, located.empty() ? find_session_model(session, path, opened_before) : Result<std::string>(located));
  OpeningPlan plan{.commands = {command::Open{std::move(model), session.model_hash}}, .is_session = true};
  plan.replayed = std::exchange(session.commands, {});
  const auto figures = std::ranges::count_if(plan.replayed, [](const SessionCommand& each) { return std::holds_alternative<command::ExportFigure>(each.command); });
  if (figures > 0) plan.remark = figures_text(figures, path);
  for (std::size_t i = plan.replayed.size(); i-- > 0;) {
    auto* run = std::get_if<command::Run>(&plan.replayed[i].command);
    if (!run || run->until > 0 || next_change(plan.replayed, i) >= 0) continue;
    run->until = plan.replayed.back().step;  // only looks follow: it ends at the last one
    if (run->until <= plan.replayed[i].step) plan.replayed.erase(plan.replayed.begin() + static_cast<std::ptrdiff_t>(i));
  }
  plan.session = std::move(session);
  return plan;
}

Result<OpeningPlan> plan_to_open(const std::string& path, const std::vector<std::string>& opened_before, const std::string& located) {
  std::vector<std::string> warnings;
  if (is_journal(path)) {
    LAB_ASSIGN(Session session, read_session_or_journal(path, warnings));
    LAB_ASSIGN(OpeningPlan plan, plan_of(std::move(session), path, opened_before, located));
    plan.warnings = std::move(warnings);
    return plan;
  }
  if (is_for_run(path) || !is_session(path)) {
    LAB_ASSIGN(std::vector<Command> commands, commands_to_open(path));
    return OpeningPlan{.commands = std::move(commands)};
  }
  LAB_ASSIGN(Session session, read_session(path));
  return plan_of(std::move(session), path, opened_before, located);
}

Result<std::vector<Command>> commands_to_open(const std::string& path) {
  if (is_patch(path)) {
    LAB_ASSIGN(StatePatch patch, read_patch(path));
    return std::vector<Command>{command::ApplyPatch{std::move(patch.title), std::move(patch.edits)}};
  }
  if (is_rule_file(path)) {
    LAB_ASSIGN(RuleFile rules, read_rule_file(path));
    return std::vector<Command>{command::UseInterventions{std::move(rules.interventions)}};
  }
  if (!is_session(path)) return std::vector<Command>{command::Open{path}};
  LAB_ASSIGN(const Session session, read_session(path));
  LAB_ASSIGN(std::string model, find_session_model(session, path));
  std::vector<Command> commands{command::Open{std::move(model), session.model_hash}};
  for (Command& command : commands_of(session)) commands.push_back(std::move(command));
  return commands;
}

}  // namespace lab
