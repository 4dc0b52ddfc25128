// statelab intervene: what interventions do to what a model expects, beside matched controls.
#include <cmath>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/controls_json.h"
#include "app/cli/run_input.h"
#include "app/cli/subcommands.h"
#include "app/core/command_json.h"
#include "app/core/controls.h"
#include "app/core/interventions.h"
#include "app/core/rule_file.h"
#include "app/core/trials.h"

namespace lab::cli {
namespace {

constexpr JsonLimits kRuleLimits{.bytes = 1 << 20, .depth = 8, .values = 1 << 16, .string_bytes = 1 << 16};

struct Arguments {
  std::string model, state, file;
  std::vector<std::string> rules;
  ControlOptions options{.with_controls = false};
  InputOptions input;
  Arithmetic arithmetic;
  command::SetTrials trials;
  Reporting reporting;
};

Result<std::vector<Intervention>> rules_of(const Arguments& given) {
  std::vector<Intervention> rules;
  if (!given.file.empty()) {
    LAB_ASSIGN(RuleFile file, read_rule_file(given.file));
    rules = std::move(file.interventions);
  }
  for (const std::string& text : given.rules) {
    LAB_ASSIGN(const Json json, parse_json(text, kRuleLimits, "--rule"));
    LAB_ASSIGN(std::vector<Intervention> read, interventions_from(json, "--rule"));
    for (Intervention& rule : read) rules.push_back(std::move(rule));
  }
  if (rules.empty())
    return Error{.code = Code::missing, .field = "--rule", .expected = R"(an intervention, as {"operation": "zero", "target": "h", "layers": "1", "first": 4, "last": 5})",
                 .found = "none", .message = "there is nothing to intervene with"};
  return rules;
}

std::string effect_text(const EffectRow& row, double value) { return !row.refusal.empty() ? row.refusal : std::isfinite(value) ? fmt::format("{:.4g}", value) : "not a number"; }

void print_tables(const std::vector<std::shared_ptr<const ControlTable>>& tables) {
  std::vector<std::vector<std::string>> rows{{"what", "target", "layers", "parts", "tokens", "read at", "effect", "mean"}};
  for (const EffectRow& row : std::span(tables.front()->rows).subspan(1)) rows.front().push_back(row.name);
  for (const auto& table : tables) {
    const Intervention& rule = table->intervention;
    const std::string parts = !rule.heads.empty() ? "heads " + rule.heads : rule.channels.empty() ? "all" : rule.channels;
    auto& cells = rows.emplace_back(std::vector<std::string>{rule.name.empty() ? brief_words_of(rule) : rule.name, target_text(rule), rule.layers.empty() ? "all" : rule.layers, parts,
                                                             tokens_text(rule), std::to_string(table->at), effect_text(table->rows[0], table->rows[0].after),
                                                             effect_text(table->rows[0], table->rows[0].mean)});
    for (const EffectRow& row : std::span(table->rows).subspan(1)) cells.push_back(effect_text(row, row.after));
  }
  fmt::print("{}\n", cli::table(rows, {false, false, false, false, true, true, true, true, true, true, true, true}));
  for (const auto& table : tables) fmt::print("{}\n", table->reading);
}

Result<int> run(const Arguments& given) {
  LAB_TRY(check_device(given.arithmetic));
  if (given.arithmetic.is_double())
    return Error{.code = Code::unsupported, .field = "--dtype", .expected = "f32, bf16 or f16", .found = "f64", .message = "interventions act in single precision"};
  LAB_ASSIGN(const auto opened, open(given.model, given.reporting));
  LAB_TRY(check(given.trials, *opened->model));
  LAB_ASSIGN(const std::vector<Intervention> rules, rules_of(given));
  for (const Intervention& rule : rules) LAB_TRY(check(rule, opened->model->info().layers));
  const ModelInfo& info = opened->model->info();
  LAB_ASSIGN(const Input input, read_input(given.input, opened->tokenizer.get(), info.vocabulary, info.hidden));
  if (!input.vectors.empty())
    return Error{.code = Code::unsupported, .field = "--input", .expected = "tokens", .found = "vectors", .message = "effects are measured on what the model expects next"};
  Context<float> context(given.arithmetic.context());
  context.stop = &interrupted();
  context.trials = trials_of(given.trials);
  LAB_ASSIGN(const State start, start_state<float>(*opened, given.state, given.state.empty() ? "" : content_hash(opened->checkpoint), given.reporting.quiet));
  std::vector<std::shared_ptr<const ControlTable>> tables;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].on) continue;
    Progress progress(fmt::format("intervention {} of {}, per mille", i + 1, rules.size()), 1000, given.reporting.quiet);
    LAB_ASSIGN(auto table, run_controls(*opened, start, 0, input.ids, rules, i, given.options, context, [&](double share) {
                 progress.show(static_cast<std::int64_t>(1000 * share));
                 return !interrupted();
               }));
    tables.push_back(std::move(table));
  }
  if (tables.empty()) return Error{.code = Code::missing, .field = "--rule", .expected = "one that is on", .found = "all are off", .message = "there is nothing to intervene with"};
  if (!given.reporting.json) {
    print_tables(tables);
    return kDone;
  }
  JsonValue out{{"model", info.name}, {"tokens", input.ids.size()}, {"unit", "nat"}, {"interventions", JsonValue::array()}};
  for (const auto& table : tables) out["interventions"].push_back(json_of(*table));
  print_json(out);
  return kDone;
}

}  // namespace

void add_intervene(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("intervene", "What interventions do to what a model expects, beside matched controls");
  sub->add_option("MODEL", given->model, "A folder, a file in it, or builtin:NAME")->required();
  add_input(*sub, given->input);
  sub->add_option("--rule", given->rules, "An intervention as JSON; may be given several times, and then all of them hold")->expected(1)->take_all();
  sub->add_option("--rules", given->file, "A .rules.json file, as the window saves one, or other JSON of interventions");
  sub->add_flag("--controls", given->options.with_controls, "Runs noise of equal norm, the next layer, random channels and a copied residual beside each");
  sub->add_option("--after", given->options.after, "The effect is read so many tokens after the window")->check(CLI::Range(1, 4096))->capture_default_str();
  sub->add_option("--seed", given->options.seed, "Of the controls that are drawn")->capture_default_str();
  sub->add_option("--state", given->state, "The state to start from");
  add_arithmetic(*sub, given->arithmetic);
  add_trials(*sub, given->trials);
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab intervene builtin:copy --text '· · A · · C ? ?' --rule '{\"operation\": \"block_write\", \"layers\": \"1\", \"first\": 2, \"last\": 3}' --controls");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
