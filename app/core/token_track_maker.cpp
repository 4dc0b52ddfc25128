#include "app/core/token_track_maker.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/core/layer_walk.h"
#include "app/core/slab_maker.h"

namespace lab {
namespace {

constexpr std::int64_t kMostRows = 1024, kRowsAtOnce = 16;  // so that the logits take little memory and stopping is quick

}  // namespace

Result<std::shared_ptr<const TokenTrack>> TokenTrackMaker::make(const Snapshot& snapshot, std::int64_t last, const std::function<bool()>& cancelled) {
  const std::int64_t stride = stride_for(last - first_, kMostRows), wanted = (last - first_ + stride - 1) / stride;
  if (snapshot.trace->revision() != revision_ || stride != stride_ || wanted < rows_.view().count()) rows_.truncate(0);
  revision_ = snapshot.trace->revision(), stride_ = stride;
  if (open_end_ && rows_.view().count() > 0) rows_.truncate(rows_.view().count() - 1);
  while (rows_.view().count() < wanted) {
    if (cancelled && cancelled()) return std::shared_ptr<const TokenTrack>();
    LAB_TRY(add(snapshot, rows_.view().count(), std::min(kRowsAtOnce, wanted - rows_.view().count())));
  }
  auto track = std::make_shared<TokenTrack>();
  track->watched = watched_;
  track->first = first_, track->stride = stride_;
  track->rows = rows_.view();
  return std::shared_ptr<const TokenTrack>(std::move(track));
}

/// Adds `count` rows from `row` on.
Status TokenTrackMaker::add(const Snapshot& snapshot, std::int64_t row, std::int64_t count) {
  const int layer = model_.layers() - 1;
  const int driver = find_driver(model_.info().layers.back(), Point::resid_out);
  const std::int64_t hidden = model_.info().hidden, vocabulary = model_.info().vocabulary;
  std::vector<float> streams(static_cast<std::size_t>(count * hidden)), logits(static_cast<std::size_t>(count * vocabulary));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t token = first_ + (row + i) * stride_;
    const auto stream = snapshot.trace->driver(layer, driver, token);
    if (!stream)
      return Error{.code = Code::out_of_range,
                   .field = "token",
                   .expected = std::to_string(snapshot.trace->use().looked_at_from) + " or later",
                   .found = std::to_string(token),
                   .message = "what the model expected there was dropped to stay within the memory budget"};
    std::ranges::copy(*stream, streams.begin() + i * hidden);
  }
  model_.read_out({streams.data(), count, hidden}, {logits.data(), count, vocabulary}, context_);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t next = first_ + (row + i) * stride_ + 1;
    open_end_ = next >= snapshot.count();
    fill({logits.data() + i * vocabulary, static_cast<std::size_t>(vocabulary)}, open_end_ ? -1 : snapshot.tokens[next][0], rows_.append());
  }
  return {};
}

void TokenTrackMaker::fill(std::span<const float> logits, std::int32_t came, std::span<float> row) const {
  const auto may_be = [&](std::size_t id) { return sampleable_[id] && !std::isnan(logits[id]); };
  double largest = -INFINITY, sum = 0, weighted = 0;
  for (std::size_t id = 0; id < logits.size(); ++id)
    if (may_be(id)) largest = std::max(largest, static_cast<double>(logits[id]));
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (!may_be(id)) continue;
    const double above = static_cast<double>(logits[id]) - largest, weight = std::exp(above);
    sum += weight;
    if (weight > 0) weighted += weight * above;
  }
  row[0] = static_cast<float>((std::log(sum) - weighted / sum) / std::numbers::ln2);
  const auto put = [&](std::size_t at, std::int32_t token) {
    row[at] = row[at + 1] = NAN;
    const auto id = static_cast<std::size_t>(token);
    if (token < 0 || id >= logits.size() || !may_be(id)) return;
    std::int64_t better = 0;
    for (std::size_t other = 0; other < logits.size(); ++other)
      better += may_be(other) && (logits[other] > logits[id] || (logits[other] == logits[id] && other < id));
    row[at] = static_cast<float>(std::exp(static_cast<double>(logits[id]) - largest) / sum);
    row[at + 1] = static_cast<float>(better + 1);
  };
  put(1, came);
  for (std::size_t i = 0; i < kMostWatched; ++i) put(3 + 2 * i, watched_[i]);
}

}  // namespace lab
