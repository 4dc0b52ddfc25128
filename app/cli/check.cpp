// statelab check: reads and validates files of any kind without running them.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "app/core/file_check.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::vector<std::string> paths;
  Reporting reporting;
};

JsonValue json_of(const FileCheck& check) {
  JsonValue problems = JsonValue::array();
  for (const Error& problem : check.problems) problems.push_back(error_json(problem));
  JsonValue out{{"path", check.path}, {"kind", check.kind},         {"ok", check.problems.empty()},
                {"error", nullptr},   {"warnings", check.warnings}, {"problems", problems}};
  if (!check.problems.empty()) out["error"] = problems[0];
  return out;
}

void print_lines(const FileCheck& check, bool quiet) {
  const std::string path = printable(check.path, 400);
  if (check.problems.empty())
    fmt::print("{}: ok, {}\n", path, check.kind + (check.detail.empty() ? "" : ": " + check.detail));
  for (Error problem : check.problems) {
    if (problem.file == check.path) problem.file.clear();
    fmt::print("{}: {}: {}\n", path, name_of(problem.code), problem.text());
  }
  if (quiet) return;
  for (const std::string& warning : check.warnings) warn(path + ": " + warning);
}

Result<int> run(const Arguments& given) {
  JsonValue list = JsonValue::array();
  int code = kDone;
  for (const std::string& path : given.paths) {
    if (interrupted()) return kInterrupted;
    const FileCheck check = check_path(path, Depth::weights);
    if (given.reporting.json)
      list.push_back(json_of(check));
    else
      print_lines(check, given.reporting.quiet);
    for (const Error& problem : check.problems)
      code = code == kDone ? exit_code(problem.code) : std::min(code, exit_code(problem.code));
  }
  if (given.reporting.json) print_json(list);
  return code;
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("check", "Reads and validates files without running them");
  sub->add_option("PATH", given->paths,
                  "Model folders, .safetensors, .gguf, .bin, .npz and .npy files, states, traces, sessions, tokenizers")
      ->required();
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab check my-model state.safetensors notes.statelab.json");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
