#pragma once
// What two runs that are compared expect after one column of their alignment.
#include <cstdint>
#include <functional>
#include <memory>
#include <tuple>
#include <vector>

#include "app/core/snapshot.h"

namespace lab {

/// The logits of one of two sides after a token; empty where they are not there.
using SideLogits = std::function<std::vector<float>(bool of_b, std::int64_t token)>;

/// Keeps the last one.
class ComparedNextMaker {
 public:
  /// After the column of cursor A; null where it stands in none. `runs` is the comparison of `snapshot`'s runs, `sampleable` what the
  /// open model may sample.
  std::shared_ptr<const ComparedNext> make(const Snapshot& snapshot, const ComparedRuns& runs, const std::vector<bool>& sampleable, const SideLogits& logits_after);

 private:
  /// Both runs with their pasts and how far they have come, and the tokens after which is looked.
  using Place = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  Place place_{};
  std::shared_ptr<const ComparedNext> kept_;
};

}  // namespace lab
