#pragma once
// Options that several subcommands share, and what they mean.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/core/lab.h"

namespace CLI {
class App;
}

namespace lab::cli {

/// --json and --quiet.
struct Reporting {
  bool json = false, quiet = false;
};
void add_reporting(CLI::App& command, Reporting& options);

/// Opens a model by path or builtin:NAME. Warnings go to standard error unless quiet.
Result<std::shared_ptr<const OpenedModel>> open(const std::string& model, const Reporting& reporting);

/// --dtype, --threads and --device: how a run computes.
struct Arithmetic {
  std::string dtype = "f32";  // activations and state; bf16 and f16 are rounded after every stage
  int threads = 0;            // 0: one per core
  std::string device = "auto";

  bool is_double() const { return dtype == "f64"; }
  ContextOptions context() const;
};
void add_arithmetic(CLI::App& command, Arithmetic& options);
/// Refuses what this build or machine cannot compute on.
Status check_device(const Arithmetic& options);

/// --rotary, --at-position, --no-cache and --only-layer: trials that tell where a forward pass goes wrong.
void add_trials(CLI::App& command, command::SetTrials& trials);

/// --budget and --spill: how much of its history a run keeps.
struct History {
  double budget_gib = 1;
  std::string spill;  // a folder, "" for none

  TraceOptions trace() const;
};
void add_history(CLI::App& command, History& options);

/// The five ways to say what is fed.
struct InputOptions {
  std::optional<std::string> ids, ids_file, text, file;
  std::optional<std::string> synthetic;  // "pulse:amp=1,at=0", "sine:period=32", "random:seed=1", "zero"
  std::int64_t length = 0;               // tokens of a synthetic input

  bool is_given() const { return ids || ids_file || text || file || synthetic; }
};
enum class InputNeed : std::uint8_t { required, optional };
void add_input(CLI::App& command, InputOptions& options, InputNeed need = InputNeed::required);

/// The same for a second side, as --ids-b, --text-b; -T is common to both.
void add_second_input(CLI::App& command, InputOptions& options);

/// What is fed: token ids, or vectors [T, width] in their place.
struct Input {
  std::vector<std::int32_t> ids;
  std::vector<float> vectors;
  std::int64_t length = 0;
  std::string text;  // when it came from text
};
/// Reads the input. `tokenizer` may be null; then text is refused. Ids must be below `vocabulary`, vectors get `width`.
Result<Input> read_input(const InputOptions& options, const Tokenizer* tokenizer, std::int64_t vocabulary,
                         std::int64_t width);

/// "1,2,3", also separated by white space and in square brackets; `field` names the source in errors.
Result<std::vector<std::int32_t>> parse_ids(const std::string& text, const std::string& field);

/// "1600x1000", "5.5x3.4": two positive numbers.
Result<std::pair<double, double>> parse_size(const std::string& text);

/// Becomes true when the user presses Ctrl+C; set up by main. A second press ends the program at once.
std::atomic<bool>& interrupted();

}  // namespace lab::cli
