// statelab info: what a checkpoint holds and what it will cost.
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "app/core/preview.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string model;
  Reporting reporting;
};

std::string sizes_text(const ModelInfo& info) {
  std::string text = fmt::format("hidden {}", info.hidden);
  if (info.inner > 0) text += fmt::format(", inner {}, state {}", info.inner, info.state_size);
  if (info.conv_kernel > 0) text += fmt::format(", kernel {}", info.conv_kernel);
  if (info.heads > 0) text += fmt::format(", {} heads of {}{}", info.heads, info.head_dim,
                                          info.groups > 0 ? fmt::format(", {} groups", info.groups) : "");
  if (info.time_step_rank > 0) text += fmt::format(", time-step rank {}", info.time_step_rank);
  return text;
}

std::string available_text() {
  const auto available = available_memory();
  return available ? bytes_text(*available) : "unknown";
}

// "12 kB, 3 kB a layer": all of it, and what the layers of most state have.
std::string state_text(const StateSchema& schema, const MemoryNeed& memory) {
  std::int64_t most = 0;
  for (const LayerSchema& layer : schema.layers()) most = std::max(most, state_bytes(layer));
  std::string text = fmt::format("{}, at most {} a layer", bytes_text(memory.state), bytes_text(most));
  if (memory.cache_token > 0) text += fmt::format(", grows by {} a token", bytes_text(memory.cache_token));
  return text;
}

void print_table(const OpenedModel& opened, const MemoryNeed& memory, const JsonValue& facts) {
  const ModelInfo& info = opened.model->info();
  fmt::print(
      "{}",
      table({{"model", info.name},
             {"family", fmt::format("{} (model_type {})", info.family, info.model_type)},
             {"layers", layers_text(info.layers)},
             {"sizes", sizes_text(info)},
             {"vocabulary", fmt::format("{}{}", info.vocabulary, info.tied_head ? ", head tied to the embedding" : "")},
             {"parameters", fmt::format("{} ({:.3g} M)", info.parameters, static_cast<double>(info.parameters) / 1e6)},
             {"weights", fmt::format("{}, {}", bytes_text(info.weight_bytes), types_text(number_types(*opened.checkpoint.tensors)))},
             {"state", state_text(*opened.model->schema(), memory)},
             {"memory needed", fmt::format("{} without a history; {} available", bytes_text(memory.total()), available_text())},
             {"tokenizer", opened.tokenizer ? opened.tokenizer->kind() : "none"},
             {"content hash", facts["hash"].get<std::string>()}}));
  for (const std::string& warning : opened.checkpoint.warnings) fmt::print("warning: {}\n", printable(warning, 400));
}

Result<int> run(const Arguments& given) {
  LAB_ASSIGN(const auto opened, open(given.model, {.json = given.reporting.json, .quiet = true}));
  const ModelInfo& info = opened->model->info();
  JsonValue layers = JsonValue::array();
  for (const LayerInfo& layer : info.layers) layers.push_back({{"kind", layer.kind}});
  const MemoryNeed memory = memory_need({info, opened->model->schema()}, 0);
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
                  {"state_bytes", memory.state},
                  {"memory_bytes", memory.total()},
                  {"state_bytes_per_token", memory.cache_token},
                  {"available_bytes", nullptr},
                  {"hash", content_hash(opened->checkpoint)},
                  {"tokenizer", nullptr},
                  {"warnings", opened->checkpoint.warnings}};
  if (const auto available = available_memory()) facts["available_bytes"] = *available;
  for (const NumberType& type : number_types(*opened->checkpoint.tensors)) facts["tensors"][type.name] = type.tensors;
  if (opened->tokenizer) facts["tokenizer"] = opened->tokenizer->kind();
  if (given.reporting.json)
    print_json(facts);
  else
    print_table(*opened, memory, facts);
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
