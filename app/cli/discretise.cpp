// statelab discretise: the recorded recurrence of a layer under other rules of discretisation.
#include <cmath>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/core/discretisation_look.h"
#include "app/shell/figure_export.h"

namespace lab::cli {
namespace {

struct Arguments {
  SourceOptions source;
  std::vector<double> clamp;
  std::vector<std::int64_t> tokens;
  std::vector<std::string> outputs;
  std::string size;
  Arithmetic arithmetic;
  History history;
  Reporting reporting;
};

/// The largest error, and the last one.
std::pair<double, double> errors_of(const DiscretisationCurve& curve) {
  double most = 0;
  for (const double error : curve.error)
    if (!std::isnan(error)) most = std::max(most, error);
  return {most, curve.error.empty() ? 0 : curve.error.back()};
}

JsonValue json_of(const DiscretisationTable& table) {
  const auto known = [](double value) { return std::isfinite(value) ? JsonValue(value) : JsonValue(); };
  JsonValue rules = JsonValue::array();
  for (const DiscretisationCurve& curve : table.curves) {
    const auto [most, last] = errors_of(curve);
    JsonValue one{{"rule", name_of(curve.rule)}, {"clamped", curve.is_clamped}, {"largest_error", known(most)}, {"last_error", known(last)},
                  {"first_overflow", curve.first_overflow < 0 ? JsonValue() : JsonValue(table.first + curve.first_overflow)},
                  {"growing", curve.growing}, {"largest_factor", curve.largest_keep}, {"error", JsonValue::array()}};
    for (const double error : curve.error) one["error"].push_back(known(error));
    rules.push_back(std::move(one));
  }
  return {{"layer", table.layer}, {"first", table.first}, {"last", table.last}, {"rules", std::move(rules)}};
}

void print_rules(const DiscretisationTable& table) {
  std::vector<std::vector<std::string>> rows{{"rule", "largest error", "last error", "grows in", "by at most", "beyond float at"}};
  for (const DiscretisationCurve& curve : table.curves) {
    const auto [most, last] = errors_of(curve);
    rows.push_back({curve.name, fmt::format("{:.3g}", most), fmt::format("{:.3g}", last), fmt::format("{:.2f} %", 100 * curve.growing), fmt::format("{:.4g}", curve.largest_keep),
                    curve.first_overflow < 0 ? "never" : fmt::format("t = {}", table.first + curve.first_overflow)});
  }
  fmt::print("layer {}, tokens {} to {}: relative error of the state against the exact rule\n\n{}", table.layer, table.first, table.last - 1,
             cli::table(rows, {false, true, true, true, true, true}));
}

Result<int> run(const Arguments& given) {
  for (const std::string& output : given.outputs)
    if (!can_export_to(output))
      return Error{.code = Code::bad_argument, .file = output, .field = "-o", .expected = "a name that ends in .pdf, .svg, .png or .csv", .message = "a figure cannot be written to this file"};
  LAB_ASSIGN(const auto lab, prepare(given.source, given.arithmetic, given.history, given.reporting));
  if (!given.tokens.empty())
    if (const Answer answer = lab->apply(command::ShowRange{given.tokens[0], given.tokens[1]}); !answer.applied) return answer.refusal;
  const auto snapshot = lab->snapshot();
  const Selection& s = snapshot->selection;
  std::optional<StepBounds> bounds;
  if (!given.clamp.empty()) bounds = StepBounds{given.clamp[0], given.clamp[1]};
  const Model& model = *lab->opened()->model;
  Context<float> context(given.arithmetic.context());
  State scratch(model.schema());
  const std::int64_t last = s.last == 0 ? snapshot->count() : std::min(s.last, snapshot->count());
  LAB_ASSIGN(const auto table, compare_discretisations(model, *snapshot, static_cast<int>(s.layer), s.first, last, bounds ? &*bounds : nullptr, scratch, context,
                                                       [] { return interrupted().load(); }));
  if (!table) return Error{.code = Code::cancelled, .field = "INPUT", .message = "interrupted, nothing was finished"};
  if (!given.outputs.empty()) {
    command::ExportFigure wanted{.kind = "discretisation", .file = given.outputs.front()};
    if (!given.size.empty()) {
      LAB_ASSIGN(const auto size, parse_size(given.size));
      wanted.width_in = size.first, wanted.height_in = size.second;
    }
    FigureOptions options;
    options.step_bounds = bounds;
    LAB_ASSIGN(const FigurePage page, make_page(snapshot, lab->opened(), wanted, options, given.arithmetic.context()));
    for (const std::string& file : given.outputs) LAB_TRY(write_page(page, file));
  }
  if (given.reporting.json) print_json(json_of(*table));
  else print_rules(*table);
  return kDone;
}

}  // namespace

void add_discretise(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("discretise", "A layer's recurrence under other rules of discretisation: Euler, zero-order hold, bilinear");
  add_source(*sub, given->source);
  sub->add_option("--clamp", given->clamp, "The same again with time steps within LOW HIGH, as 0.001 0.1")->expected(2);
  sub->add_option("--tokens", given->tokens, "Only the tokens FIRST to LAST, that one not among them. Default: since the last edit")->expected(2);
  sub->add_option("-o", given->outputs, "Draws the errors to a .pdf, .svg, .png or .csv file; may be given several times")->expected(1)->take_all();
  sub->add_option("--size", given->size, "Width x height in inches. Default: 5.5 x 3.4");
  add_arithmetic(*sub, given->arithmetic);
  add_history(*sub, given->history);
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab discretise builtin:prose --text 'In the beginning' --layer 1 --clamp 0.001 0.1 -o rules.pdf");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
