// statelab trace: runs an input and writes every chosen point at every token.
#include <filesystem>
#include <system_error>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/cli/recorder.h"
#include "app/cli/run_input.h"
#include "app/cli/subcommands.h"
#include "app/core/trials.h"
#include "model/files/npz.h"
#include "model/files/safetensors.h"

#include <nlohmann/json.hpp>

namespace lab::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestText = 1 << 20;  // of tokens_text

struct Arguments {
  std::string model, output, points, state, save_state;
  int layer = -1;
  std::int64_t every = 1;
  InputOptions input;
  Arithmetic arithmetic;
  command::SetTrials trials;
  Reporting reporting;
};

const char* long_name(const std::string& dtype) {
  return dtype == "f64" ? "float64" : dtype == "bf16" ? "bfloat16" : dtype == "f16" ? "float16" : "float32";
}

Status check(const Arguments& given) {
  LAB_TRY(check_device(given.arithmetic));
  const std::string ending = fs::path(given.output).extension().string();
  if (ending != ".safetensors" && ending != ".npz")
    return Error{.code = Code::bad_argument,
                 .file = given.output,
                 .field = "-o",
                 .expected = "a file name that ends in .safetensors or .npz",
                 .found = printable(ending),
                 .message = "the ending says how the trace is written"};
  if (given.layer < 0) return {};
  if (!given.input.synthetic)
    return Error{.code = Code::bad_argument,
                 .field = "--layer",
                 .expected = "--input",
                 .found = "tokens",
                 .message = "a layer alone is fed with vectors"};
  if (given.arithmetic.is_double())
    return Error{.code = Code::unsupported,
                 .field = "--dtype",
                 .expected = "f32, bf16 or f16",
                 .found = "f64",
                 .message = "a layer alone runs in single precision"};
  return {};
}

// The points that a run can write: all of the model's, or those of one layer's mixer and its input.
Result<std::vector<TracePoint>> points_to_write(const Arguments& given, const ModelInfo& info) {
  std::vector<TracePoint> all = points_of(info);
  if (given.layer < 0) return given.points.empty() ? default_points(all) : choose_points(all, given.points);
  if (given.layer >= static_cast<int>(info.layers.size()))
    return Error{.code = Code::out_of_range,
                 .field = "--layer",
                 .expected = fmt::format("0 to {}", info.layers.size() - 1),
                 .found = std::to_string(given.layer),
                 .message = "the model has no such layer"};
  std::erase_if(all, [&](const TracePoint& point) {
    const Point id = point.id.point;
    return point.id.layer != given.layer || id == Point::resid_in || id == Point::norm1 || id > Point::mixer_out;
  });
  if (!given.points.empty()) return choose_points(all, given.points);
  std::vector<TracePoint> points = default_points(all);
  LAB_ASSIGN(const auto outputs, choose_points(all, "*.mixer_out"));
  points.insert(points.end(), outputs.begin(), outputs.end());
  return points;
}

RowFile::Metadata metadata_of(const Arguments& given, const OpenedModel& opened, const Input& input,
                              const std::string& hash, std::int64_t tokens, std::int64_t position) {
  RowFile::Metadata metadata{{"format", "statelab-reference/1"},
                             {"model_type", opened.model->info().model_type},
                             {"producer", "statelab " LAB_VERSION},
                             {"dtype", long_name(given.arithmetic.dtype)},
                             {"model_hash", hash}};
  const std::span<const std::int32_t> ids =
      std::span(input.ids).first(input.ids.empty() ? 0 : static_cast<std::size_t>(tokens));
  if (opened.tokenizer && !ids.empty()) {
    std::string text = opened.tokenizer->decode(ids);
    if (text.size() <= kLongestText) metadata.emplace_back("tokens_text", std::move(text));
  }
  if (given.input.synthetic) metadata.emplace_back("input", *given.input.synthetic);
  if (position != 0) metadata.emplace_back("position", std::to_string(position));
  if (given.every != 1) {
    metadata.emplace_back("every", std::to_string(given.every));
    if (!ids.empty()) metadata.emplace_back("all_ids", fmt::format("{}", fmt::join(ids, ",")));
  }
  return metadata;
}

// Rows of the file after so many tokens: tokens 0, every, 2 every, ...
std::int64_t rows_of(const Arguments& given, std::int64_t tokens) { return (tokens + given.every - 1) / given.every; }

template <class Real>
std::int64_t cached_rows_of(const BasicState<Real>& state) {
  std::int64_t rows = 0;
  for (const RowTiles<Real>& cache : state.caches()) rows = std::max(rows, cache.count());
  return rows;
}

template <class Real>
class TraceRun {
 public:
  TraceRun(const Arguments& given, const OpenedModel& opened, const Input& input, std::vector<TracePoint> points,
           std::string hash)
      : given_(given), opened_(opened), input_(input), points_(std::move(points)), hash_(std::move(hash)),
        context_(given.arithmetic.context()) {
    context_.stop = &interrupted();
    context_.trials = trials_of(given.trials);
  }

  Result<int> run() {
    LAB_ASSIGN(BasicState<Real> state, start_state<Real>(opened_, given_.state, hash_, given_.reporting.quiet));
    position_ = state.position;
    cached_rows_ = cached_rows_of(state) + input_.length;
    LAB_ASSIGN(RowFile file,
               RowFile::create(rows_file(), tensors(), rows_of(given_, input_.length), metadata(input_.length)));
    LAB_TRY(write_starts(file, state));
    LAB_ASSIGN(const std::int64_t done, feed(file, state));
    if (done == 0) return interruption(0, input_.length, "");
    LAB_TRY(finish(file, done));
    if (!given_.save_state.empty()) LAB_TRY(save_state(given_.save_state, state, hash_));
    if (done < input_.length) return interruption(done, input_.length, given_.output);
    report_result(file.bytes(), state.position);
    return kDone;
  }

 private:
  bool is_npz() const { return given_.output.ends_with(".npz"); }
  bool has_ids() const { return !input_.ids.empty(); }
  RowFile::Metadata metadata(std::int64_t tokens) const {
    return metadata_of(given_, opened_, input_, hash_, tokens, position_);
  }
  // Rows of an archive are gathered beside it first: its checksums come before its data.
  std::string rows_file() const {
    if (!is_npz()) return given_.output;
    const fs::path output(given_.output);
    return (output.parent_path() / fmt::format(".{}.{}.rows", output.filename().string(), ::getpid())).string();
  }

  std::vector<RowTensor> tensors() const {
    std::vector<RowTensor> tensors;
    if (has_ids()) tensors.push_back({"tok.ids", DType::i64, {}});
    for (const TracePoint& point : points_) {
      std::vector<std::int64_t> shape = point.shape;
      std::replace(shape.begin(), shape.end(), kCachedRows, cached_rows_);
      tensors.push_back({point.name(), point.holds_indices() ? DType::i64 : kRealType<Real>, std::move(shape), !point.before_first});
    }
    return tensors;
  }

  // What is known before the first token: the ids and the states that it finds.
  Status write_starts(RowFile& file, const BasicState<Real>& state) const {
    for (std::int64_t row = 0; has_ids() && row < rows_of(given_, input_.length); ++row) {
      const std::int64_t id = input_.ids[static_cast<std::size_t>(row * given_.every)];
      LAB_TRY(file.write(0, row, &id));
    }
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (!points_[i].before_first) continue;
      const int layer = points_[i].id.layer;
      const std::vector<Real> h =
          state.get(layer, state.schema().layers()[static_cast<std::size_t>(layer)].find(Point::h));
      LAB_TRY(file.write(i + has_ids(), 0, h.data()));
    }
    return {};
  }

  Result<std::int64_t> feed(RowFile& file, BasicState<Real>& state) {
    const Model& model = *opened_.model;
    Recorder<Real> recorder(model.layers(), points_, file, has_ids(), given_.every, cached_rows_);
    const Feed<Real> input(input_, model.info().hidden);
    std::vector<Real> outputs(static_cast<std::size_t>(kPiece * model.info().hidden));
    Progress progress("trace", input_.length, given_.reporting.quiet);
    return run_pieces<Real>(input_.length, state, progress,
                            [&](std::int64_t first, std::int64_t count) -> Result<bool> {
                              recorder.begin(first);
                              bool finished = true;
                              if (given_.layer < 0) {
                                Lane<Real> lane{.state = &state, .probe = &recorder, .wants = LogitRows::none};
                                input.put(lane, first, count);
                                finished = model.advance(std::span(&lane, 1), context_);
                              } else if constexpr (std::is_same_v<Real, float>) {
                                model.mix(given_.layer, input.rows(first, count),
                                          {outputs.data(), count, model.info().hidden}, state, &recorder, context_);
                              }
                              if (!recorder.status()) return recorder.status().error();
                              return finished;
                            });
  }

  Status finish(RowFile& file, std::int64_t done) const {
    LAB_TRY(file.finish(rows_of(given_, done), metadata(done)));
    if (!is_npz()) return {};
    const std::string rows = rows_file();
    const auto write = [&]() -> Status {
      LAB_ASSIGN(const TensorTable table, open_safetensors(rows));
      return write_npz(given_.output, table);
    };
    const Status status = write();
    std::error_code ignored;
    fs::remove(rows, ignored);
    return status;
  }

  void report_result(std::int64_t bytes, std::int64_t position) const {
    const std::size_t tensors = points_.size() + has_ids();
    if (given_.reporting.json)
      print_json({{"file", given_.output},
                  {"tokens", input_.length},
                  {"tensors", tensors},
                  {"bytes", bytes},
                  {"position", position},
                  {"dtype", long_name(given_.arithmetic.dtype)},
                  {"model_hash", hash_}});
    else if (!given_.reporting.quiet)
      fmt::print("{}: {} tokens, {} tensors, {}\n", given_.output, input_.length, tensors, bytes_text(bytes));
  }

  const Arguments& given_;
  const OpenedModel& opened_;
  const Input& input_;
  std::vector<TracePoint> points_;
  std::string hash_;
  Context<Real> context_;
  std::int64_t position_ = 0, cached_rows_ = 0;
};

Result<int> run(const Arguments& given) {
  LAB_TRY(check(given));
  LAB_ASSIGN(const auto opened, open(given.model, given.reporting));
  LAB_TRY(check(given.trials, *opened->model));
  const ModelInfo& info = opened->model->info();
  LAB_ASSIGN(std::vector<TracePoint> points, points_to_write(given, info));
  LAB_ASSIGN(const Input input, read_input(given.input, opened->tokenizer.get(), info.vocabulary, info.hidden));
  std::string hash = content_hash(opened->checkpoint);
  if (given.arithmetic.is_double())
    return TraceRun<double>(given, *opened, input, std::move(points), std::move(hash)).run();
  return TraceRun<float>(given, *opened, input, std::move(points), std::move(hash)).run();
}

}  // namespace

void add_trace(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("trace", "Runs an input and writes every chosen point at every token");
  sub->add_option("MODEL", given->model, "A folder, a file in it, or builtin:NAME")->required();
  sub->add_option("-o", given->output, "OUT.safetensors or OUT.npz")->required();
  sub->add_option("--points", given->points,
                  "Globs over names as L0.mix.h, emb, logits; * is every point. Default: norms, logits, states");
  sub->add_option("--every", given->every, "Writes the tokens 0, N, 2N, ... only")->check(CLI::Range(1, 1 << 30));
  sub->add_option("--layer", given->layer, "Feeds --input to this layer's mixer alone")->check(CLI::NonNegativeNumber);
  sub->add_option("--state", given->state, "The state to start from; its position continues");
  sub->add_option("--save-state", given->save_state, "Writes the state after the last token");
  add_input(*sub, given->input);
  add_arithmetic(*sub, given->arithmetic);
  add_trials(*sub, given->trials);
  add_reporting(*sub, given->reporting);
  sub->footer(
      "Example:\n  statelab trace builtin:prose --text 'The state of a' --points 'L*.mix.h,logits' -o "
      "trace.safetensors");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
