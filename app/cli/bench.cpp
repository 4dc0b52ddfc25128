// statelab bench: what this machine does in a second.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "bench/bench.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string filter;
  bool list = false;
  bench::BenchOptions options;
  Reporting reporting;
};

bool is_wanted(const std::string& name, const std::string& filter) {
  return filter.find_first_of("*?") == std::string::npos ? name.find(filter) != std::string::npos
                                                         : matches_glob(name, filter);
}

JsonValue json_of(const bench::Measurement& m) {
  JsonValue out{{"name", m.name},           {"value", m.value}, {"unit", m.unit},
                {"median_of", m.median_of}, {"low", m.low},     {"high", m.high}};
  for (const auto& [name, value] : m.more) out[name] = value;
  return out;
}

// What was measured before an interruption is printed all the same.
void print(const std::vector<bench::Measurement>& measured, bool json) {
  JsonValue list = JsonValue::array();
  std::vector<std::vector<std::string>> rows{{"benchmark", "value", "unit", "low", "high"}};
  for (const bench::Measurement& m : measured) {
    list.push_back(json_of(m));
    rows.push_back(
        {m.name, fmt::format("{:.4g}", m.value), m.unit, fmt::format("{:.4g}", m.low), fmt::format("{:.4g}", m.high)});
  }
  if (json)
    print_json(list);
  else
    fmt::print("{}", table(rows, {false, true, false, true, true}));
}

Result<int> run(const Arguments& given) {
  std::vector<bench::Case> chosen;
  for (bench::Case& each : bench::cases(given.options))
    if (is_wanted(each.name, given.filter)) chosen.push_back(std::move(each));
  if (chosen.empty())
    return Error{.code = Code::not_found,
                 .field = "FILTER",
                 .expected = "a part of a benchmark's name, or a glob",
                 .found = printable(given.filter),
                 .message = "no benchmark has such a name",
                 .next = "`statelab bench --list` prints them"};
  if (given.list) {
    JsonValue names = JsonValue::array();
    for (const bench::Case& each : chosen) names.push_back(each.name);
    if (given.reporting.json)
      print_json(names);
    else
      for (const bench::Case& each : chosen) fmt::print("{}\n", each.name);
    return kDone;
  }
  std::vector<bench::Measurement> measured;
  Progress progress("benchmark", static_cast<std::int64_t>(chosen.size()), given.reporting.quiet);
  for (const bench::Case& each : chosen) {
    if (interrupted()) break;
    progress.show(static_cast<std::int64_t>(measured.size()));
    LAB_ASSIGN(bench::Measurement measurement, each.run());
    measured.push_back(std::move(measurement));
  }
  print(measured, given.reporting.json);
  return interrupted() ? kInterrupted : kDone;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("bench", "Measures this machine");
  sub->add_option("FILTER", given->filter, "A part of the names to run, or a glob");
  sub->add_option("--model", given->options.model, "Also measures this model, as SHAPE `model`");
  sub->add_option("--rounds", given->options.rounds, "Each number is the median of so many rounds")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  sub->add_flag("--list", given->list, "Prints the names");
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab bench 'decode/mamba-130m/f32/*' --json");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
