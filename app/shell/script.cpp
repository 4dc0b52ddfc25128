#include "app/shell/script.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/core/comparison.h"
#include "app/core/journal.h"
#include "app/core/rule_file.h"
#include "app/core/state_patch.h"
#include "model/files/file.h"
#include "model/state_file.h"

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

bool is_for_run(const std::string& path) { return is_patch(path) || is_rule_file(path) || is_state_file(path); }

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
  if (!is_session(path) || is_for_run(path)) {
    LAB_ASSIGN(std::vector<Command> commands, commands_to_open(path));
    return OpeningPlan{.commands = std::move(commands)};
  }
  LAB_ASSIGN(Session session, read_session(path));
  return plan_of(std::move(session), path, opened_before, located);
}

namespace {

/// What of a file a comparison is about.
enum class Holding : std::uint8_t { trace, session, model };
Holding holding_of(const std::string& path) {
  if (is_trace(path)) return Holding::trace;
  return is_session(path) || is_journal(path) ? Holding::session : Holding::model;
}

/// What makes a model read the tokens of a recorded trace.
Status read_tokens_of(const std::string& trace, std::vector<Command>& commands) {
  LAB_ASSIGN(const auto source, trace_source(trace));
  const std::vector<std::int32_t>& tokens = *source->side().tokens;
  if (tokens.empty() || std::ranges::find(tokens, -1) != tokens.end())
    return Error{.code = Code::missing, .file = trace, .field = "tok.ids", .expected = "the ids of its tokens", .found = "none", .message = "nothing says what the model shall read"};
  commands.emplace_back(command::FeedTokens{tokens});
  commands.emplace_back(command::ReadWaiting{});
  return {};
}

}  // namespace

Result<ComparingPlan> plan_to_compare(const std::string& a, const std::string& b) {
  const Holding of_a = holding_of(a), of_b = holding_of(b);
  if (of_a == Holding::trace && of_b == Holding::trace)
    return Error{.code = Code::unsupported, .file = b, .field = "TARGET", .expected = "a model or a session beside a recorded trace", .found = "two recorded traces",
                 .message = "the window needs a run that can go on", .next = "`statelab compare A B` compares two traces"};
  const bool opens_b = of_a == Holding::trace || (of_a == Holding::model && of_b == Holding::session);
  ComparingPlan plan{.opened = opens_b ? b : a};
  const bool is_model = (opens_b ? of_b : of_a) == Holding::model, is_beside_trace = (opens_b ? of_a : of_b) == Holding::trace;
  if (is_model && is_beside_trace) LAB_TRY(read_tokens_of(opens_b ? a : b, plan.then));
  plan.then.emplace_back(command::CompareWith{whole_path(opens_b ? a : b), opens_b ? "a" : "b"});
  return plan;
}

std::string whole_path(const std::string& path) {
  std::error_code problem;
  const auto whole = path.starts_with("builtin:") ? std::filesystem::path(path) : std::filesystem::absolute(path, problem).lexically_normal();
  return problem ? path : whole.string();
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
  if (is_state_file(path)) return std::vector<Command>{command::Reset{whole_path(path)}};
  if (!is_session(path)) return std::vector<Command>{command::Open{path}};
  LAB_ASSIGN(const Session session, read_session(path));
  LAB_ASSIGN(std::string model, find_session_model(session, path));
  std::vector<Command> commands{command::Open{std::move(model), session.model_hash}};
  for (Command& command : commands_of(session)) commands.push_back(std::move(command));
  return commands;
}

}  // namespace lab
