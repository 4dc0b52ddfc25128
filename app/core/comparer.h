#pragma once
// The comparison that Compare shows: begun anew when other runs are chosen, gone on with when tokens come, piece by piece.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "app/core/comparison.h"
#include "app/core/snapshot.h"

namespace lab {

/// For one caller at a time.
class Comparer {
 public:
  explicit Comparer(const ContextOptions& arithmetic) : arithmetic_(arithmetic) {}

  /// The two runs of a snapshot as far as they have been compared; a few pieces are added by each call until it is whole. Null where
  /// there are fewer than two runs, or with a refusal. Nothing when it was cancelled, and what was found by then is kept.
  std::optional<std::shared_ptr<const ComparedRuns>> look(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                                          const CompareParts& parts, std::string& refusal, const std::function<bool()>& cancelled);
  /// What both expect after the column of cursor A, or null.
  std::shared_ptr<const ComparedNext> next(const Snapshot& snapshot, const OpenedModel& opened, const std::vector<bool>& sampleable,
                                           Context<float>& context);

 private:
  /// Which runs, and which of their tokens belong together.
  using Which = std::tuple<const OpenedModel*, std::int64_t, std::uint64_t, std::int64_t, std::uint64_t, std::string, std::int64_t>;
  /// As far as the runs have come, with their pasts.
  using Reach = std::tuple<std::int64_t, std::uint64_t, std::int64_t, std::uint64_t>;
  /// Of one picture: the layer, the state index or basis, columns, and the reach of both runs.
  using Part = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, Reach>;

  Status follow(const Snapshot& snapshot, const RunPair& runs, const std::shared_ptr<const OpenedModel>& opened);
  bool add_pictures(const Snapshot& snapshot, const CompareParts& parts, ComparedRuns& runs, std::string& refusal, const std::function<bool()>& cancelled);

  const ContextOptions arithmetic_;
  Which which_{};
  Reach reach_{};
  std::unique_ptr<Comparison> comparison_;
  bool has_more_ = false;
  Part slab_of_{}, trajectories_of_{};
  std::shared_ptr<const PairedSlab> slab_;
  std::shared_ptr<const TrajectoryPair> trajectories_;
  std::shared_ptr<const ComparedRuns> found_, shown_;  // without pictures, and with them
  std::shared_ptr<const ComparedNext> next_;
  std::tuple<Which, std::uint64_t, std::uint64_t, std::int64_t, std::int64_t> next_of_{};
};

}  // namespace lab
