#pragma once
// The subcommands: each adds itself, its options and its worked example to the parser, and says what is to be done.
#include <functional>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace CLI {
class App;
}

namespace lab::cli {

struct History;

/// What the chosen subcommand does: an exit code, or a refusal that main reports.
using Action = std::function<Result<int>()>;

void add_models(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_weights(CLI::App& app, Action& action);
void add_tokenize(CLI::App& app, Action& action);
void add_trace(CLI::App& app, Action& action);
void add_generate(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_figure(CLI::App& app, Action& action);
void add_screenshot(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_intervene(CLI::App& app, Action& action);
void add_discretise(CLI::App& app, Action& action);
void add_state(CLI::App& app, Action& action);
void add_lanes(CLI::App& app, Action& action);

/// Refuses what is neither a file nor a built-in model: a misspelt subcommand, mostly.
Status check_targets(const std::vector<std::string>& targets);
/// Opens the window on a model or a session, or on its start page. Its settings say how much history is kept unless the
/// command line does. Refuses where there is no display.
Result<int> open_window(const std::vector<std::string>& targets, const History& history, bool has_budget);

/// The text of `--version`.
std::string version_text();
/// "statelab 0.1.0, 0ad8439": what wrote a journal.
std::string program_text();

}  // namespace lab::cli
