// statelab info: what a checkpoint holds and what it will cost.
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string model;
  Reporting reporting;
};

// "24 mamba1": how many layers there are of each kind.
std::string layers_text(const ModelInfo& info) {
  std::map<std::string, int> kinds;
  for (const LayerInfo& layer : info.layers) ++kinds[layer.kind];
  std::string text;
  for (const auto& [kind, count] : kinds) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, kind);
  return text;
}

std::string sizes_text(const ModelInfo& info) {
  std::string text = fmt::format("hidden {}", info.hidden);
  if (info.inner > 0) text += fmt::format(", inner {}, state {}", info.inner, info.state_size);
  if (info.conv_kernel > 0) text += fmt::format(", kernel {}", info.conv_kernel);
  if (info.heads > 0) text += fmt::format(", {} heads of {}{}", info.heads, info.head_dim,
                                          info.groups > 0 ? fmt::format(", {} groups", info.groups) : "");
  if (info.time_step_rank > 0) text += fmt::format(", time-step rank {}", info.time_step_rank);
  return text;
}

void print_table(const OpenedModel& opened, const JsonValue& facts) {
  const ModelInfo& info = opened.model->info();
  fmt::print(
      "{}",
      table({{"model", info.name},
             {"family", fmt::format("{} (model_type {})", info.family, info.model_type)},
             {"layers", layers_text(info)},
             {"sizes", sizes_text(info)},
             {"vocabulary", fmt::format("{}{}", info.vocabulary, info.tied_head ? ", head tied to the embedding" : "")},
             {"parameters", fmt::format("{} ({:.3g} M)", info.parameters, static_cast<double>(info.parameters) / 1e6)},
             {"weights", fmt::format("{}, {}", bytes_text(info.weight_bytes), fmt::join(info.dtypes, " and "))},
             {"state", bytes_text(facts["state_bytes"].get<std::int64_t>())},
             {"memory needed", bytes_text(facts["memory_bytes"].get<std::int64_t>())},
             {"tokenizer", opened.tokenizer ? opened.tokenizer->kind() : "none"},
             {"content hash", facts["hash"].get<std::string>()}}));
  for (const std::string& warning : opened.checkpoint.warnings) fmt::print("warning: {}\n", printable(warning, 400));
}

Result<int> run(const Arguments& given) {
  LAB_ASSIGN(const auto opened, open(given.model, {.json = given.reporting.json, .quiet = true}));
  const ModelInfo& info = opened->model->info();
  JsonValue layers = JsonValue::array();
  for (const LayerInfo& layer : info.layers) layers.push_back({{"kind", layer.kind}});
  const std::int64_t state_bytes = opened->model->schema()->stored() * static_cast<std::int64_t>(sizeof(float));
  JsonValue facts{{"name", info.name},
                  {"family", info.family},
                  {"model_type", info.model_type},
                  {"parameters", info.parameters},
                  {"layers", layers},
                  {"hidden", info.hidden},
                  {"vocab", info.vocabulary},
                  {"inner", info.inner},
                  {"state_size", info.state_size},
                  {"conv_kernel", info.conv_kernel},
                  {"heads", info.heads},
                  {"head_dim", info.head_dim},
                  {"groups", info.groups},
                  {"time_step_rank", info.time_step_rank},
                  {"tied_head", info.tied_head},
                  {"dtypes", info.dtypes},
                  {"weight_bytes", info.weight_bytes},
                  {"state_bytes", state_bytes},
                  {"memory_bytes", info.weight_bytes + state_bytes},
                  {"hash", content_hash(opened->checkpoint)},
                  {"tokenizer", nullptr},
                  {"warnings", opened->checkpoint.warnings}};
  if (opened->tokenizer) facts["tokenizer"] = opened->tokenizer->kind();
  if (given.reporting.json)
    print_json(facts);
  else
    print_table(*opened, facts);
  return kDone;
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("info", "What a checkpoint holds and what it will cost");
  sub->add_option("MODEL", given->model, "A folder, a file in it, or builtin:NAME")->required();
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab info builtin:prose --json");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
