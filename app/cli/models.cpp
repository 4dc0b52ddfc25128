// statelab models: the built-in models and where they were looked for.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "model/builtin.h"

namespace lab::cli {
namespace {

std::string count_text(std::int64_t count) {
  return count < 1'000'000 ? fmt::format("{:.3g} k", static_cast<double>(count) / 1e3)
                           : fmt::format("{:.3g} M", static_cast<double>(count) / 1e6);
}

Result<int> run(const Reporting& reporting) {
  JsonValue list = JsonValue::array();
  std::vector<std::vector<std::string>> rows;
  for (const BuiltinModel& builtin : builtin_models()) {
    const std::string name = "builtin:" + builtin.name;
    const auto opened = open_model(name);
    if (!opened) {
      warn(opened.error().text());
      continue;
    }
    const ModelInfo& info = (*opened)->model->info();
    list.push_back({{"name", name},
                    {"family", info.family},
                    {"parameters", info.parameters},
                    {"sentence", builtin.sentence},
                    {"folder", builtin.folder}});
    rows.push_back({name, info.family, count_text(info.parameters), builtin.sentence});
  }
  if (reporting.json) {
    print_json({{"models", list}, {"folders", builtin_folders()}});
    return kDone;
  }
  fmt::print("{}\nfolders searched:\n", table(rows, {false, false, true, false}));
  for (const std::string& folder : builtin_folders()) fmt::print("  {}\n", folder);
  return kDone;
}

}  // namespace

void add_models(CLI::App& app, Action& action) {
  auto reporting = std::make_shared<Reporting>();
  CLI::App* sub = app.add_subcommand("models", "Lists the built-in models and the folders searched");
  add_reporting(*sub, *reporting);
  sub->footer("Example:\n  statelab models");
  sub->callback([reporting, &action] { action = [reporting] { return run(*reporting); }; });
}

}  // namespace lab::cli
