// Without a subcommand: the window.
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "app/cli/options.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/core/log.h"
#include "app/core/model_facts.h"
#include "app/shell/preferences.h"
#include "app/shell/script.h"
#include "app/shell/shell.h"

namespace lab::cli {

Status check_targets(const std::vector<std::string>& targets) {
  std::error_code ignored;
  for (const std::string& target : targets)
    if (!target.starts_with("builtin:") && !std::filesystem::exists(target, ignored))
      return Error{.code = Code::bad_argument,
                   .field = "command line",
                   .expected = "a subcommand, a model or a session",
                   .found = printable(target),
                   .message = "this is neither a subcommand nor a file",
                   .next = "`statelab --help` lists the subcommands"};
  return {};
}

Result<int> open_window(const std::vector<std::string>& targets, const History& history, bool has_budget) {
  LAB_TRY(check_targets(targets));
  if (targets.size() > 2)
    return Error{.code = Code::unsupported,
                 .field = "TARGET",
                 .expected = "one or two models, sessions or recorded traces",
                 .found = fmt::format("{}", targets.size()),
                 .message = "the window opens two files at most",
                 .next = "open the others from Compare (Ctrl+Shift+O)"};
  if (targets.size() == 2)
    if (const auto plan = plan_to_compare(targets[0], targets[1]); !plan) return plan.error();
  if (!std::getenv("DISPLAY") && !std::getenv("WAYLAND_DISPLAY"))
    return Error{.code = Code::environment,
                 .message = "there is no display for the window",
                 .next = "`statelab run SESSION` and `statelab screenshot` work without one"};
  Log log(Log::default_file());
  LabOptions options;
  options.arithmetic = Arithmetic().context();
  std::vector<std::string> told;  // by the window, which reads the file too
  const Settings settings = read_preferences(config_file("settings.json"), told).settings;
  options.arithmetic.threads = static_cast<int>(settings.threads);
  options.trace = has_budget ? history.trace() : History{.budget_gib = settings.budget_gib, .spill = history.spill}.trace();
  options.log = &log;
  interrupted() = true;  // the next Ctrl+C ends the program at once: nothing here waits for the first
  const char* controls = std::getenv("STATELAB_CONTROLS");  // of scripts that click
  const std::string recent = state_file("recent.json"), kept_settings = config_file("settings.json");
  options.opened_before = models_opened_before;
  KeeperOptions keeper{.program = program_text(), .arithmetic = arithmetic_text(Context<float>(options.arithmetic))};
  if (!recent.empty()) keeper.journal_folder = state_file("journals");
  for (const std::string& file : {recent, kept_settings})
    if (!file.empty()) keeper.own_folders.push_back(std::filesystem::path(file).parent_path().string());
  return run_window(targets, options,
                    {.record_items = controls != nullptr,
                     .recent_file = recent,
                     .controls_file = controls ? controls : "",
                     .settings_file = kept_settings,
                     .preview = [budget = options.trace.budget_bytes](const std::string& path) { return make_preview(path, budget); },
                     .arithmetic = options.arithmetic,
                     .study_pictures = true,
                     .keeper = std::move(keeper),
                     .shows_saved = true});
}

}  // namespace lab::cli
