#pragma once
// The inside of a Lab, shared by the files that carry out its commands and its work.
#include <chrono>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/core/changes.h"
#include "app/core/exported_names.h"
#include "app/core/guest.h"
#include "app/core/lab.h"
#include "app/core/run.h"
#include "tracer/detect/stop_expression.h"
#include "app/core/watcher.h"

namespace lab {

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMostRuns = 1000;
constexpr std::int64_t kMostWaiting = 16 << 20;  // tokens in a run
constexpr std::int64_t kMostSteps = 1'000'000'000;

/// Measures tokens a second over about the last second.
class Speed {
 public:
  void restart() { *this = Speed(); }
  void add(std::int64_t tokens);
  double tokens_per_second() const;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point since_ = Clock::now();
  std::int64_t tokens_ = 0;
  double measured_ = 0;
};

/// What Step, ReadWaiting and Run announce and Lab::work does.
struct Work {
  std::string label;
  std::int64_t goal = kNoEnd;  // ends when so many tokens are there
  bool samples = true;         // goes on by sampling when nothing waits
  bool waits_for = false;      // other commands had better wait until it is done
  double rate = 0;
  std::int64_t began = 0;  // tokens that were there

  // Where the present undo entry began: work becomes several when something else changes the run on the way.
  std::int64_t from = 0;
  Waiting waiting_before;

  // The other runs that step too, with where their entries began.
  struct Lane {
    std::int64_t branch = 0, from = 0;
    Waiting waiting_before;
  };
  std::vector<Lane> others;
};

/// A file that runs are compared with, and the run with which it reads along; −1: none.
struct Beside {
  std::unique_ptr<Guest> guest;
  std::int64_t of = -1;
};

struct Lab::Parts {
  explicit Parts(const LabOptions& options);

  // lab_commands.cpp: what each command does. A refused one has changed nothing.
  Status carry_out(const command::Open& c);
  Status carry_out(const command::FeedText& c);
  Status carry_out(const command::FeedTokens& c);
  Status carry_out(const command::DropWaiting& c);
  Status carry_out(const command::Step& c);
  Status carry_out(const command::ReadWaiting& c);
  Status carry_out(const command::Run& c);
  Status carry_out(const command::Pause& c);
  Status carry_out(const command::TakeBack& c);
  Status carry_out(const command::Reset& c);
  Status carry_out(const command::Seek& c);
  Status carry_out(const command::Select& c);
  Status carry_out(const command::ShowRange& c);
  Status carry_out(const command::ShowWeights& c);
  Status carry_out(const command::SetSampling& c);
  Status carry_out(const command::ZeroState& c);
  Status carry_out(const command::ScaleState& c);
  Status carry_out(const command::RestoreState& c);
  Status carry_out(const command::EditState& c);
  Status carry_out(const command::ApplyPatch& c);
  Status carry_out(const command::SetTrials& c);
  Status carry_out(const command::SetRule& c);
  Status carry_out(const command::RemoveRule& c);
  Status carry_out(const command::UseRules& c);
  Status carry_out(const command::Fork& c);
  Status carry_out(const command::SwitchRun& c);
  Status carry_out(const command::DeleteRun& c);
  Status carry_out(const command::RenameRun& c);
  Status carry_out(const command::PromoteRun& c);
  Status carry_out(const command::StepAll& c);
  Status carry_out(const command::Play& c);
  Status carry_out(const command::SetRange& c);
  Status carry_out(const command::RemoveRange& c);
  Status carry_out(const command::Compare& c);
  Status carry_out(const command::SetIntervention& c);
  Status carry_out(const command::RemoveIntervention& c);
  Status carry_out(const command::UseInterventions& c);
  Status carry_out(const command::RunControls& c);
  Status carry_out(const command::SetNote& c);
  Status carry_out(const command::RemoveNote& c);
  Status carry_out(const command::SetBreakpoint& c);
  Status carry_out(const command::RemoveBreakpoint& c);
  Status carry_out(const command::OpenLanes& c);
  Status carry_out(const command::StepLanes& c);
  Status carry_out(const command::ResetLanes& c);
  Status carry_out(const command::CompareWith& c);
  Status carry_out(const command::CloseCompared& c);
  Status carry_out(const command::Undo& c);
  Status carry_out(const command::Redo& c);
  Status carry_out(const command::ExportFigure& c);
  Result<std::vector<std::int32_t>> encode(const std::string& text, bool is_first) const;
  Status feed(Tokens tokens, const std::string& label);
  void warn_of_caches(std::int64_t tokens_before);
  Status walk_history(const std::function<Status()>& step);
  Status replace_run(State start, Waiting waiting, const std::string& label);
  Status need_run() const;
  Status need_layer(std::int64_t layer, bool or_all) const;
  Status need_steps(std::int64_t count) const;
  void put(std::shared_ptr<const OpenedModel> model);

  // lab_edits.cpp
  Status edit(const Command& command, std::int64_t layer);
  Status need_edit(const StateEdit& edit) const;
  Result<State> saved_state(const std::string& file);
  Result<std::vector<std::shared_ptr<const State>>> sources_of(const Command& command);

  // lab_forks.cpp
  Status need_branch(std::int64_t id) const;
  void settle_on(std::int64_t id);
  Status step_others();

  // lab_lanes.cpp: runs that begin side by side, read what waits in each, and are reset apart from each other.
  Status do_together(GroupChange all, const std::string& label);

  // lab_guests.cpp: files that runs are compared with.
  RunFacts run_facts(const Branch& branch) const;
  Status need_comparable(const Guest& guest) const;
  Status need_side(std::int64_t id) const;
  std::int64_t behind(const Beside& each) const;
  void look_at_guests();
  void read_along();

  // lab_interventions.cpp: rules that change what the run computes.
  std::vector<Intervention> interventions() const;
  Status change_interventions(const Command& command, std::vector<Intervention> next);
  Status hand_interventions(lab::Run& forked) const;

  // lab_rules.cpp: rules that watch the run, and what is done where one of them finds something.
  void use_rules(std::vector<Rule> next);
  void change_rules(std::vector<Rule> next, const std::string& label);
  void watch();
  Result<bool> catch_up();
  WatchedRun watched_run() const;
  Status react();
  Status act(const Rule& rule, const Finding& finding);
  Status dump(const Rule& rule, const Finding& finding);
  Status go_back_to(std::int64_t position);

  // lab_time.cpp: named ranges, and cursor A moving by itself.
  void change_ranges(std::vector<NamedRange> next, const std::string& label);
  void note_played();
  void end_playing();
  bool is_at_end() const;

  // lab_notes.cpp: notes at tokens, and where the run pauses.
  void change_notes(std::vector<TokenNote> next, const std::string& label);
  void use_breakpoints(std::vector<Breakpoint> next);
  void change_breakpoints(std::vector<Breakpoint> next, const std::string& label);
  void mind_breakpoints();
  Status pause_where_asked(std::int64_t before, const std::vector<float>& logits_before);

  // lab_work.cpp: announced work, and how it enters the history.
  void announce(Work next);
  Status do_piece(std::int64_t stop_at);
  bool is_done() const;
  Result<std::int32_t> next_token() const;
  void stop_work();
  void record(const Work& done);
  void begin_entry();
  void begin_change();
  void end_change(Change change);

  // lab.cpp
  void know_hash(const std::string& hash);
  void remember(SessionCommand done);
  /// Stops work that was not asked to stop: a session has to say where.
  void break_off();
  void log(const std::string& kind, const std::string& text) const;
  void note(bool is_error, const std::string& text, std::shared_ptr<const Error> error = {});
  void fail(const std::string& reason);
  void keep_cursors(std::int64_t count_before);
  std::int64_t count() const { return run ? run->count() : 0; }
  EngineState state() const;

  /// Runs body; whatever is thrown becomes a fault and an error.
  template <class Body>
  Status guarded(Body body) {
    try {
      return body();
    } catch (const std::bad_alloc&) {
      fail("out of memory");
      return Error{.code = Code::no_memory, .message = fault, .next = "close other programs, or take tokens back"};
    } catch (const std::exception& problem) {
      fail(problem.what());
    } catch (...) {
      fail("an unknown failure");
    }
    return Error{.code = Code::environment, .message = fault};
  }

  const LabOptions options;
  Context<float> context;
  std::shared_ptr<const OpenedModel> opened;
  std::shared_ptr<const ModelFacts> facts;
  std::uint64_t ticket = 0;  // of the command that opened it
  std::vector<bool> sampleable;
  RunTree tree;
  std::unique_ptr<lab::Run>& run = tree.run;  // the active one
  std::vector<Beside> guests;
  std::int64_t next_guest = kFirstGuest;
  bool guests_lag = false, guests_rest = false;  // some have something to read; none shall until the next command
  UndoStack history;
  CommandRecord::Pointer done_so_far;  // what was done since the model was opened
  std::optional<Work> work;
  std::optional<command::Play> playing;
  ExportedNames exported;
  std::optional<command::RunControls> controls;  // that were asked for
  Selection selection;
  Sampling sampling;
  std::shared_ptr<const std::vector<Rule>>& rules = tree.rules;
  std::optional<Watcher> guard;                    // those that do more than mark
  std::int64_t guarded_from = 0;                   // the first token at which they act
  std::shared_ptr<const std::vector<Breakpoint>>& breakpoints = tree.breakpoints;
  std::vector<std::optional<StopExpression>> stops;  // of the breakpoints that are on
  std::optional<Watcher> alarm;                      // all rules, where a breakpoint asks for alerts
  std::shared_ptr<const std::vector<Rule>> alarm_rules;
  std::string fault;
  std::string under_way;  // what a long command is about, while it lasts: an undo, a redo, lanes that read
  Speed speed;
  std::vector<Notice> notices;
  std::uint64_t notices_so_far = 0, snapshots_so_far = 0, runs_so_far = 0, controls_so_far = 0;
};

}  // namespace lab
