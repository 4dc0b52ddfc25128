// statelab run: replays a session to its end: steps, edits, figures; compares the hashes stored in it.
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/controls_json.h"
#include "app/cli/figure_folder.h"
#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/core/controls.h"
#include "app/core/replay.h"
#include "app/core/watcher.h"
#include "model/base/hash.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string session, folder, model;
  bool expect = false, fail_on_alert = false;
  Arithmetic arithmetic;
  History history;
  Reporting reporting;
};

struct Comparison {
  std::int64_t step = 0;
  std::string expected, found;
};

// The model's hash counts as expected too: with another model nothing else can be equal.
Result<std::vector<Comparison>> compare(const Session& session, Lab& lab) {
  if (session.expected.empty())
    return Error{.code = Code::missing,
                 .field = "expected",
                 .expected = "hashes of states",
                 .found = "none",
                 .message = "the session expects nothing"};
  std::vector<Comparison> comparisons;
  for (const auto& [step, expected] : session.expected) {
    if (step > lab.snapshot()->count())
      return Error{.code = Code::out_of_range,
                   .field = "expected",
                   .expected = fmt::format("a position up to {}", lab.snapshot()->count()),
                   .found = std::to_string(step),
                   .message = "the run did not come so far"};
    LAB_ASSIGN(std::string found, state_hash(lab, step));
    comparisons.push_back({step, expected, std::move(found)});
  }
  return comparisons;
}

/// What the rules find in the run as it is in the end.
Result<std::shared_ptr<const AlertLog>> alerts_of(Lab& lab, const ContextOptions& arithmetic) {
  Context<float> context(arithmetic);
  const auto snapshot = lab.snapshot();
  Watcher watcher(*lab.opened()->model, *snapshot->rules, context);
  LAB_ASSIGN(const bool finished, watcher.follow(watched(*snapshot), snapshot->count(), [] { return interrupted().load(); }));
  if (!finished) return Error{.code = Code::cancelled, .message = "interrupted"};
  return watcher.log();
}

JsonValue json_of(const AlertLog& log) {
  JsonValue list = JsonValue::array();
  for (const Alert& alert : log.alerts)
    list.push_back({{"rule", (*log.rules)[static_cast<std::size_t>(alert.rule)].kind},
                    {"token", alert.finding.token},
                    {"layer", alert.finding.layer},
                    {"value", alert.finding.value},
                    {"limit", alert.finding.limit},
                    {"text", alert.finding.text}});
  return list;
}

JsonValue json_of(const std::vector<TokenNote>& notes) {
  JsonValue list = JsonValue::array();
  for (const TokenNote& note : notes) list.push_back({{"token", note.token}, {"text", note.text}});
  return list;
}

JsonValue json_of(const std::vector<NamedRange>& ranges) {
  JsonValue list = JsonValue::array();
  for (const NamedRange& range : ranges) list.push_back({{"name", range.name}, {"first", range.first}, {"last", range.last}});
  return list;
}

/// Says what was not written for want of a folder.
void warn_of_left_out(const std::vector<std::string>& figures, const std::vector<Notice>& notices) {
  if (!figures.empty())
    warn(fmt::format("{} not written, for want of a folder (-o): {}", figures.size() == 1 ? "1 figure is" : fmt::format("{} figures are", figures.size()), fmt::join(figures, ", ")));
  if (std::ranges::find(notices, kNoDumpFolder, &Notice::text) != notices.end()) warn("states that rules ask for are not written, for want of a folder (-o)");
}

int report_run(const Arguments& given, const Session& session, Lab& lab, const FigureFolder& figures,
               const std::vector<Comparison>& comparisons, const AlertLog& alerts, const ControlTable* controls) {
  const std::string hash = hex_of(lab.state().hash()), model_hash = lab.model_hash();
  const bool other_model = given.expect && !session.model_hash.empty() && session.model_hash != model_hash;
  bool equal = !other_model;
  JsonValue list = JsonValue::array();
  for (const Comparison& c : comparisons) {
    equal = equal && c.expected == c.found;
    list.push_back({{"step", c.step}, {"expected", c.expected}, {"found", c.found}, {"equal", c.expected == c.found}});
  }
  if (given.reporting.json) {
    print_json({{"session", given.session},
                {"tokens", lab.snapshot()->count()},
                {"state_hash", hash},
                {"model_hash", model_hash},
                {"arithmetic", lab.snapshot()->model->arithmetic},
                {"files", figures.files()},
                {"left_out", figures.left_out()},
                {"equal", given.expect ? JsonValue(equal) : JsonValue(nullptr)},
                {"expected", list},
                {"alerts", json_of(alerts)},
                {"ranges", json_of(*lab.snapshot()->ranges)},
                {"controls", controls ? cli::json_of(*controls) : JsonValue(nullptr)},
                {"notes", json_of(*lab.snapshot()->notes)}});
    return equal ? kDone : kDifference;
  }
  fmt::print("{}: {} commands, {} tokens, state {}\n", given.session, session.commands.size(), lab.snapshot()->count(),
             hash);
  for (const std::string& file : figures.files()) fmt::print("wrote {}\n", file);
  if (other_model) fmt::print("the model differs: expected {}, found {}\n", session.model_hash, model_hash);
  for (const Comparison& c : comparisons) {
    if (c.expected == c.found)
      fmt::print("state at {}: as expected\n", c.step);
    else
      fmt::print("state at {}: differs, expected {}, found {} ({})\n", c.step, c.expected, c.found,
                 lab.snapshot()->model->arithmetic);
  }
  if (controls) fmt::print("{}\n", controls->reading);
  if (given.fail_on_alert)
    for (const Alert& alert : alerts.alerts)
      fmt::print("alert: {} at t = {}{}: {}\n", (*alerts.rules)[static_cast<std::size_t>(alert.rule)].kind, alert.finding.token,
                 alert.finding.layer < 0 ? "" : fmt::format(", layer {}", alert.finding.layer), alert.finding.text);
  return equal ? kDone : kDifference;
}

Result<int> run(const Arguments& given) {
  LAB_ASSIGN(const Session session, read_source(given.session, given.reporting));
  LAB_ASSIGN(const auto lab, make_lab(given.arithmetic, given.history, given.folder));
  LAB_ASSIGN(auto opened, open_session_model(session, given.session, given.reporting, given.model));
  lab->put(std::move(opened));
  lab->model_hash();  // states that rules dump say it
  FigureFolder figures(*lab, given.folder, given.arithmetic.context());
  std::vector<Comparison> comparisons;
  const auto carry_out = [&]() -> Status {
    LAB_TRY(replay(session.commands, *lab, [&](const command::ExportFigure& wanted) { return figures.write(wanted); }, &interrupted()));
    if (!given.expect) return {};
    LAB_ASSIGN(comparisons, compare(session, *lab));
    return {};
  };
  if (Status status = carry_out(); !status) {
    if (status.error().file.empty()) status.error().file = given.session;
    return status.error();
  }
  LAB_ASSIGN(const auto alerts, alerts_of(*lab, given.arithmetic.context()));
  Context<float> context(given.arithmetic.context());
  LAB_ASSIGN(const auto controls, run_controls(*lab->opened(), *lab->snapshot(), context, [](double) { return !interrupted(); }));
  if (!given.reporting.quiet) warn_of_left_out(figures.left_out(), lab->snapshot()->notices);
  const int code = report_run(given, session, *lab, figures, comparisons, *alerts, controls.get());
  return given.fail_on_alert && !alerts->alerts.empty() ? kDifference : code;
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("run", "Replays a session to its end");
  sub->add_option("SESSION", given->session, "A .statelab.json file, or a .journal that a window left")->required();
  sub->add_option("-o", given->folder, "The folder that figures, and states that rules dump, are written into; without one they are left out");
  sub->add_option("--model", given->model, "The session's model, where it is not found by its name: a folder, a file in it, or builtin:NAME");
  sub->add_flag("--expect", given->expect,
                "Compares the state hashes stored in the session; exits with 1 when one differs");
  sub->add_flag("--fail-on-alert", given->fail_on_alert, "Exits with 1 when an alert rule of the session fires");
  add_arithmetic(*sub, given->arithmetic);
  add_history(*sub, given->history);
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab run demo.statelab.json -o figures --expect");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
