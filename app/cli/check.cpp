// statelab check: reads and validates files of any kind without running them.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "app/core/file_check.h"
#include "model/state_file.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::vector<std::string> paths;
  std::string model;
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

/// What a state file must fit.
struct Fingerprint {
  std::shared_ptr<const StateSchema> schema;
  std::string model_hash;
};

Result<Fingerprint> fingerprint_of(const std::string& model) {
  LAB_ASSIGN(const auto opened, open(model, {.quiet = true}));
  return Fingerprint{opened->model->schema(), content_hash(opened->checkpoint)};
}

// A state that is sound in itself may still be another model's.
void compare_with(const Fingerprint& model, FileCheck& check) {
  if (check.kind != "state" || !check.problems.empty()) return;
  const auto loaded = load_state<float>(check.path, model.schema, model.model_hash);
  if (!loaded) check.problems.push_back(loaded.error());
}

Result<int> run(const Arguments& given) {
  Fingerprint model;
  if (!given.model.empty()) {
    LAB_ASSIGN(model, fingerprint_of(given.model));
  }
  JsonValue list = JsonValue::array();
  int code = kDone;
  for (const std::string& path : given.paths) {
    if (interrupted()) return kInterrupted;
    FileCheck check = check_path(path, Depth::weights);
    if (model.schema) compare_with(model, check);
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
  sub->add_option("--model", given->model, "States must fit this model: a folder, a file in it, or builtin:NAME");
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab check my-model state.safetensors notes.statelab.json");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
