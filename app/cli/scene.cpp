#include "app/cli/scene.h"

#include <filesystem>

#include <CLI/CLI.hpp>

#include "app/cli/figure_folder.h"
#include "app/cli/output.h"
#include "app/cli/run_input.h"
#include "app/core/journal.h"
#include "app/core/log.h"
#include "app/core/recent_models.h"
#include "app/core/replay.h"
#include "model/state_file.h"

namespace lab::cli {

void add_source(CLI::App& command, SourceOptions& options) {
  command.add_option("SOURCE", options.source, "A session, or a model: a folder, a file in it, builtin:NAME")
      ->required();
  add_input(command, options.input, InputNeed::optional);
  add_trials(command, options.trials);
  command.add_option("--state", options.state, "The state that a model starts from");
  command.add_option("--layer", options.layer, "The layer that is shown");
  auto* channel = command.add_option("--channel", options.channel, "The channel that is shown");
  auto* index = command.add_option("--state-index", options.state_index, "The state index n that is shown");
  command.add_option("--cell", options.cell, "Both together, as 822,3")->delimiter(',')->expected(2)->excludes(channel)->excludes(index);
  command.add_option("--cursor", options.cursor,
                     "The token that the cursor stands on; -1: before the first. Default: the last");
  command.add_option("--tensor", options.tensor, "The tensor whose weights are shown");
  command.add_option("--against", options.against, "Another model that they are compared with");
}

bool is_session(const std::string& path) {
  std::error_code ignored;
  if (is_journal(path)) return true;
  return path.ends_with(".json") && std::filesystem::path(path).filename() != "config.json" &&
         std::filesystem::is_regular_file(path, ignored);
}

Result<Session> read_source(const std::string& path, const Reporting& reporting) {
  std::vector<std::string> warnings;
  LAB_ASSIGN(Session session, read_session_or_journal(path, warnings));
  if (!reporting.quiet)
    for (const std::string& warning : warnings) warn(warning);
  return session;
}

Result<std::shared_ptr<const OpenedModel>> open_session_model(const Session& session, const std::string& path,
                                                              const Reporting& reporting, const std::string& given) {
  for (const std::string& field : session.unknown_fields)
    if (!reporting.quiet) warn("unknown field " + field + " of the session is not used");
  auto found = given.empty() ? find_session_model(session, path) : Result<std::string>(given);
  if (!found && found.error().code == Code::not_found)
    if (const auto recent = models_opened_before(); !recent.empty()) found = find_session_model(session, path, recent);
  LAB_ASSIGN(const std::string model, std::move(found));
  LAB_ASSIGN(const auto opened, open(model, reporting));
  if (!session.model_hash.empty() && !reporting.quiet)
    if (const std::string hash = content_hash(opened->checkpoint); hash != session.model_hash)
      warn(fmt::format("the session was made with model {}, this one is {}", session.model_hash, hash));
  return opened;
}

std::vector<std::string> models_opened_before() {
  auto recent = read_recent(state_file("recent.json"));
  return recent ? recent.take() : std::vector<std::string>();
}

Result<std::unique_ptr<Lab>> make_lab(const Arithmetic& arithmetic, const History& history, const std::string& dumps) {
  LAB_TRY(check_device(arithmetic));
  if (arithmetic.is_double())
    return Error{.code = Code::unsupported,
                 .field = "--dtype",
                 .expected = "f32, bf16 or f16",
                 .found = "f64",
                 .message = "a recorded run computes in single precision",
                 .next = "`statelab trace` runs in double precision"};
  LabOptions options;
  options.arithmetic = arithmetic.context();
  options.trace = history.trace();
  options.stop = &interrupted();
  options.go_on = [] { return !interrupted(); };
  options.opened_before = models_opened_before;
  if (!dumps.empty())
    options.dump = [dumps](const State& state, const std::string& name, const std::string& model_hash) -> Status {
      LAB_TRY(make_folder(dumps));
      return save_state((std::filesystem::path(dumps) / name).string(), state, model_hash);
    };
  return std::make_unique<Lab>(options);
}

std::vector<Command> selection_of(const SourceOptions& options, const Selection& now) {
  std::vector<Command> commands;
  if (!options.cell.empty())
    commands.push_back(command::Select{options.layer.value_or(now.layer), options.cell[0], options.cell[1]});
  else if (options.layer || options.channel || options.state_index)
    commands.push_back(command::Select{options.layer.value_or(now.layer), options.channel.value_or(-1), options.state_index.value_or(-1)});
  if (options.cursor) commands.push_back(command::Seek{*options.cursor, "a"});
  if (!options.tensor.empty()) commands.push_back(command::ShowWeights{options.tensor, options.against});
  return commands;
}

namespace {

Status replay_session(const SourceOptions& options, const Reporting& reporting, Lab& lab) {
  const bool has_trials = options.trials != command::SetTrials();
  if (options.input.is_given() || has_trials)
    return Error{.code = Code::bad_argument,
                 .field = has_trials ? "trials" : "INPUT",
                 .expected = "a session alone",
                 .found = has_trials ? label_of(options.trials) : "an input",
                 .message = "a session brings its own input and trials"};
  LAB_ASSIGN(const Session session, read_source(options.source, reporting));
  LAB_ASSIGN(auto opened, open_session_model(session, options.source, reporting));
  lab.put(std::move(opened));
  return replay(session.commands, lab, [](const command::ExportFigure&) { return Status(); }, &interrupted());
}

Status run_model(const SourceOptions& options, const Reporting& reporting, Lab& lab) {
  LAB_ASSIGN(const auto opened, open(options.source, reporting));
  lab.put(opened);
  if (!options.state.empty()) {
    LAB_ASSIGN(const State start,
               start_state<float>(*opened, options.state, content_hash(opened->checkpoint), reporting.quiet));
    if (const Answer answer = lab.start_from(start); !answer.applied) return answer.refusal;
  }
  if (const Answer answer = lab.apply(options.trials); !answer.applied) return answer.refusal;
  if (!options.input.is_given()) return {};
  const ModelInfo& info = opened->model->info();
  LAB_ASSIGN(Input input, read_input(options.input, opened->tokenizer.get(), info.vocabulary, info.hidden));
  if (input.vectors.empty()) return read_all(lab, std::move(input.ids), &interrupted());
  if (const Answer answer = lab.feed_vectors(std::move(input.vectors)); !answer.applied) return answer.refusal;
  return replay({{0, command::ReadWaiting{}}}, lab, {}, &interrupted());
}

}  // namespace

Result<std::unique_ptr<Lab>> prepare(const SourceOptions& options, const Arithmetic& arithmetic, const History& history,
                                     const Reporting& reporting) {
  LAB_ASSIGN(auto lab, make_lab(arithmetic, history));
  LAB_TRY(is_session(options.source) ? replay_session(options, reporting, *lab) : run_model(options, reporting, *lab));
  for (const Command& command : selection_of(options, lab->snapshot()->selection))
    if (const Answer answer = lab->apply(command); !answer.applied) return answer.refusal;
  lab->model_hash();  // figures say it
  return lab;
}

}  // namespace lab::cli
