#include "app/core/window_means.h"

#include <fmt/format.h>

#include "app/core/slab_maker.h"

namespace lab {
namespace {

/// Of each row over the tokens [first, last) of a slab with a column for each token.
std::vector<float> means_of(const StateSlab& slab, std::int64_t first, std::int64_t last) {
  std::vector<double> sums(static_cast<std::size_t>(slab.rows));
  for (std::int64_t token = first; token < last; ++token) {
    const std::span<const float> column = slab.columns[token - slab.first];
    for (std::size_t row = 0; row < sums.size(); ++row) sums[row] += static_cast<double>(column[row]);
  }
  std::vector<float> means;
  for (const double sum : sums) means.push_back(static_cast<float>(sum / static_cast<double>(last - first)));
  return means;
}

}  // namespace

Result<std::shared_ptr<const WindowMeans>> compare_windows(const Model& model, const Snapshot& snapshot, const TokenWindows& windows,
                                                           Context<float>& context, const std::function<bool()>& cancelled) {
  const std::int64_t from = snapshot.trace->use().replayable_from;
  const bool are_there = windows.layer >= 0 && windows.layer < model.layers() && windows.first >= 0 && windows.first < windows.middle &&
                         windows.middle < windows.last && windows.last <= snapshot.count();
  if (!are_there || windows.first < from)
    return Error{.code = Code::out_of_range,
                 .field = "windows",
                 .expected = fmt::format("two windows of tokens from {} to {}", from, snapshot.count()),
                 .found = fmt::format("{} to {} to {}", windows.first, windows.middle, windows.last),
                 .message = "there are no such windows"};
  SlabMaker maker(model, {.layer = windows.layer, .state = windows.state}, windows.first, context);
  LAB_ASSIGN(const std::shared_ptr<const StateSlab> slab, maker.make(snapshot, windows.last, false, cancelled));
  if (!slab) return std::shared_ptr<const WindowMeans>();
  if (slab->stride != 1)
    return Error{.code = Code::too_large, .field = "windows", .message = "the windows are too long to be compared channel by channel"};
  auto means = std::make_shared<WindowMeans>();
  means->windows = windows;
  means->before = means_of(*slab, windows.first, windows.middle);
  means->recent = means_of(*slab, windows.middle, windows.last);
  means->half_life = slab->half_life;
  return std::shared_ptr<const WindowMeans>(std::move(means));
}

}  // namespace lab
