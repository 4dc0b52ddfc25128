#pragma once
// What the model expected after each token shown: entropy, the token that came, and tokens that are watched.
#include <functional>
#include <memory>
#include <vector>

#include "app/core/snapshot.h"
#include "model/math/context.h"
#include "model/model.h"

namespace lab {

/// For some watched tokens and one beginning; keeps what it has made and adds what is new.
class TokenTrackMaker {
 public:
  TokenTrackMaker(const Model& model, const std::vector<bool>& sampleable, const Watched& watched, std::int64_t first, Context<float>& context)
      : model_(model), sampleable_(sampleable), watched_(watched), first_(first), context_(context) {}

  bool fits(const Watched& watched, std::int64_t first) const { return watched == watched_ && first == first_; }
  /// The track of the tokens [first, last): of more than 1,024 one in every 2, 4, ... Stopped by `cancelled` it keeps what it has and
  /// returns nothing. Probabilities are over the tokens that may be sampled, summed in double precision.
  Result<std::shared_ptr<const TokenTrack>> make(const Snapshot& snapshot, std::int64_t last, const std::function<bool()>& cancelled);

 private:
  Status add(const Snapshot& snapshot, std::int64_t row, std::int64_t count);
  void fill(std::span<const float> logits, std::int32_t came, std::span<float> row) const;

  const Model& model_;
  const std::vector<bool> sampleable_;
  const Watched watched_;
  const std::int64_t first_;
  Context<float>& context_;
  std::uint64_t revision_ = 0;
  std::int64_t stride_ = 1;
  bool open_end_ = false;  // the last row does not know yet what came
  RowLog<float> rows_{TokenTrack::kWidth};
};

}  // namespace lab
