#include "app/cli/compare_sides.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cli/compare_report.h"
#include "app/cli/output.h"
#include "app/cli/scene.h"

namespace lab::cli {
namespace {

/// A lab that has done what a session or a model's input says. Its model and histories are shared with the sources made of it.
struct Prepared {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const OpenedModel> opened;
};

enum class SideKind : std::uint8_t { trace, session, model };

SideKind kind_of(const std::string& path) {
  if (is_trace(path)) return SideKind::trace;
  return is_session(path) ? SideKind::session : SideKind::model;
}

Result<Prepared> prepare_side(const std::string& path, const InputOptions& input, const Arithmetic& arithmetic, const History& history, const Reporting& reporting) {
  LAB_ASSIGN(const auto lab, prepare({.source = path, .input = input}, arithmetic, history, reporting));
  return Prepared{lab->snapshot(), lab->opened()};
}

Result<std::int64_t> run_named(const Snapshot& snapshot, const std::string& name, const char* option, std::int64_t otherwise) {
  if (name.empty()) return otherwise;
  std::vector<std::string> known;
  for (const RunFacts& run : snapshot.runs) {
    if (run.name == name || std::to_string(run.id) == name) return run.id;
    known.push_back(printable(run.name, 40));
  }
  return Error{.code = Code::not_found, .field = option, .expected = fmt::format("{}", fmt::join(known, ", ")), .found = printable(name),
               .message = "the session has no such run"};
}

Error need_second(const SideOptions& options, const std::string& found) {
  return {.code = Code::bad_argument, .file = options.a, .field = "B", .expected = "a second trace, session or model; or --run-a and --run-b of a session",
          .found = found, .message = "there is nothing to compare with"};
}

/// Two runs of one session.
Result<BothSides> runs_of_session(const SideOptions& options, const Arithmetic& arithmetic, const History& history, const Reporting& reporting) {
  if (kind_of(options.a) != SideKind::session) return need_second(options, "nothing");
  LAB_ASSIGN(const Prepared prepared, prepare_side(options.a, {}, arithmetic, history, reporting));
  const Snapshot& snapshot = *prepared.snapshot;
  if (snapshot.runs.size() < 2) return need_second(options, "a session with one run");
  if (snapshot.runs.size() > 2 && (options.run_a.empty() || options.run_b.empty())) return need_second(options, fmt::format("a session with {} runs", snapshot.runs.size()));
  LAB_ASSIGN(const std::int64_t a, run_named(snapshot, options.run_a, "--run-a", snapshot.runs[0].id));
  const auto other = std::ranges::find_if(snapshot.runs, [&](const RunFacts& run) { return run.id != a; });
  LAB_ASSIGN(const std::int64_t b, run_named(snapshot, options.run_b, "--run-b", other->id));
  BothSides sides{.snapshot_a = prepared.snapshot, .snapshot_b = prepared.snapshot};
  LAB_ASSIGN(sides.a, run_source(snapshot, a, prepared.opened, arithmetic.context()));
  LAB_ASSIGN(sides.b, run_source(snapshot, b, prepared.opened, arithmetic.context()));
  return sides;
}

Error missing_input() {
  return {.code = Code::missing, .field = "INPUT", .expected = "--text, --file, --ids, --ids-file or --input", .found = "none",
          .message = "nobody says what the models shall read"};
}

/// The tokens of one side as the input of the other.
Result<InputOptions> tokens_of(const CompareSource& side) {
  InputOptions input;
  const auto& tokens = *side.side().tokens;
  if (tokens.empty() || std::ranges::find(tokens, -1) != tokens.end())
    return Error{.code = Code::missing, .field = "INPUT", .expected = "an input, or token ids of the other side", .found = "neither",
                 .message = "nobody says what the model shall read"};
  input.ids = fmt::format("{}", fmt::join(tokens, ","));
  return input;
}

/// A trace, a session or a model that reads an input; the run of a session by its name, else its active one.
Result<OpenedSide> open_side(const std::string& path, const InputOptions& input, const std::string& run, const char* option, const Arithmetic& arithmetic,
                             const History& history, const Reporting& reporting) {
  const std::filesystem::path place = path;
  OpenedSide side{.name = (place.has_filename() ? place : place.parent_path()).filename().string()};
  if (kind_of(path) == SideKind::trace) {
    LAB_ASSIGN(side.recorded, open_trace(path));
    return side;
  }
  LAB_ASSIGN(Prepared prepared, prepare_side(path, kind_of(path) == SideKind::model ? input : InputOptions(), arithmetic, history, reporting));
  side.snapshot = std::move(prepared.snapshot), side.opened = std::move(prepared.opened);
  LAB_ASSIGN(side.run, run_named(*side.snapshot, run, option, side.snapshot->active_run));
  return side;
}

class Opening {
 public:
  Opening(const SideOptions& options, const Arithmetic& arithmetic, const History& history, const Reporting& reporting)
      : options_(options), arithmetic_(arithmetic), history_(history), reporting_(reporting) {}

  Result<BothSides> open() {
    const bool b_waits = kind_of(options_.b) == SideKind::model && !input_of(true).is_given();
    const bool a_waits = kind_of(options_.a) == SideKind::model && !options_.input.is_given();
    if (a_waits && (b_waits || kind_of(options_.b) == SideKind::model)) return missing_input();
    BothSides sides;
    // A model without an input reads what the other side has read, which must be there first.
    for (const bool is_b : {a_waits, !a_waits}) LAB_TRY(open_one(is_b, sides));
    return sides;
  }

 private:
  const InputOptions& input_of(bool is_b) const { return is_b && options_.input_b.is_given() ? options_.input_b : options_.input; }

  Status open_one(bool is_b, BothSides& sides) {
    const std::string& path = is_b ? options_.b : options_.a;
    InputOptions input = input_of(is_b);
    if (kind_of(path) == SideKind::model && !input.is_given()) {
      const auto& other = is_b ? sides.a : sides.b;
      if (!other) return missing_input();
      LAB_ASSIGN(input, tokens_of(*other));
    }
    input.length = options_.input.length;
    LAB_ASSIGN(const OpenedSide side, open_side(path, input, is_b ? options_.run_b : options_.run_a, is_b ? "--run-b" : "--run-a", arithmetic_, history_, reporting_));
    std::unique_ptr<CompareSource>& into = is_b ? sides.b : sides.a;
    LAB_ASSIGN(into, side.source(arithmetic_));
    (is_b ? sides.snapshot_b : sides.snapshot_a) = side.snapshot;
    return {};
  }

  const SideOptions& options_;
  const Arithmetic& arithmetic_;
  const History& history_;
  const Reporting& reporting_;
};

}  // namespace

Result<BothSides> open_sides(const SideOptions& options, const Arithmetic& arithmetic, const History& history, const Reporting& reporting) {
  if (options.b.empty()) return runs_of_session(options, arithmetic, history, reporting);
  return Opening(options, arithmetic, history, reporting).open();
}

Result<std::unique_ptr<CompareSource>> OpenedSide::source(const Arithmetic& arithmetic) const {
  if (recorded) return trace_source(recorded);
  return run_source(*snapshot, run, opened, arithmetic.context());
}

Result<std::vector<OpenedSide>> open_many(const std::vector<std::string>& paths, const InputOptions& input, const Arithmetic& arithmetic, const History& history,
                                          const Reporting& reporting) {
  std::vector<OpenedSide> sides;
  InputOptions read = input;
  for (const std::string& path : paths) {
    if (kind_of(path) == SideKind::model && !read.is_given()) {
      if (sides.empty()) return missing_input();
      LAB_ASSIGN(const auto first, sides.front().source(arithmetic));
      LAB_ASSIGN(read, tokens_of(*first));
    }
    LAB_ASSIGN(OpenedSide side, open_side(path, read, "", "", arithmetic, history, reporting));
    sides.push_back(std::move(side));
  }
  return sides;
}

Snapshot snapshot_beside(const std::shared_ptr<const Snapshot>& known, const ComparedRuns& compared, std::optional<std::int64_t> layer, std::int64_t state) {
  Snapshot snapshot;
  if (known) {
    snapshot = *known;
  } else {
    auto facts = std::make_shared<ModelFacts>();
    facts->name = compared.a.model, facts->hash = compared.a.model_hash, facts->arithmetic = compared.a.dtype;
    snapshot.model = std::move(facts);
  }
  snapshot.selection = {.layer = layer.value_or(first_layer_that_differs(compared)), .state = state};
  return snapshot;
}

Status finish(Comparison& comparison, const Reporting& reporting) {
  Progress progress("comparing, %", 100, reporting.quiet);
  while (comparison.work([] { return interrupted().load(); })) {
    if (interrupted()) return Error{.code = Code::cancelled, .message = "interrupted"};
    progress.show(static_cast<std::int64_t>(100 * comparison.view()->progress));
  }
  const auto view = comparison.view();
  if (!view->is_whole) return Error{.code = Code::environment, .field = "history", .message = view->refusal};
  if (!view->refusal.empty() && !reporting.quiet) warn(view->refusal + "; --budget keeps more");
  return {};
}

}  // namespace lab::cli
