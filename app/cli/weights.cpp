// statelab weights: the tensors of a model in numbers, one of them in full, and two checks of what a run makes of them.
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/output.h"
#include "app/cli/scene.h"
#include "app/cli/subcommands.h"
#include "app/core/weight_checks.h"
#include "app/core/trials.h"
#include "app/core/weights.h"
#include "app/shell/figure_export.h"

namespace lab::cli {
namespace {

constexpr const char* kHeatmap = "weight-heatmap";
constexpr const char* kHistogram = "weight-histogram";
constexpr const char* kError = "weight-error";
constexpr double kWidth = 5.5;  // inches of a figure

struct Arguments {
  std::string model, tensor, against, transpose, trace, figure = kHeatmap;
  std::optional<std::int64_t> head;
  std::vector<std::string> outputs;
  InputOptions input;
  Arithmetic arithmetic;
  command::SetTrials trials;
  Reporting reporting;

  bool checks() const { return head || !transpose.empty(); }
};

std::string number(double value) { return fmt::format("{:.6g}", value); }

JsonValue json_of(const TensorFacts& tensor) {
  return {
      {"name", tensor.name},   {"stored_name", tensor.stored_name},   {"file", tensor.file},   {"type", tensor.type},
      {"shape", tensor.shape}, {"stored_shape", tensor.stored_shape}, {"count", tensor.count}, {"bytes", tensor.bytes}};
}

JsonValue json_of(const WeightStatistics& s) {
  return {{"mean", s.mean}, {"std", s.deviation},        {"min", s.low}, {"max", s.high}, {"zeros", s.zeros},
          {"nans", s.nans}, {"infinities", s.infinities}};
}

JsonValue json_of(const WeightView& view) {
  JsonValue json = json_of(view.tensor);
  json["rows"] = view.tensor.rows();
  json["columns"] = view.tensor.columns();
  json["statistics"] = json_of(view.statistics);
  json["histogram"] = {{"low", view.histogram.low}, {"high", view.histogram.high}, {"counts", view.histogram.counts}};
  json["against"] = nullptr;
  if (const auto& twin = view.twin)
    json["against"] = {{"path", twin->path},       {"type", twin->type},    {"compared", twin->compared},
                       {"largest", twin->largest}, {"rms", twin->rms},      {"relative", twin->relative},
                       {"row", twin->row},         {"column", twin->column}};
  return json;
}

JsonValue json_of(const HeadCheck& c) {
  return {{"id", c.id},
          {"head", c.head},
          {"embedding", c.embedding},
          {"product", c.product},
          {"logit", c.logit},
          {"tolerance", c.tolerance},
          {"agrees", c.agrees},
          {"row_magnitude", c.magnitude},
          {"magnitudes",
           {{"smallest", c.smallest_magnitude}, {"mean", c.mean_magnitude}, {"largest", c.largest_magnitude}}},
          {"embedding_row", {{"largest_difference", c.difference}, {"cosine", c.cosine}}}};
}

JsonValue json_of(const TransposeCheck& c) {
  return {{"tensor", c.tensor},
          {"input", c.input},
          {"output", c.output},
          {"rows", c.rows},
          {"columns", c.columns},
          {"error", c.error},
          {"error_transposed", c.error_transposed},
          {"found", name_of(c.found)},
          {"text", c.text()}};
}

std::string shape_of(const TensorFacts& tensor) {
  std::string text = fmt::format("[{}]", fmt::join(tensor.shape, ", "));
  if (tensor.is_gguf)
    text += fmt::format("; in the file [{}], fastest axis first", fmt::join(tensor.stored_shape, ", "));
  return text;
}

void print(const WeightView& view) {
  const TensorFacts& t = view.tensor;
  const WeightStatistics& s = view.statistics;
  std::vector<std::vector<std::string>> rows{
      {"tensor", printable(t.name)},
      {"in the file", fmt::format("{} of {}", printable(t.stored_name), printable(t.file))},
      {"type", fmt::format("{}, {}", t.type, bytes_text(t.bytes))},
      {"shape", shape_of(t)}};
  if (t.shape.size() == 2) rows.push_back({"orientation", "rows are outputs, columns are inputs: y = W x"});
  rows.push_back({"elements", fmt::format("{}: {} zero, {} NaN, {} infinite", s.count, s.zeros, s.nans, s.infinities)});
  rows.push_back({"mean, std", number(s.mean) + ", " + number(s.deviation)});
  rows.push_back({"range", number(s.low) + " to " + number(s.high)});
  if (const auto& twin = view.twin)
    rows.push_back({"difference", fmt::format("from {} ({}): rms {}, relative {}, largest {} at row {}, column {}",
                                              printable(twin->path, 400), twin->type, number(twin->rms),
                                              number(twin->relative), number(twin->largest), twin->row, twin->column)});
  fmt::print("{}", table(rows));
}

void print(const HeadCheck& c) {
  const bool is_tied = c.head == c.embedding;
  fmt::print(
      "{}",
      table({{"head", c.head + (is_tied ? ", tied to the embedding" : "")},
             {"row " + std::to_string(c.id),
              fmt::format("mean |w| {}; of all rows {} to {}, {} in the mean", number(c.magnitude),
                          number(c.smallest_magnitude), number(c.largest_magnitude), number(c.mean_magnitude))},
             {"embedding row", is_tied ? "the same"
                                       : fmt::format("{}: largest difference {}, cosine {}", c.embedding,
                                                     number(c.difference), number(c.cosine))},
             {"logit", number(c.logit)},
             {"final norm · row", fmt::format("{} (rounding explains {})", number(c.product), number(c.tolerance))},
             {"verdict", c.agrees ? "the row makes the logit" : "the row does not make the logit"}}));
}

void print(const TransposeCheck& c) {
  std::string errors = "W x " + number(c.error);
  if (c.is_square()) errors += ", Wᵀ x " + number(c.error_transposed);
  fmt::print("{}", table({{"tensor", c.tensor},
                          {"input, output", c.input + ", " + c.output},
                          {"relative error", errors},
                          {"verdict", c.text()}}));
}

Result<int> list(const Arguments& given, const Checkpoint& checkpoint) {
  JsonValue all = JsonValue::array();
  std::vector<std::vector<std::string>> rows{
      {"tensor", "type", "shape", "mean", "std", "min", "max", "zero", "NaN, ∞"}};
  for (const TensorFacts& tensor : tensors_of(checkpoint)) {
    JsonValue json = json_of(tensor);
    std::vector<std::string> row{printable(tensor.name), tensor.type,
                                 fmt::format("[{}]", fmt::join(tensor.shape, ", "))};
    json["statistics"] = nullptr;
    if (tensor.is_weight) {
      const auto s = statistics_of(*checkpoint.tensors->find(tensor.name), [] { return interrupted().load(); });
      if (!s) return kInterrupted;
      json["statistics"] = json_of(*s);
      for (const double value : {s->mean, s->deviation, s->low, s->high}) row.push_back(fmt::format("{:.4g}", value));
      row.push_back(fmt::format(
          "{:.3g} %", 100 * static_cast<double>(s->zeros) / static_cast<double>(std::max<std::int64_t>(1, s->count))));
      row.push_back(std::to_string(s->nans + s->infinities));
    }
    all.push_back(std::move(json));
    rows.push_back(std::move(row));
  }
  if (given.reporting.json)
    print_json({{"model", checkpoint.name}, {"tensors", all}});
  else
    fmt::print("{}", table(rows, {false, false, false, true, true, true, true, true, true}));
  return kDone;
}

Status write_figures(const Arguments& given, const std::shared_ptr<const OpenedModel>& opened) {
  LAB_ASSIGN(const auto lab, make_lab(given.arithmetic));
  lab->put(opened);
  lab->model_hash();  // figures say it
  if (const Answer answer = lab->apply(command::ShowWeights{given.tensor, given.against}); !answer.applied)
    return answer.refusal;
  const command::ExportFigure wanted{given.figure, given.outputs.front(), kWidth,
                                     kWidth * find_figure(given.figure)->aspect};
  LAB_ASSIGN(const FigurePage page, make_page(lab->snapshot(), opened, wanted, {}, given.arithmetic.context()));
  for (const std::string& file : given.outputs) LAB_TRY(write_page(page, file));
  return {};
}

Result<int> show(const Arguments& given, const Checkpoint& checkpoint) {
  WeightViewer viewer;
  LAB_ASSIGN(const TensorFacts tensor, find_tensor(checkpoint, given.tensor));
  LAB_ASSIGN(const auto view, viewer.look(checkpoint, tensor.name, given.against, [] { return interrupted().load(); }));
  if (!view) return kInterrupted;
  if (!view->note.empty())
    return Error{
        .code = Code::mismatch, .field = "--against", .found = printable(given.against, 400), .message = view->note};
  if (given.reporting.json)
    print_json(json_of(*view));
  else
    print(*view);
  if (!given.reporting.json && !given.reporting.quiet)
    for (const std::string& file : given.outputs) fmt::print("wrote {}\n", file);
  return kDone;
}

// What a run of the model, or a trace of another program, gave at the points that the checks compare.
Result<Recorded> recorded_for(const Arguments& given, const OpenedModel& opened, const std::string& tensor) {
  std::vector<PointId> points;
  if (given.head) points = head_points();
  if (!tensor.empty()) {
    LAB_ASSIGN(const auto around, points_around(opened, tensor));
    points.insert(points.end(), around.begin(), around.end());
  }
  if (!given.trace.empty()) return read_last(given.trace, points);
  const ModelInfo& info = opened.model->info();
  Input input;
  if (given.input.is_given()) {
    LAB_ASSIGN(input, read_input(given.input, opened.tokenizer.get(), info.vocabulary, info.hidden));
    if (input.ids.empty())
      return Error{.code = Code::bad_argument,
                   .field = "INPUT",
                   .expected = "tokens",
                   .found = "vectors",
                   .message = "the checks are fed with tokens"};
  } else {
    input.ids = {static_cast<std::int32_t>(std::clamp<std::int64_t>(given.head.value_or(0), 0, info.vocabulary - 1))};
  }
  LAB_TRY(check(given.trials, *opened.model));
  ContextOptions arithmetic = given.arithmetic.context();
  arithmetic.trials = trials_of(given.trials);
  return record_last(opened, input.ids, points, arithmetic);
}

Result<int> check(const Arguments& given, const OpenedModel& opened) {
  std::string tensor;
  if (!given.transpose.empty()) {
    LAB_ASSIGN(const TensorFacts facts, find_tensor(opened.checkpoint, given.transpose));
    tensor = facts.name;
  }
  LAB_ASSIGN(const Recorded recorded, recorded_for(given, opened, tensor));
  JsonValue json = JsonValue::object();
  bool agrees = true;
  if (given.head) {
    LAB_ASSIGN(const HeadCheck head, check_head(opened, *given.head, recorded));
    json["head_check"] = json_of(head);
    agrees &= head.agrees;
    if (!given.reporting.json) print(head);
  }
  if (!tensor.empty()) {
    LAB_ASSIGN(const TransposeCheck transpose, check_transpose(opened, tensor, recorded));
    json["transpose_check"] = json_of(transpose);
    agrees &= transpose.found == Orientation::as_stored || transpose.found == Orientation::either;
    if (!given.reporting.json) print(transpose);
  }
  if (given.reporting.json) print_json(json);
  return agrees ? kDone : kDifference;
}

Status validate(const Arguments& given) {
  const auto refused = [](const char* field, const char* expected, const std::string& found, const char* message) {
    return Error{.code = Code::bad_argument,
                 .field = field,
                 .expected = expected,
                 .found = printable(found, 400),
                 .message = message};
  };
  for (const std::string& output : given.outputs)
    if (!can_export_to(output))
      return refused("-o", "a name that ends in .pdf, .svg, .png or .csv", output,
                     "a figure cannot be written to this file");
  if (given.tensor.empty() && !given.outputs.empty())
    return refused("-o", "--tensor", "none", "a figure shows one tensor");
  if (given.tensor.empty() && !given.against.empty())
    return refused("--against", "--tensor", "none", "one tensor is compared");
  if (given.checks() && !given.tensor.empty())
    return refused("--tensor", "a check or a tensor", "both", "one thing at a time");
  if (given.arithmetic.dtype != "f32")
    return refused("--dtype", "f32", given.arithmetic.dtype, "the checks are of single precision");
  return check_device(given.arithmetic);
}

// A model that cannot be run can be looked at all the same.
Result<int> run(const Arguments& given) {
  LAB_TRY(validate(given));
  if (given.checks()) {
    LAB_ASSIGN(const auto opened, open(given.model, given.reporting));
    return check(given, *opened);
  }
  LAB_ASSIGN(const Checkpoint checkpoint, open_tensors(given.model));
  if (given.tensor.empty()) return list(given, checkpoint);
  if (!given.outputs.empty()) {
    LAB_ASSIGN(const auto opened, open(given.model, given.reporting));
    LAB_TRY(write_figures(given, opened));
  }
  return show(given, checkpoint);
}

}  // namespace

void add_weights(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("weights", "The tensors of a model in numbers, and checks of them");
  sub->add_option("MODEL", given->model, "A folder, a file in it, or builtin:NAME")->required();
  sub->add_option("--tensor", given->tensor, "One tensor in full, by its name or the one in its file");
  sub->add_option("--against", given->against, "Another model whose tensor of that name it is compared with");
  sub->add_option("-o", given->outputs, "A figure of the tensor: .pdf, .svg, .png or .csv; may be given several times")
      ->expected(1)
      ->take_all();
  sub->add_option("--figure", given->figure, "The kind of figure")
      ->check(CLI::IsMember({kHeatmap, kHistogram, kError}))
      ->capture_default_str();
  sub->add_option("--check-head", given->head, "Whether the head's row of this token makes its logit");
  sub->add_option("--check-transpose", given->transpose, "Whether a matrix or its transpose makes the recorded output");
  sub->add_option("--trace", given->trace, "A trace of another program that the checks take instead of a run");
  add_input(*sub, given->input, InputNeed::optional);
  add_arithmetic(*sub, given->arithmetic);
  add_trials(*sub, given->trials);
  add_reporting(*sub, given->reporting);
  sub->footer(
      "Examples:\n  statelab weights builtin:prose --tensor lm_head.weight -o head.png\n"
      "  statelab weights builtin:prose --check-head 101 --text 'In the beginning'");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
