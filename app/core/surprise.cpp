#include "app/core/surprise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace lab {
namespace {

constexpr std::int64_t kPieceWork = std::int64_t{1} << 28;  // multiplications of the head in one piece: a fraction of a second

}  // namespace

Uncertainty uncertainty(std::span<const float> logits, std::int32_t came, const std::vector<bool>& sampleable) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const auto may_be = [&](std::size_t id) { return id < sampleable.size() && sampleable[id] && !std::isnan(logits[id]); };
  double high = -std::numeric_limits<double>::infinity();
  for (std::size_t id = 0; id < logits.size(); ++id)
    if (may_be(id)) high = std::max(high, static_cast<double>(logits[id]));
  if (!std::isfinite(high)) return {kNaN, kNaN};
  double sum = 0, weighted = 0;  // of exp(l - high), and of l - high by it
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (!may_be(id)) continue;
    const double below = static_cast<double>(logits[id]) - high, weight = std::exp(below);
    sum += weight;
    if (weight > 0) weighted += weight * below;
  }
  const double log_sum = std::log(sum);
  const auto token = static_cast<std::size_t>(came);
  const bool is_known = came >= 0 && token < logits.size() && may_be(token);
  return {(log_sum - weighted / sum) / std::numbers::ln2,
          is_known ? (log_sum - (static_cast<double>(logits[token]) - high)) / std::numbers::ln2 : kNaN};
}

// What was expected after `position` tokens, beside the one that came.
void SurpriseMaker::look(const Snapshot& snapshot, std::int64_t position, const std::vector<bool>& sampleable, const LogitsAfter& logits_after) {
  const auto logits = logits_after(position);
  if (!logits) return;
  const bool has_come = position < snapshot.count() && !snapshot.has_vectors;
  const Uncertainty found = uncertainty(*logits, has_come ? snapshot.tokens[position][0] : -1, sampleable);
  track_.entropy[static_cast<std::size_t>(position - 1)] = static_cast<float>(found.entropy);
  if (has_come) track_.surprise[static_cast<std::size_t>(position)] = static_cast<float>(found.surprise);
}

std::shared_ptr<const SurpriseTrack> SurpriseMaker::make(const Snapshot& snapshot, const std::vector<bool>& sampleable,
                                                         const LogitsAfter& logits_after, const std::function<bool()>& cancelled) {
  const std::int64_t count = snapshot.count();
  if (snapshot.trace->revision() != revision_ || count + 1 < next_) *this = {};
  revision_ = snapshot.trace->revision();
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  track_.surprise.resize(static_cast<std::size_t>(count), kNaN);
  track_.entropy.resize(static_cast<std::size_t>(count), kNaN);
  const std::int64_t work = std::max<std::int64_t>(1, snapshot.model->vocabulary * snapshot.model->hidden);
  const std::int64_t end = std::min(count, next_ + std::max<std::int64_t>(1, kPieceWork / work));
  while (next_ < end && !(cancelled && cancelled())) look(snapshot, next_++, sampleable, logits_after);
  track_.is_whole = next_ >= count;
  if (track_.is_whole && count > 0) look(snapshot, count, sampleable, logits_after);  // nothing has come behind the last token
  return std::make_shared<const SurpriseTrack>(track_);
}

}  // namespace lab
