#pragma once
// One timeline of a model: the tokens it has read, the live state behind them, the edits made on the way, and the trace.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/core/command.h"
#include "app/core/lab.h"
#include "app/core/waiting.h"
#include "tracer/trace/row_log.h"
#include "tracer/trace/trace.h"

namespace lab {

/// An edit of the state, or of how it goes on: where it was made, and the command that makes it again.
struct Edit {
  EditEvent event;
  Command command;
  /// Of each part of it (one, or those of a patch) the state that elements are taken from, where that is of another run or a file, as it
  /// was when the edit was made; null where it is this run's own.
  std::vector<std::shared_ptr<const State>> sources;

  std::int64_t bytes() const;
};

/// What a run held beyond a position: enough to read and edit it again.
struct Tail {
  Tokens tokens;
  std::vector<Edit> edits;
};

struct MannedRule;

/// Asked between the pieces of long work; false stops it.
using GoOn = std::function<bool()>;

/// Every function either does all it says or leaves the run as it was, also when it throws; `append` says when it cannot.
class Run {
 public:
  /// The model and the context outlive the run; one caller at a time.
  Run(std::uint64_t number, const Model& model, const TraceOptions& options, State start, Context<float>& context);

  /// Another run that goes on by itself from a position, with the edits made there: it shares what was recorded before and costs
  /// one state. Nothing waits in it. Refuses a position whose state was dropped from the history.
  Result<std::unique_ptr<Run>> fork(std::uint64_t number, std::int64_t position) const;

  std::uint64_t number() const { return number_; }  // tells the runs of a lab apart
  std::int64_t count() const { return tokens_.view().count(); }
  const RowView<std::int32_t>& tokens() const { return tokens_.view(); }
  const State& state() const { return state_; }
  /// After the last token; empty before the first.
  const std::vector<float>& logits() const { return logits_; }
  const std::shared_ptr<const std::vector<EditEvent>>& edits() const { return events_; }
  std::shared_ptr<const TraceView> trace() const { return trace_.view(); }
  const RowView<double>& times() const { return times_.view(); }
  const std::string& start() const { return start_text_; }
  const Trace& recorded() const { return trace_; }
  void set_budget(std::int64_t bytes) { trace_.set_budget(bytes); }
  /// The state that the token at a position finds, or found. Refused where it was dropped from the history.
  Result<State> state_at(std::int64_t position) const;
  /// What was read and edited beyond a position.
  Tail tail_from(std::int64_t position) const;
  bool has_vectors() const { return vectors_.view().count() > 0 || waiting.has_vectors(); }

  Waiting waiting;
  std::shared_ptr<const std::vector<NamedRange>> ranges = std::make_shared<const std::vector<NamedRange>>();
  std::shared_ptr<const std::vector<TokenNote>> notes = std::make_shared<const std::vector<TokenNote>>();

  /// The most tokens that one call of `read` takes now.
  std::int64_t reach() const;
  /// Reads tokens, at most reach(). Refused with Code::cancelled when the context was told to stop.
  Status read(TokenSpan tokens);
  /// Makes an edit at the end; its event in edits() also says what it has forgotten. What the layers it touches held before is returned.
  Result<StateContents<float>> edit(const Edit& edit);
  /// Gives the layers of an edit other contents and returns theirs; the edit is added to the list, or the last one removed.
  void exchange(const Edit& edit, bool make, StateContents<float>& contents);

  /// Goes back to a position, to the state that the token there found, and returns what lay beyond.
  Result<Tail> cut(std::int64_t position);
  /// Reads and edits again what `cut` has returned. Stopped on the way it goes back, unless the history has been dropped by then.
  Status append(const Tail& tail, const GoOn& go_on);

 private:
  /// What the token at a position finds: the state, and what was expected there.
  struct Standing {
    State state;
    std::vector<float> logits;
  };

  Run(std::uint64_t number, const Run& other, std::int64_t position, Standing at);
  bool goes_unrecorded() const;
  std::vector<MannedRule> rules_in(std::int64_t first, std::int64_t last) const;
  bool advance(std::int64_t position, TokenSpan tokens, State& state, Probe* probe, std::vector<float>& logits) const;
  Status append_all(const Tail& tail, const GoOn& go_on);
  Status append_tokens(TokenSpan tokens, const GoOn& go_on);
  /// A state of the past, and where: parts of an edit that take from one place share it.
  using Past = std::optional<std::pair<std::int64_t, State>>;
  Status change(const StateEdit& edit, const State* source, Past& past, State& state, std::vector<Forgotten>& forgotten) const;
  Status forget(const StateEdit& edit, State& state, std::vector<Forgotten>& forgotten) const;
  Result<State> edited(const Edit& edit, EditEvent& event) const;
  Result<Standing> standing_at(std::int64_t position) const;
  void rewind(std::int64_t position, Standing at);
  void set_edits(std::vector<Edit> edits);
  void recover();
  void make_sound();

  const std::uint64_t number_;
  const Model& model_;
  Context<float>& context_;
  Replayer replayer_;
  State state_;
  Trace trace_;
  RowLog<std::int32_t> tokens_;
  RowLog<double> times_;   // when each token had been read, which nothing computed depends on
  std::chrono::steady_clock::time_point began_;  // the first reading
  std::string start_text_;
  RowLog<float> vectors_;  // as read, where the run was fed vectors
  std::vector<float> logits_;
  std::vector<Edit> edits_;
  std::shared_ptr<const std::vector<EditEvent>> events_ = std::make_shared<const std::vector<EditEvent>>();
  bool sound_ = true;  // false: a step was torn, the state is to be restored before anything else
};

}  // namespace lab
