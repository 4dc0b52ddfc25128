#pragma once
// How far runs are from the first one, by layer and token: what the tree of runs shows beside their names.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "app/core/snapshot.h"
#include "model/base/result.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// The position up to which two runs have their past in common, 0 where nothing says that they have one.
std::int64_t parting_of(std::span<const RunFacts> runs, std::int64_t a, std::int64_t b);

/// Compares the states of every run with those of the first, from their parting to the shorter one's end, at most the last kMostCompared
/// tokens of it and kMostColumns of these. Keeps what it has made of runs that have not changed.
class RunStripMaker {
 public:
  static constexpr std::int64_t kMostCompared = 4096, kMostColumns = 256;
  /// Null when `cancelled` (may be empty) says so. A strip of what the history has dropped is shorter.
  Result<std::shared_ptr<const RunDifferences>> make(const Model& model, const Snapshot& snapshot, Context<float>& context,
                                                     const std::function<bool()>& cancelled);

 private:
  struct Made {
    std::uint64_t a = 0, b = 0, revision_a = 0, revision_b = 0;  // runs and the revisions of their traces
    std::int64_t count_a = 0, count_b = 0;
    RunStrip strip;
  };
  std::vector<Made> made_;
};

}  // namespace lab
