#include "app/core/channel_track_maker.h"

#include <algorithm>
#include <cmath>

#include "app/core/slab_maker.h"

namespace lab {
namespace {

constexpr std::int64_t kMostPoints = 4096;
/// What one channel has a value of its own of, or shares with its head.
constexpr Point kOfChannels[] = {Point::dt, Point::z, Point::att_k, Point::att_v, Point::att_r};

}  // namespace

std::shared_ptr<const ChannelTrack> ChannelTrackMaker::make(const Snapshot& snapshot, std::int64_t last, const std::function<bool()>& cancelled) {
  const TraceView& trace = *snapshot.trace;
  const std::int64_t stride = stride_for(last - first_, kMostPoints), wanted = (last - first_ + stride - 1) / stride;
  if (trace.revision() != revision_ || stride != track_.stride || track_.layer != layer_) track_ = {.layer = layer_, .channel = channel_, .first = first_, .stride = stride};
  revision_ = trace.revision();
  for (std::size_t i = 0; i < info_.drivers.size(); ++i) {
    const Driver& driver = info_.drivers[i];
    if (std::ranges::find(kOfChannels, driver.point) == std::end(kOfChannels) || channels_ % driver.width != 0) continue;
    const auto at = static_cast<std::size_t>(channel_ / (channels_ / driver.width));
    std::vector<float>& values = track_.values[driver.point];
    if (static_cast<std::int64_t>(values.size()) > wanted) values.clear();
    while (static_cast<std::int64_t>(values.size()) < wanted) {
      if (cancelled && values.size() % 64 == 0 && cancelled()) return nullptr;
      const auto recorded = trace.driver(static_cast<int>(layer_), static_cast<int>(i), first_ + static_cast<std::int64_t>(values.size()) * stride);
      values.push_back(recorded ? (*recorded)[at] : NAN);
    }
  }
  return std::make_shared<const ChannelTrack>(track_);
}

}  // namespace lab
