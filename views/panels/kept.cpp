#include "views/panels/kept.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lab {

PaneMemory::Kept& kept_of(PaneContext& context) {
  if (!context.memory.kept) context.memory.kept = std::make_shared<PaneMemory::Kept>();
  return *context.memory.kept;
}

const KeptSeries& kept_series(PaneContext& context, int layer, Statistic which) {
  KeptSeries& series = kept_of(context).series[{layer, which}];
  const TraceView* trace = context.snapshot.trace.get();
  const std::uint64_t revision = trace ? trace->revision() : 0;
  const std::int64_t count = trace ? trace->count() : 0;
  if (series.revision != revision || static_cast<std::int64_t>(series.values.size()) > count)
    series = {.revision = revision};
  for (auto t = static_cast<std::int64_t>(series.values.size()); t < count; ++t) {
    const float value = trace->statistic(layer, which, t).mean;
    series.values.push_back(value);
    if (std::isfinite(value)) series.high = std::max(series.high, static_cast<double>(value));
  }
  return series;
}

}  // namespace lab
