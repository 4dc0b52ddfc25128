#pragma once
// The state of one layer of both sides of a comparison: as a picture over time, and as two paths.
#include <cstdint>
#include <functional>
#include <memory>

#include "app/core/comparison.h"

namespace lab {

/// Two sides whose tokens stand beside each other.
struct AlignedSides {
  CompareSource& a;
  CompareSource& b;
  const Alignment& alignment;
};

/// As Comparison::slab and Comparison::trajectories.
Result<std::shared_ptr<const PairedSlab>> pair_slab(const AlignedSides& sides, int layer, std::int64_t state, std::int64_t first, std::int64_t last,
                                                    const std::function<bool()>& cancelled);
Result<std::shared_ptr<const TrajectoryPair>> pair_trajectories(const AlignedSides& sides, int layer, TrajectoryBasis basis, std::int64_t first,
                                                                std::int64_t last, const std::function<bool()>& cancelled);

}  // namespace lab
