// statelab state: what a state file holds, and how two of them differ.
#include <cmath>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "model/files/tensor_table.h"
#include "model/state_compare.h"
#include "model/state_file.h"

namespace lab::cli {
namespace {

struct Arguments {
  std::string file, other;
  Reporting reporting;
};

JsonValue known(double value) { return std::isfinite(value) ? JsonValue(value) : JsonValue(); }

std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.6g}", value); }

std::string name_of(int layer, const std::string& tensor) { return fmt::format("layers.{}.{}", layer, printable(tensor)); }

// Shapes of a tensor in both states, once where they are equal.
std::string shapes_text(const StateTensorDifference& d) {
  return d.shape == d.shape_b ? shape_text(d.shape) : shape_text(d.shape) + " and " + shape_text(d.shape_b);
}

void print_info(const Arguments& given, const StateFileContents& contents) {
  fmt::print("{}", table({{"state", printable(given.file, 400)},
                          {"model type", contents.state.model_type.empty() ? "not said" : printable(contents.state.model_type)},
                          {"model hash", contents.model_hash.empty() ? "not said" : printable(contents.model_hash)},
                          {"position", fmt::format("after {} tokens", contents.state.position)},
                          {"layers", std::to_string(contents.state.layers.size())},
                          {"size", bytes_text(contents.bytes)}}));
  std::vector<std::vector<std::string>> rows{{"tensor", "type", "shape", "norm", "largest", "zero", "subnormal", "not finite", ""}};
  for (const StateFileTensor& t : contents.tensors)
    rows.push_back({name_of(t.layer, t.name), name_of(t.dtype), shape_text(t.shape), number(t.norm), number(t.largest), std::to_string(t.zeros),
                    std::to_string(t.subnormal), std::to_string(t.nonfinite), t.nonfinite > 0 ? "!" : ""});
  fmt::print("\n{}", table(rows, {false, false, false, true, true, true, true, true, false}));
  for (const std::string& warning : contents.warnings) fmt::print("warning: {}\n", printable(warning, 400));
}

Result<int> info(const Arguments& given) {
  LAB_ASSIGN(const StateFileContents contents, read_state_file(given.file));
  if (!given.reporting.json) {
    print_info(given, contents);
    return kDone;
  }
  JsonValue tensors = JsonValue::array();
  for (const StateFileTensor& t : contents.tensors)
    tensors.push_back({{"layer", t.layer}, {"tensor", t.name}, {"dtype", name_of(t.dtype)}, {"shape", t.shape}, {"norm", known(t.norm)},
                       {"largest", known(t.largest)}, {"zeros", t.zeros}, {"subnormal", t.subnormal}, {"nonfinite", t.nonfinite}});
  print_json({{"path", given.file},
              {"model_type", contents.state.model_type},
              {"model_hash", contents.model_hash},
              {"position", contents.state.position},
              {"layers", contents.state.layers.size()},
              {"layout", contents.layout},
              {"bytes", contents.bytes},
              {"tensors", tensors},
              {"warnings", contents.warnings}});
  return kDone;
}

void print_comparison(const StateDifference& all) {
  std::vector<std::vector<std::string>> rows{{"tensor", "shape", "rel. L2", "max abs", "cosine", "differing", "not finite", "bits"}};
  for (const StateTensorDifference& d : all.tensors)
    rows.push_back({name_of(d.layer, d.tensor), shapes_text(d), number(d.rel_l2), number(d.max_abs), number(d.cosine), std::to_string(d.differing),
                    std::to_string(d.nonfinite), d.equal ? "equal" : "differ"});
  fmt::print("{}", table(rows, {false, false, true, true, true, true, true, false}));
  if (all.position_a != all.position_b) fmt::print("positions differ: {} and {} tokens\n", all.position_a, all.position_b);
  fmt::print("{}\n", all.equal ? "the states are equal, bit for bit" : "the states differ");
}

// Both files' warnings, and hashes that say that the states come from different models.
std::vector<std::string> warnings_of(const Arguments& given, const StateFileContents& a, const StateFileContents& b) {
  std::vector<std::string> warnings;
  for (const auto& [path, contents] : {std::pair{&given.file, &a}, {&given.other, &b}})
    for (const std::string& warning : contents->warnings) warnings.push_back(*path + ": " + warning);
  if (!a.model_hash.empty() && !b.model_hash.empty() && a.model_hash != b.model_hash)
    warnings.push_back(fmt::format("the states come from different models: {} and {}", a.model_hash, b.model_hash));
  return warnings;
}

Result<int> compare(const Arguments& given) {
  LAB_ASSIGN(const StateFileContents a, read_state_file(given.file));
  LAB_ASSIGN(const StateFileContents b, read_state_file(given.other));
  auto all = compare_states(a.state, b.state);
  if (!all) {
    all.error().file = given.other;
    return all.error();
  }
  const std::vector<std::string> warnings = warnings_of(given, a, b);
  if (given.reporting.json) {
    JsonValue tensors = JsonValue::array();
    for (const StateTensorDifference& d : all->tensors)
      tensors.push_back({{"layer", d.layer}, {"tensor", d.tensor}, {"shape", d.shape}, {"rel_l2", known(d.rel_l2)}, {"max_abs", known(d.max_abs)},
                         {"cosine", known(d.cosine)}, {"differing", d.differing}, {"nonfinite", d.nonfinite}, {"equal", d.equal}});
    print_json({{"equal", all->equal}, {"positions", {all->position_a, all->position_b}}, {"tensors", tensors}, {"warnings", warnings}});
  } else {
    print_comparison(*all);
    if (!given.reporting.quiet)
      for (const std::string& warning : warnings) warn(warning);
  }
  return all->equal ? kDone : kDifference;
}

}  // namespace

void add_state(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("state", "Looks into state files and compares them");
  sub->require_subcommand(1);
  sub->footer("Example:\n  statelab state compare before.safetensors after.safetensors");
  CLI::App* inspect = sub->add_subcommand("info", "What a state file holds, tensor by tensor");
  inspect->add_option("FILE", given->file, "A state file")->required();
  add_reporting(*inspect, given->reporting);
  inspect->footer("Example:\n  statelab state info before.safetensors --json");
  inspect->callback([given, &action] { action = [given] { return info(*given); }; });
  CLI::App* both = sub->add_subcommand("compare", "How the second state differs from the first; exits with 1 where it does");
  both->add_option("A", given->file, "A state file")->required();
  both->add_option("B", given->other, "Another one of the same shapes")->required();
  add_reporting(*both, given->reporting);
  both->footer("Example:\n  statelab state compare before.safetensors after.safetensors");
  both->callback([given, &action] { action = [given] { return compare(*given); }; });
}

}  // namespace lab::cli
