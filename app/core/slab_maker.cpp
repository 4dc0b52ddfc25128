#include "app/core/slab_maker.h"

#include <algorithm>
#include <cmath>
#include <numeric>


namespace lab {
namespace {

constexpr std::int64_t kColumns = 2048;
constexpr std::int64_t kColumnsPerBlock = 64;

}  // namespace

float larger_magnitude(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? a : b;
  return std::fabs(b) > std::fabs(a) ? b : a;
}

std::vector<std::int32_t> rows_largest_first(const std::vector<float>& values) {
  std::vector<std::int32_t> rows(values.size());
  std::iota(rows.begin(), rows.end(), 0);
  const auto key = [&](std::int32_t row) {
    const float value = values[static_cast<std::size_t>(row)];
    return std::isnan(value) ? -1.0f : value;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](std::int32_t a, std::int32_t b) { return key(a) > key(b); });
  return rows;
}

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

SlabMaker::SlabMaker(const Model& model, const Cells& cells, std::int64_t first, Context<float>& context)
    : layer_(cells.layer), axis_(cells.axis), first_(first), plane_(*model.schema(), cells.layer),
      cells_(plane_.cells_along(cells.axis, cells.channel, cells.state)), index_(std::clamp<std::int64_t>(cells.state, 0, plane_.states() - 1)),
      walk_(model, static_cast<int>(cells.layer), context), decay_(model, plane_, static_cast<int>(cells.layer)) {
  restart(0);
}

void SlabMaker::restart(std::uint64_t revision) {
  revision_ = revision;
  next_ = first_;
  stride_ = 1;
  columns_ = RowLog<float>(cells_.count, kColumnsPerBlock);
  decay_.restart();
  sums_.assign(static_cast<std::size_t>(cells_.count), {});
  nonfinite_ = 0, nonfinite_token_ = nonfinite_row_ = -1;
}

Result<std::shared_ptr<const StateSlab>> SlabMaker::make(const Snapshot& snapshot, std::int64_t last, bool similarity,
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
  return stopped ? nullptr : result(similarity);
}

// Twice as many tokens a column; what readers hold of the old columns stays theirs.
void SlabMaker::pool_pairs() {
  const RowView<float> old = columns_.view();
  columns_ = RowLog<float>(old.width(), kColumnsPerBlock);
  for (std::int64_t c = 0; c < old.count(); c += 2) {
    const std::span<float> pooled = columns_.append();
    std::copy(old[c].begin(), old[c].end(), pooled.begin());
    if (c + 1 < old.count()) std::transform(pooled.begin(), pooled.end(), old[c + 1].begin(), pooled.begin(), larger_magnitude);
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
  plane_.read(walk_.state(), cells_, column);
  count(column, token);
  if (!before.empty())
    std::transform(column.begin(), column.end(), before.begin(), column.begin(),
                   [](float now, float then) { return larger_magnitude(then, now); });
  decay_.take(trace, token);
  next_ = token + 1;
}

void SlabMaker::count(std::span<const float> values, std::int64_t token) {
  for (std::size_t row = 0; row < values.size(); ++row) {
    const auto value = static_cast<double>(values[row]);
    if (std::isfinite(value)) {
      sums_[row].sum += value, sums_[row].squares += value * value, ++sums_[row].count;
    } else if (nonfinite_++ == 0) {
      nonfinite_token_ = token, nonfinite_row_ = static_cast<std::int64_t>(row);
    }
  }
}

std::shared_ptr<const StateSlab> SlabMaker::result(bool similarity) {
  auto slab = std::make_shared<StateSlab>();
  slab->layer = layer_;
  slab->state = index_;
  slab->shape = plane_.shape();
  slab->axis = axis_;
  slab->start = cells_.start, slab->step = cells_.step;
  slab->first = first_;
  slab->stride = stride_;
  slab->rows = cells_.count;
  slab->columns = columns_.view();
  slab->version = ++version_;
  slab->nonfinite = nonfinite_, slab->nonfinite_token = nonfinite_token_, slab->nonfinite_row = nonfinite_row_;
  std::vector<float> norms;
  for (std::int64_t row = 0; row < cells_.count; ++row) {
    const RowSums& sums = sums_[static_cast<std::size_t>(row)];
    const double n = static_cast<double>(std::max<std::int64_t>(1, sums.count)), mean = sums.sum / n;
    slab->rate.push_back(decay_.rate_of(cells_.start + row * cells_.step));
    slab->mean.push_back(static_cast<float>(mean));
    slab->deviation.push_back(static_cast<float>(std::sqrt(std::max(0.0, sums.squares / n - mean * mean))));
    norms.push_back(static_cast<float>(std::sqrt(sums.squares)));
  }
  slab->half_life = decay_.half_lives(cells_);
  slab->by_half_life = rows_largest_first(slab->half_life);
  slab->channels_by_half_life = axis_ < 0 ? slab->by_half_life : rows_largest_first(decay_.half_lives(plane_.cells_along(-1, 0, index_)));
  slab->by_norm = rows_largest_first(norms);
  if (similarity) slab->by_similarity = order_by_similarity(slab->columns, slab->rows);
  return slab;
}

}  // namespace lab
