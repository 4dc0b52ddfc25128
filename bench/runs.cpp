// What it costs to go about in runs: to fork one, to keep many, to take something back, to look elsewhere.
#include <algorithm>

#include "app/core/analyst.h"
#include "bench/cases.h"
#include "bench/long_run.h"
#include "bench/measure.h"

namespace lab::bench {
namespace {

constexpr std::int64_t kTokens = 10'000;    // of the built-in model
constexpr std::int64_t kFewTokens = 1'000;  // of others, which read more slowly; a fork shares them, however many there are
constexpr int kForkRounds = 20, kUndoRounds = 64;  // at least; the latter pass by a keyframe
constexpr int kForks = 100, kSeeks = 400;
constexpr double kMebi = 1.0 / (1 << 20);

Result<std::unique_ptr<Lab>> long_run(const Subject& subject) {
  LAB_ASSIGN(auto lab, lab_on(subject));
  LAB_TRY(read(*lab, tokens_for(*lab->opened()->model, subject.shape == kProse ? kTokens : kFewTokens)));
  return lab;
}

/// What a view of the selected layer needs: its state at cursor A.
Status see_one_layer(Lab& lab, Deriver& deriver) {
  const auto derived = deriver.derive(lab.snapshot(), lab.opened(), {.frame = true});
  if (derived->frame) return {};
  return Error{.code = Code::environment, .field = "history", .message = "the layer is not there: " + derived->refusal};
}

// At the end of a run, or at tokens all over it, whose states have to be replayed first.
Result<Measurement> measure_fork(const std::string& name, const Subject& subject, bool in_the_past, int rounds) {
  LAB_ASSIGN(const auto lab, long_run(subject));
  std::vector<double> forks, copies;
  Status trouble;
  std::int64_t position = 0;
  for_rounds(std::max(rounds, kForkRounds), [&] {
    position = (position + 389) % lab->count();
    copies.push_back(1e3 * seconds_of([&] { const State copy = lab->state(); }));
    Answer answer;
    forks.push_back(1e3 * seconds_of([&] { answer = lab->apply(command::Fork{.position = in_the_past ? position : -1}); }));
    if (!answer.applied) trouble = answer.refusal;
    else if (Status back = carry_out(*lab, command::Undo{}); !back) trouble = std::move(back);
  });
  LAB_TRY(std::move(trouble));
  Measurement m = over_rounds(name, "ms", forks);
  m.more = {{"state_copy_ms", median(copies)}, {"beyond_copy_ms", m.value - median(copies)}};
  return m;
}

// The last thing that was done is taken back, and one layer looked at: an edit of the state, or a token.
Result<Measurement> measure_undo(const std::string& name, const Subject& subject, const Command& undone, int rounds) {
  LAB_ASSIGN(const auto lab, long_run(subject));
  Deriver deriver({});
  std::vector<double> ms;
  Status trouble;
  const auto once = [&]() -> Status {
    LAB_TRY(carry_out(*lab, command::Step{1}));  // so that each round is at another place
    LAB_TRY(carry_out(*lab, undone));
    LAB_TRY(see_one_layer(*lab, deriver));
    Status back;
    ms.push_back(1e3 * seconds_of([&] {
      back = carry_out(*lab, command::Undo{});
      if (back) back = see_one_layer(*lab, deriver);
    }));
    return back;
  };
  for_rounds(std::max(rounds, kUndoRounds), [&] {
    if (Status status = once(); !status) trouble = std::move(status);
  });
  LAB_TRY(std::move(trouble));
  return over_rounds(name, "ms", ms);
}

// The cursor goes to a token anywhere, and one layer is looked at.
Result<Measurement> measure_seek(const std::string& name, const Subject& subject) {
  LAB_ASSIGN(const auto lab, long_run(subject));
  Deriver deriver({});
  std::vector<double> ms;
  std::int64_t token = 0;
  for (int i = 0; i < kSeeks; ++i) {
    token = (token + 3'889) % lab->count();
    Status status;
    ms.push_back(1e3 * seconds_of([&] {
      status = carry_out(*lab, command::Seek{token, "a"});
      if (status) status = see_one_layer(*lab, deriver);
    }));
    LAB_TRY(std::move(status));
  }
  Measurement m = over_rounds(name, "ms", ms);
  m.more = {{"median_ms", m.value}};
  m.value = percentile(ms, 0.99);
  return m;
}

// Forks all over a run, each gone on with by a token, so that it has a tile and a state of its own.
Result<Measurement> measure_many(const std::string& name, const Subject& subject) {
  close_subject();
  LAB_ASSIGN(const auto weights, open_subject(subject));
  reset_memory_peak();
  const std::int64_t before = memory_of_process("RssAnon");
  LAB_ASSIGN(const auto lab, long_run(subject));
  const auto alone = static_cast<double>(lab->history_bytes());
  std::vector<double> ms;
  for (std::int64_t i = 1; i <= kForks; ++i) {
    LAB_TRY(carry_out(*lab, command::SwitchRun{0}));
    Status status;
    ms.push_back(1e3 * seconds_of([&] { status = carry_out(*lab, command::Fork{.position = i * kTokens / kForks}); }));
    LAB_TRY(std::move(status));
    LAB_TRY(carry_out(*lab, command::Step{1}));
  }
  const auto resident = static_cast<double>(memory_of_process("RssAnon") - before);
  Measurement m = over_rounds(name, "MiB", {static_cast<double>(lab->history_bytes()) * kMebi});
  m.more = {{"resident_mib", resident * kMebi}, {"without_forks_mib", alone * kMebi}, {"fork_ms", median(ms)}, {"slowest_fork_ms", percentile(ms, 1)}};
  return m;
}

}  // namespace

void add_runs(const Subject& subject, int rounds, std::vector<Case>& cases) {
  for (const bool in_the_past : {false, true}) {
    const std::string name = "fork/" + subject.shape + (in_the_past ? "/past" : "");
    cases.push_back({name, [=] { return measure_fork(name, subject, in_the_past, rounds); }});
  }
  for (const auto& [what, undone] : {std::pair{"edit", Command(command::ZeroState{0})}, {"token", Command(command::Step{1})}}) {
    const std::string name = "undo/" + subject.shape + "/" + what;
    cases.push_back({name, [=, change = undone] { return measure_undo(name, subject, change, rounds); }});
  }
  if (subject.shape != kProse) return;
  const std::string seek = "seek/" + subject.shape, many = "forks/" + subject.shape + "/" + std::to_string(kForks);
  cases.push_back({seek, [=] { return measure_seek(seek, subject); }});
  cases.push_back({many, [=] { return measure_many(many, subject); }});
}

}  // namespace lab::bench
