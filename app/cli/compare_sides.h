#pragma once
// The two things that `statelab compare` sets beside each other.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/options.h"
#include "app/core/comparison.h"

namespace lab::cli {

/// What the command line says of both.
struct SideOptions {
  std::string a, b;          // a trace, a session, or a model; b "": another run of the session a
  std::string run_a, run_b;  // of sessions, by name or number; "": the active one
  InputOptions input, input_b;
};

/// Both, opened and run; the snapshots are those of their labs, null of traces.
struct BothSides {
  std::unique_ptr<CompareSource> a, b;
  std::shared_ptr<const Snapshot> snapshot_a, snapshot_b;
};
Result<BothSides> open_sides(const SideOptions& options, const Arithmetic& arithmetic, const History& history, const Reporting& reporting);

/// One of several, opened and run: it gives as many sources as there are comparisons with it.
struct OpenedSide {
  std::string name;
  std::shared_ptr<const Snapshot> snapshot;  // of its lab; null of a trace
  std::shared_ptr<const OpenedModel> opened;
  std::shared_ptr<const RecordedTrace> recorded;
  std::int64_t run = 0;

  Result<std::unique_ptr<CompareSource>> source(const Arithmetic& arithmetic) const;
};
/// All of them, the first one first. A model without an input reads the tokens of the first.
Result<std::vector<OpenedSide>> open_many(const std::vector<std::string>& paths, const InputOptions& input, const Arithmetic& arithmetic, const History& history,
                                          const Reporting& reporting);

/// What figures are drawn beside: a lab's snapshot or, where it is null, as much of one as a trace tells; with the layer that differs
/// first unless another one is asked for.
Snapshot snapshot_beside(const std::shared_ptr<const Snapshot>& known, const ComparedRuns& compared, std::optional<std::int64_t> layer, std::int64_t state);

/// Compares all of it, and tells how far it has come. Refused when interrupted, or where nothing of a history is left.
Status finish(Comparison& comparison, const Reporting& reporting);

}  // namespace lab::cli
