#pragma once
// The two things that `statelab compare` sets beside each other.
#include <memory>
#include <string>

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

}  // namespace lab::cli
