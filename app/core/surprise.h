#pragma once
// How much each token surprised the model and how unsure it was after it, over all tokens of a run.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "app/core/snapshot.h"

namespace lab {

struct Uncertainty {
  double entropy = 0;   // bits
  double surprise = 0;  // bits, of the token that came
};
/// Of what logits say, over the tokens that may be sampled, as `next_tokens` does. NaN where nothing is possible, or where the
/// token that came may not be sampled; infinite where it was impossible.
Uncertainty uncertainty(std::span<const float> logits, std::int32_t came, const std::vector<bool>& sampleable);

/// Makes the track in pieces of bounded work, so that the other views never wait long for it; keeps what it has made and adds
/// what is new.
class SurpriseMaker {
 public:
  /// The logits after so many tokens, or nothing where they were dropped from the history.
  using LogitsAfter = std::function<std::optional<std::vector<float>>(std::int64_t position)>;

  /// Adds the next piece and returns all there is.
  std::shared_ptr<const SurpriseTrack> make(const Snapshot& snapshot, const std::vector<bool>& sampleable, const LogitsAfter& logits_after,
                                            const std::function<bool()>& cancelled);

 private:
  void look(const Snapshot& snapshot, std::int64_t position, const std::vector<bool>& sampleable, const LogitsAfter& logits_after);

  std::uint64_t revision_ = 0;
  std::int64_t next_ = 1;  // positions below are done: the token behind each has come
  SurpriseTrack track_;
};

}  // namespace lab
