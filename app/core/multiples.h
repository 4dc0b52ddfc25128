#pragma once
// Several runs set beside one: how far the state of a layer is from that of A, over the tokens of A, for each of them.
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "app/core/comparison.h"

namespace lab {

/// What of two sides is set beside each other.
struct MultipleLook {
  AlignBy by = AlignBy::position;
  std::int64_t offset = 0;
  std::int64_t layer = 0, state = 0;
  std::int64_t first = 0, last = 0;  // tokens of A: [first, last)
  friend bool operator==(const MultipleLook&, const MultipleLook&) = default;
};
/// One side beside A; `run` is left to the caller. Where it cannot be, the refusal says why. Nothing when cancelled.
std::optional<RunMultiple> set_beside(CompareSource& a, CompareSource& b, const MultipleLook& look, const std::function<bool()>& cancelled = {});

/// The runs that a query sets beside its A; none without an A.
std::vector<const RunFacts*> runs_beside(const Snapshot& snapshot, const MultiplesQuery& query);

/// Keeps what has not changed.
class MultiplesMaker {
 public:
  explicit MultiplesMaker(const ContextOptions& arithmetic) : arithmetic_(arithmetic) {}
  /// Of the selected layer and state index over the tokens shown. Null where there are no two runs; nothing when cancelled.
  std::optional<std::shared_ptr<const RunMultiples>> make(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened, const MultiplesQuery& query,
                                                          const std::function<bool()>& cancelled);

 private:
  /// A side as it was: equal, nothing has changed.
  struct Side {
    std::uint64_t run = 0, revision = 0;
    std::int64_t count = 0;
    friend bool operator==(const Side&, const Side&) = default;
  };
  struct Kept {
    Side a, b;
    MultipleLook look;
    RunMultiple made;
  };
  static Side side_of(const RunFacts& run);

  const ContextOptions arithmetic_;
  std::map<std::int64_t, Kept> kept_;  // by run
};

}  // namespace lab
