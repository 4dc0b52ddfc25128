#pragma once
// The comparison of two runs that views ask for: goes on with the runs, keeps what it has found.
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/core/comparison.h"

namespace lab {

/// The runs that a query means, of the model or of guests: -1 where there are no two.
struct ComparedIds {
  std::int64_t a = -1, b = -1;
};
ComparedIds runs_to_compare(const Snapshot& snapshot, const ComparisonQuery& query);

class ComparisonMaker {
 public:
  explicit ComparisonMaker(const ContextOptions& arithmetic) : arithmetic_(arithmetic) {}

  /// One piece further, or all of it where the query waits; with what is drawn of the selected layer once everything is compared. Null
  /// where there are no two runs or `refusal` says why; nothing when cancelled.
  std::optional<std::shared_ptr<const ComparedRuns>> make(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                                          const ComparisonQuery& query, std::string& refusal, const std::function<bool()>& cancelled);
  /// See Comparison::logits_after, of what was made last.
  std::vector<float> logits_after(bool of_b, std::int64_t token) { return comparison_ ? comparison_->logits_after(of_b, token) : std::vector<float>(); }

 private:
  /// What a picture was made of.
  struct Drawn {
    std::shared_ptr<const Alignment> alignment;
    std::int64_t layer = 0, state = 0, first = 0, last = 0;
    TrajectoryBasis basis = TrajectoryBasis::joint;
    friend bool operator==(const Drawn&, const Drawn&) = default;
  };
  /// A side as it was: equal, nothing has changed.
  struct Side {
    std::int64_t id = -1;
    std::uint64_t run = 0, revision = 0;
    std::int64_t count = 0;
    friend bool operator==(const Side&, const Side&) = default;
  };
  static Side side_of(const Snapshot& snapshot, std::int64_t id);
  Status prepare(const Snapshot& snapshot, const std::shared_ptr<const OpenedModel>& opened, const ComparisonQuery& query, const ComparedIds& ids);

  const ContextOptions arithmetic_;
  std::shared_ptr<const OpenedModel> opened_;
  Side a_, b_;
  AlignBy by_ = AlignBy::position;
  std::int64_t offset_ = 0;
  std::unique_ptr<Comparison> comparison_;
  Drawn slab_of_, path_of_;
  std::shared_ptr<const PairedSlab> slab_;
  std::shared_ptr<const TrajectoryPair> path_;
};

}  // namespace lab
