#include "app/core/slab_maker.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "model/base/check.h"

namespace lab {
namespace {

constexpr std::int64_t kColumns = 2048;
constexpr std::int64_t kColumnsPerBlock = 64;

// Of two values the one of larger magnitude, with its sign. What is not a number stays visible.
float larger(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? a : b;
  return std::fabs(b) > std::fabs(a) ? b : a;
}

}  // namespace

ShownRange shown_range(const Snapshot& snapshot) {
  const Selection& s = snapshot.selection;
  if (s.first == 0 && s.last == 0) return {0, snapshot.count()};
  return {std::min(s.first, snapshot.count()), std::min(s.last, snapshot.count())};
}

std::int64_t stride_for(std::int64_t tokens, std::int64_t most) {
  std::int64_t stride = 1;
  while ((tokens + stride - 1) / stride > most) stride *= 2;
  return stride;
}

SlabMaker::SlabMaker(const Model& model, std::int64_t layer, std::int64_t state, std::int64_t first,
                     Context<float>& context)
    : layer_(layer), index_(state), first_(first), plane_(*model.schema(), layer),
      dt_driver_(find_driver(model.info().layers[static_cast<std::size_t>(layer)], Point::dt)),
      walk_(model, static_cast<int>(layer), context), rates_(static_cast<std::size_t>(plane_.rows())) {
  const std::int64_t states = plane_.states(), rows = plane_.rows();
  const std::vector<float> A = model.rates(static_cast<int>(layer));  // one a row and state, one a row, one a head, or none
  const auto rates = static_cast<std::int64_t>(A.size());
  const bool rate_by_state = rates == rows * states;
  for (std::int64_t r = 0; r < rows && rates > 0; ++r)
    rates_[static_cast<std::size_t>(r)] = std::fabs(A[static_cast<std::size_t>(rate_by_state ? r * states + state : r / (rows / rates))]);
  const std::int64_t steps =
      dt_driver_ < 0 ? 1 : model.info().layers[static_cast<std::size_t>(layer)].drivers[static_cast<std::size_t>(dt_driver_)].width;
  LAB_CHECK(rows % steps, ==, 0);
  dt_rows_ = rows / steps;
  restart(0);
}

void SlabMaker::restart(std::uint64_t revision) {
  revision_ = revision;
  next_ = first_;
  stride_ = 1;
  columns_ = RowLog<float>(plane_.rows(), kColumnsPerBlock);
  dt_sums_.assign(static_cast<std::size_t>(plane_.rows() / dt_rows_), 0.0);
}

Result<std::shared_ptr<const StateSlab>> SlabMaker::make(const Snapshot& snapshot, std::int64_t last,
                                                         const std::function<bool()>& cancelled) {
  const TraceView& trace = *snapshot.trace;
  if (trace.revision() != revision_ || last < next_) restart(trace.revision());
  while (stride_ < stride_for(last - first_, kColumns)) pool_pairs();
  bool stopped = false;
  LAB_TRY(walk_.walk(snapshot, next_, last, [&](std::int64_t token) {
    take(trace, token);
    stopped = cancelled && token % 16 == 0 && cancelled();
    return !stopped;
  }));
  return stopped ? nullptr : result();
}

// Twice as many tokens a column; what readers hold of the old columns stays theirs.
void SlabMaker::pool_pairs() {
  const RowView<float> old = columns_.view();
  columns_ = RowLog<float>(old.width(), kColumnsPerBlock);
  for (std::int64_t c = 0; c < old.count(); c += 2) {
    const std::span<float> pooled = columns_.append();
    std::copy(old[c].begin(), old[c].end(), pooled.begin());
    if (c + 1 < old.count()) std::transform(pooled.begin(), pooled.end(), old[c + 1].begin(), pooled.begin(), larger);
  }
  stride_ *= 2;
}

void SlabMaker::take(const TraceView& trace, std::int64_t token) {
  std::vector<float> before;
  if ((token - first_) % stride_ != 0) {  // the column is not full: it is written anew, since readers hold the old one
    const std::span<const float> column = columns_.view()[columns_.view().count() - 1];
    before.assign(column.begin(), column.end());
    columns_.truncate(columns_.view().count() - 1);
  }
  const std::span<float> column = columns_.append();
  plane_.read(walk_.state(), index_, column);
  if (!before.empty())
    std::transform(column.begin(), column.end(), before.begin(), column.begin(),
                   [](float now, float then) { return larger(then, now); });
  if (dt_driver_ < 0)
    for (double& sum : dt_sums_) sum += 1;
  else if (const auto dt = trace.driver(static_cast<int>(layer_), dt_driver_, token))
    for (std::size_t i = 0; i < dt_sums_.size(); ++i) dt_sums_[i] += static_cast<double>((*dt)[i]);
  next_ = token + 1;
}

std::shared_ptr<const StateSlab> SlabMaker::result() {
  auto slab = std::make_shared<StateSlab>();
  slab->layer = layer_;
  slab->state = index_;
  slab->first = first_;
  slab->stride = stride_;
  slab->rows = plane_.rows();
  slab->columns = columns_.view();
  slab->version = ++version_;
  slab->rate = rates_;
  const double tokens = static_cast<double>(next_ - first_);
  for (std::size_t r = 0; r < rates_.size(); ++r) {
    const double mean_dt = tokens > 0 ? dt_sums_[r / static_cast<std::size_t>(dt_rows_)] / tokens : 0;
    slab->half_life.push_back(static_cast<float>(std::numbers::ln2 / (mean_dt * static_cast<double>(rates_[r]))));
  }
  slab->by_half_life.resize(rates_.size());
  std::iota(slab->by_half_life.begin(), slab->by_half_life.end(), 0);
  const auto slowness = [&](std::int32_t row) {
    const float half_life = slab->half_life[static_cast<std::size_t>(row)];
    return std::isnan(half_life) ? -1.0f : half_life;
  };
  std::stable_sort(slab->by_half_life.begin(), slab->by_half_life.end(),
                   [&](std::int32_t a, std::int32_t b) { return slowness(a) > slowness(b); });
  return slab;
}

}  // namespace lab
