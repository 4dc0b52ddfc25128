#pragma once
// What two runs that are compared expect after one column of their alignment.
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

#include "app/core/lab.h"
#include "app/core/snapshot.h"

namespace lab {

/// Keeps the last one.
class ComparedNextMaker {
 public:
  /// After the column of cursor A; null where it stands in none. `runs` is the comparison of `snapshot`'s runs.
  std::shared_ptr<const ComparedNext> make(const Snapshot& snapshot, const ComparedRuns& runs, const OpenedModel& opened, const std::vector<bool>& sampleable,
                                           Context<float>& context);

 private:
  /// Both runs with their pasts and how far they have come, and the tokens after which is looked.
  using Place = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  Place place_{};
  std::shared_ptr<const ComparedNext> kept_;
};

}  // namespace lab
