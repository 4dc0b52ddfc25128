#include "app/cli/options.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/output.h"
#include "app/core/trials.h"
#include "model/files/file.h"
#include "model/math/device.h"
#include "tracer/trace/inputs.h"

namespace lab::cli {
namespace {

constexpr std::size_t kTextBytes = 64 << 20;
constexpr std::int64_t kMostTokens = 1 << 24;
constexpr const char* kInputGroup = "Input (one of)";

Result<Input> synthetic_input(const InputOptions& options, std::int64_t width) {
  if (options.length < 1 || options.length > kMostTokens)
    return Error{.code = Code::bad_argument,
                 .field = "-T",
                 .expected = fmt::format("1 to {} tokens", kMostTokens),
                 .found = std::to_string(options.length),
                 .message = "a synthetic input needs a length"};
  Input input{.length = options.length};
  LAB_ASSIGN(input.vectors, make_input(*options.synthetic, options.length, width));
  return input;
}

Result<std::string> text_of(const InputOptions& options) {
  return options.text ? Result<std::string>(*options.text) : read_file(*options.file, kTextBytes);
}

Status check_ids(const std::vector<std::int32_t>& ids, std::int64_t vocabulary) {
  if (ids.empty())
    return Error{.code = Code::bad_argument,
                 .field = "INPUT",
                 .expected = "at least one token",
                 .found = "none",
                 .message = "the input is empty"};
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= vocabulary)
      return Error{.code = Code::out_of_range,
                   .field = fmt::format("id {}", i),
                   .expected = fmt::format("0 to {}", vocabulary - 1),
                   .found = std::to_string(ids[i]),
                   .message = "the model has no such token"};
  return {};
}

}  // namespace

ContextOptions Arithmetic::context() const {
  const Rounding rounding = dtype == "bf16" ? Rounding::bf16 : dtype == "f16" ? Rounding::f16 : Rounding::none;
  return {.threads = threads, .rounding = rounding};
}

void add_reporting(CLI::App& command, Reporting& options) {
  command.add_flag("--json", options.json, "Print exactly one JSON document, also on failure");
  command.add_flag("--quiet", options.quiet, "No progress, no warnings");
}

Result<std::shared_ptr<const OpenedModel>> open(const std::string& model, const Reporting& reporting) {
  LAB_ASSIGN(auto opened, open_to_run(model));
  if (!reporting.quiet)
    for (const std::string& warning : opened->checkpoint.warnings) warn(warning);
  return opened;
}

void add_arithmetic(CLI::App& command, Arithmetic& options) {
  command.add_option("--dtype", options.dtype, "Arithmetic of activations and state; bf16 and f16 round every stage")
      ->check(CLI::IsMember({"f32", "f64", "bf16", "f16"}))
      ->capture_default_str();
  command.add_option("--threads", options.threads, "Threads; 0: one per core. Never changes a result")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command.add_option("--device", options.device, "Where to compute")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
}

void add_trials(CLI::App& command, command::SetTrials& trials) {
  constexpr const char* kGroup = "Trials";
  command.add_option("--rotary", trials.rotary, "The pairs of channels that rotary positions turn")
      ->check(CLI::IsMember(std::vector<std::string>(kRotaries.begin(), kRotaries.end())))
      ->capture_default_str()
      ->group(kGroup);
  command.add_option("--at-position", trials.at_position, "Every token stands at this position")
      ->check(CLI::NonNegativeNumber)
      ->group(kGroup);
  command.add_flag("--no-cache", trials.no_cache, "Attention sees no token but its own")->group(kGroup);
  command.add_option("--only-layer", trials.only_layer, "The other layers add nothing to the residual stream")
      ->check(CLI::NonNegativeNumber)
      ->group(kGroup);
}

TraceOptions History::trace() const {
  return {.budget_bytes = static_cast<std::int64_t>(budget_gib * (std::int64_t{1} << 30)), .spill_folder = spill};
}

void add_history(CLI::App& command, History& options) {
  command.add_option("--budget", options.budget_gib, "Memory of a run's history, in GiB; beyond it old tokens are thinned")
      ->check(CLI::Range(0.001, 4096.0))
      ->capture_default_str();
  command.add_option("--spill", options.spill, "A folder that old history goes to instead of being dropped")
      ->check(CLI::ExistingDirectory);
}

Status check_device(const Arithmetic& options) {
  if (options.device != "cuda") return {};
  return Error{.code = Code::environment,
               .field = "--device",
               .expected = "auto or cpu",
               .found = "cuda",
               .message = built_with_cuda() ? "models cannot run on the device yet" : "this build has no device code"};
}

namespace {

CLI::Option_group* add_inputs(CLI::App& command, const char* group_name, const std::string& suffix, InputOptions& options) {
  CLI::Option_group* group = command.add_option_group(group_name);
  group->add_option("--ids" + suffix, options.ids, "Token ids, as 1,2,3");
  group->add_option("--ids-file" + suffix, options.ids_file, "A file of token ids");
  group->add_option("--text" + suffix, options.text, "A text");
  group->add_option("--file" + suffix, options.file, "A text file");
  group->add_option("--input" + suffix, options.synthetic,
                    "Vectors in place of embeddings: pulse:amp=1,at=0 sine:period=32 random:seed=1 zero");
  return group;
}

}  // namespace

void add_input(CLI::App& command, InputOptions& options, InputNeed need) {
  add_inputs(command, kInputGroup, "", options)->require_option(need == InputNeed::required ? 1 : 0, 1);
  command.add_option("-T", options.length, "Tokens of --input");
}

void add_second_input(CLI::App& command, InputOptions& options) {
  add_inputs(command, "Input of B (where it is another)", "-b", options)->require_option(0, 1);
}

Result<std::vector<std::int32_t>> parse_ids(const std::string& text, const std::string& field) {
  constexpr const char* kSeparators = ", \t\r\n[]";
  std::vector<std::int32_t> ids;
  std::size_t at = text.find_first_not_of(kSeparators);
  while (at != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
    std::int32_t id = 0;
    const auto [stop, problem] = std::from_chars(text.data() + at, text.data() + end, id);
    if (problem != std::errc{} || stop != text.data() + end)
      return Error{.code = Code::bad_argument,
                   .field = field,
                   .offset = static_cast<std::int64_t>(at),
                   .expected = "a token id",
                   .found = printable(text.substr(at, end - at), 40),
                   .message = "ids are whole numbers, as 1,2,3"};
    ids.push_back(id);
    at = text.find_first_not_of(kSeparators, end);
  }
  return ids;
}

Result<Input> read_input(const InputOptions& options, const Tokenizer* tokenizer, std::int64_t vocabulary,
                         std::int64_t width) {
  if (options.synthetic) return synthetic_input(options, width);
  Input input;
  if (options.ids) {
    LAB_ASSIGN(input.ids, parse_ids(*options.ids, "--ids"));
  } else if (options.ids_file) {
    LAB_ASSIGN(const std::string content, read_file(*options.ids_file, kTextBytes));
    LAB_ASSIGN(input.ids, parse_ids(content, *options.ids_file));
  } else {
    if (!tokenizer)
      return Error{.code = Code::missing,
                   .field = "tokenizer.json",
                   .expected = "a tokenizer in the model's folder",
                   .found = "none",
                   .message = "text needs a tokenizer",
                   .next = "feed --ids instead"};
    LAB_ASSIGN(input.text, text_of(options));
    LAB_ASSIGN(input.ids, tokenizer->encode(input.text));
  }
  LAB_TRY(check_ids(input.ids, vocabulary));
  input.length = static_cast<std::int64_t>(input.ids.size());
  return input;
}

Result<std::pair<double, double>> parse_size(const std::string& text) {
  std::pair<double, double> size;
  const char* end = text.data() + text.size();
  const auto [middle, first] = std::from_chars(text.data(), end, size.first);
  const bool split = first == std::errc{} && middle != end && *middle == 'x';
  const auto [stop, second] = std::from_chars(split ? middle + 1 : end, end, size.second);
  if (split && second == std::errc{} && stop == end && size.first > 0 && size.second > 0 && size.first < 1e6 &&
      size.second < 1e6)
    return size;
  return Error{.code = Code::bad_argument,
               .field = "--size",
               .expected = "width x height, as 1600x1000",
               .found = printable(text, 40),
               .message = "this is no size"};
}

std::atomic<bool>& interrupted() {
  static std::atomic<bool> flag = false;
  return flag;
}

}  // namespace lab::cli
