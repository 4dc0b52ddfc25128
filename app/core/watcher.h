#pragma once
// Follows a run by rules: feeds a monitor with what the trace recorded, keeps what was measured and found. The same for a run
// that goes on, one that was read long ago and one whose past was changed.
#include <functional>
#include <memory>
#include <vector>

#include "app/core/snapshot.h"
#include "model/math/context.h"
#include "model/model.h"
#include "tracer/detect/monitor.h"

namespace lab {

/// What a watcher sees of a run.
struct WatchedRun {
  std::uint64_t number = 0;
  RowView<std::int32_t> tokens;
  std::shared_ptr<const TraceView> trace;
  std::shared_ptr<const std::vector<EditEvent>> edits;
};
WatchedRun watched(const Snapshot& snapshot);

class Watcher {
 public:
  /// Rules that check_rule accepts. The model and the context outlive the watcher.
  Watcher(const Model& model, std::vector<Rule> rules, Context<float>& context);

  /// Looks at the tokens of the run up to `until`, from where it has got so far or where the past has changed since. False
  /// when it was cancelled; what was seen by then stays.
  Result<bool> follow(const WatchedRun& run, std::int64_t until, const std::function<bool()>& cancelled);
  /// What was measured and found so far; immutable.
  std::shared_ptr<const AlertLog> log() const;

  const std::vector<Rule>& rules() const { return *rules_; }
  const std::vector<Alert>& alerts() const { return alerts_; }
  std::int64_t seen() const { return seen_; }

 private:
  struct Checkpoint {
    std::int64_t token = 0;
    Monitor monitor;
  };

  void go_back(std::int64_t token);
  void keep_checkpoint();
  Status look(const WatchedRun& run, std::int64_t first, std::int64_t last);
  Status move_state(const WatchedRun& run, std::int64_t token);
  Status read_residuals(const WatchedRun& run, int layer, std::int64_t first, Rows<float> rows) const;

  const Model& model_;
  const std::shared_ptr<const std::vector<Rule>> rules_;
  Context<float>& context_;
  const std::vector<std::vector<float>> rates_;  // of each layer
  const Needs needs_;
  WatchedRun run_;
  Monitor monitor_;
  std::vector<Checkpoint> checkpoints_;
  std::int64_t first_ = 0, seen_ = 0;  // tokens looked at: [first_, seen_)
  std::vector<Alert> alerts_;
  std::vector<RowLog<float>> measured_;
  State state_;
  std::int64_t state_at_ = -1;         // its position; -1: none
};

}  // namespace lab
