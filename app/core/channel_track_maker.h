#pragma once
// What was recorded of one channel over the tokens shown.
#include <functional>
#include <memory>

#include "app/core/snapshot.h"

namespace lab {

/// Keeps what it has read and adds what is new.
class ChannelTrackMaker {
 public:
  /// `channels`: of the layer's state; a driver that has one value a head gives that of the channel's.
  ChannelTrackMaker(const LayerInfo& info, std::int64_t layer, std::int64_t channel, std::int64_t channels, std::int64_t first)
      : info_(info), layer_(layer), channel_(channel), channels_(channels), first_(first) {}

  bool fits(std::int64_t layer, std::int64_t channel, std::int64_t first) const {
    return layer == layer_ && channel == channel_ && first == first_;
  }
  /// The track of the tokens [first, last): of more than 4,096 one in every 2, 4, ... Nothing when stopped by `cancelled`.
  std::shared_ptr<const ChannelTrack> make(const Snapshot& snapshot, std::int64_t last, const std::function<bool()>& cancelled);

 private:
  const LayerInfo info_;
  const std::int64_t layer_, channel_, channels_, first_;
  std::uint64_t revision_ = 0;
  ChannelTrack track_;
};

}  // namespace lab
