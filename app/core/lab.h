#pragma once
// The lab without threads and window: a model, its run, the selection, undo. Commands go in, snapshots come out.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/core/command_record.h"
#include "app/core/snapshot.h"
#include "model/base/result.h"
#include "model/math/context.h"
#include "model/opened_model.h"

namespace lab {

class Log;

/// What a notice says where a rule asks for a state and LabOptions::dump is empty.
inline constexpr const char* kNoDumpFolder = "there is no folder for states: nothing was written";

/// open_model, and then, in the background, large weights are moved into memory for as long as the model is open.
Result<std::shared_ptr<const OpenedModel>> open_to_run(const std::string& model, const OpeningSteps& steps = {});

struct LabOptions {
  ContextOptions arithmetic;        // threads, instruction set, rounding
  TraceOptions trace;
  Log* log = nullptr;               // may be null
  const std::atomic<bool>* stop = nullptr;  // polled between layers
  std::function<bool()> go_on;      // may be empty; asked between the pieces of a long undo or redo, or of lanes that read; false stops it
  // May be empty; writes the state that a rule asks for. The hash is the model's, "" while nobody knows it.
  std::function<Status(const State& state, const std::string& name, const std::string& model_hash)> dump;
  // May be empty; told of every command that was applied, with the model that is open then, and how far announced work has come.
  std::function<void(const SessionCommand& done, const OpenedModel& opened)> applied;
  std::function<void(std::int64_t position, bool goes_on)> reached;
  std::function<void(const char* doing, double progress)> opening;  // may be empty; told what opening a model, or a file beside it, does next
  std::function<Result<std::shared_ptr<const OpenedModel>>(const std::string& model, const OpeningSteps& steps)> open = open_to_run;
  std::function<std::vector<std::string>()> opened_before;  // may be empty; models among which those of compared sessions are looked for
};

/// What became of a command.
struct Answer {
  bool applied = false;
  Error refusal;  // when not applied
};

class Lab {
 public:
  explicit Lab(const LabOptions& options);
  ~Lab();

  /// Applies a command at the present step boundary. Step, Run and ReadWaiting only announce work, which `work` does.
  Answer apply(const Command& command);
  /// Puts an opened model in place of the present one (what Open does after loading).
  void put(std::shared_ptr<const OpenedModel> opened);
  /// Feeds vectors in place of embeddings, [T, hidden] flat.
  Answer feed_vectors(std::vector<float> vectors);

  /// Whether a command had better wait until announced steps or reading are done, so that quick hands and slow ones get the same
  /// run. Not so: what only looks (Seek, Select, ShowRange, ShowWeights, Play), Pause, Reset and Open. `apply` takes any at any time.
  bool should_wait(const Command& command) const;
  /// Whether it may go past commands that wait: a look, or Pause.
  static bool may_overtake(const Command& command);
  /// Stops announced work with a reason: the lab is in state faulted until the next command that is no look.
  void fail(const std::string& reason);
  /// Adds a notice to the snapshots that follow.
  void note(bool is_error, const std::string& text, std::shared_ptr<const Error> error = {});

  /// Whether work was announced, or a model that is compared has not read what its run has.
  bool has_work() const;
  /// How many tokens the run has read.
  std::int64_t count() const;
  /// Tokens a second that the announced Run asks for, 0: as fast as possible.
  double rate() const;
  /// Does a piece of announced work, or without any what guests have to read: one step, or at most 64 waiting tokens. False when there is none. A failing step leaves the run
  /// paused at its last good token in state faulted. With `stop_at` the piece ends at that position at the latest.
  bool work(std::int64_t stop_at = INT64_MAX);
  /// Whether cursor A moves by itself, how often a second (0: as fast as can be seen), and its next move.
  bool plays() const;
  double play_rate() const;
  void play_on();
  /// Works until nothing is left: what commands of scripts and the command line do. A Run without an end is paused instead, and
  /// what plays has played.
  void finish_work();

  std::shared_ptr<const Snapshot> snapshot();
  std::shared_ptr<const OpenedModel> opened() const;
  /// The content hash of the model, computed when first asked for; "" without a model.
  std::string model_hash();
  /// Bytes that the histories of all runs keep in memory, shared ones counted once.
  std::int64_t history_bytes() const;
  /// The same, computed elsewhere; ignored when another model is open by now.
  void set_model_hash(const std::shared_ptr<const OpenedModel>& of, const std::string& hash);
  /// The live state at the end of the run.
  const State& state() const;
  /// Puts a state in its place before the first token is read (statelab ... --state F).
  Answer start_from(const State& state);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lab
