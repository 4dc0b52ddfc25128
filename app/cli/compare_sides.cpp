#include "app/cli/compare_sides.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  static Error missing_input() {
    return {.code = Code::missing, .field = "INPUT", .expected = "--text, --file, --ids, --ids-file or --input", .found = "none",
            .message = "nobody says what the models shall read"};
  }

  Status open_one(bool is_b, BothSides& sides) {
    const std::string& path = is_b ? options_.b : options_.a;
    std::unique_ptr<CompareSource>& into = is_b ? sides.b : sides.a;
    const SideKind kind = kind_of(path);
    if (kind == SideKind::trace) {
      LAB_ASSIGN(into, trace_source(path));
      return {};
    }
    InputOptions input;
    if (kind == SideKind::model) {
      input = input_of(is_b);
      if (!input.is_given()) {
        const auto& other = is_b ? sides.a : sides.b;
        if (!other) return missing_input();
        LAB_ASSIGN(input, tokens_of(*other));
      }
      input.length = options_.input.length;
    }
    LAB_ASSIGN(const Prepared prepared, prepare_side(path, input, arithmetic_, history_, reporting_));
    LAB_ASSIGN(const std::int64_t run, run_named(*prepared.snapshot, is_b ? options_.run_b : options_.run_a, is_b ? "--run-b" : "--run-a", prepared.snapshot->active_run));
    LAB_ASSIGN(into, run_source(*prepared.snapshot, run, prepared.opened, arithmetic_.context()));
    (is_b ? sides.snapshot_b : sides.snapshot_a) = prepared.snapshot;
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

}  // namespace lab::cli
