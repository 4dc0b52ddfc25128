#include "app/core/paired_state.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "app/core/slab_maker.h"
#include "app/core/trajectory_maker.h"

namespace lab {
namespace {

constexpr std::int64_t kPictureColumns = 1024;
constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

/// The recurrent state of a layer on both sides.
struct StatePair {
  int a = -1, b = -1;  // numbers of the point
  const ComparedPoint *of_a = nullptr, *of_b = nullptr;
};

int recurrent_state(const CompareSource& side, int layer) {
  const auto& points = side.points();
  const auto found = std::ranges::find_if(points, [&](const SidePoint& one) {
    return one.point.layer == layer && (one.point.point == Point::h || one.point.point == Point::att_state);
  });
  return found == points.end() ? -1 : static_cast<int>(found - points.begin());
}

Result<StatePair> states_of(const AlignedSides& sides, int layer) {
  StatePair pair{.a = recurrent_state(sides.a, layer), .b = recurrent_state(sides.b, layer)};
  if (pair.a < 0 || pair.b < 0)
    return Error{.code = Code::missing, .field = fmt::format("layer {}", layer), .expected = "a recurrent state in both",
                 .found = pair.a < 0 && pair.b < 0 ? "none in either" : pair.a < 0 ? "none in A" : "none in B", .message = "there are no states to set beside each other"};
  pair.of_a = &sides.a.points()[static_cast<std::size_t>(pair.a)].point;
  pair.of_b = &sides.b.points()[static_cast<std::size_t>(pair.b)].point;
  return pair;
}

/// One token's state, or nothing where there is no token or it was dropped.
Result<std::vector<float>> state_at(CompareSource& side, int point, std::int64_t token, ValueOrder order) {
  std::vector<std::vector<float>> rows(1);
  if (token >= 0) LAB_TRY(side.read(std::span(&point, 1), token, 1, rows, order));
  return std::move(rows[0]);
}

float largest_of(const std::vector<float>& values) {
  float largest = 0;
  for (const float value : values)
    if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
  return largest;
}

/// Adds a column of the alignment to a column of the picture.
void pool(const std::vector<float>& values, std::uint8_t& has, float* into) {
  if (values.empty()) return;
  if (has) std::transform(values.begin(), values.end(), into, into, [](float now, float then) { return larger_magnitude(then, now); });
  else std::ranges::copy(values, into);
  has = 1;
}

/// Tokens of one side in some columns, [first, last).
std::pair<std::int64_t, std::int64_t> tokens_in(const Alignment& alignment, std::int64_t TokenPair::*side, std::int64_t first, std::int64_t last) {
  std::int64_t from = -1, to = 0;
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t token = alignment.columns[static_cast<std::size_t>(i)].*side;
    if (token < 0) continue;
    if (from < 0) from = token;
    to = token + 1;
  }
  return {std::max<std::int64_t>(0, from), to};
}

void sort_rows(const AlignedSides& sides, std::int64_t last, PairedSlab& slab) {
  const auto [first_a, last_a] = tokens_in(sides.alignment, &TokenPair::a, slab.first, last);
  slab.half_life = sides.a.half_lives(static_cast<int>(slab.layer), slab.state, first_a, last_a);
  if (slab.half_life.empty()) {
    const auto [first_b, last_b] = tokens_in(sides.alignment, &TokenPair::b, slab.first, last);
    slab.half_life = sides.b.half_lives(static_cast<int>(slab.layer), slab.state, first_b, last_b);
  }
  slab.by_half_life = rows_largest_first(slab.half_life);
  if (!slab.half_life.empty()) return;
  slab.by_half_life.resize(static_cast<std::size_t>(slab.rows));
  std::iota(slab.by_half_life.begin(), slab.by_half_life.end(), 0);
}

void limit(std::int64_t& first, std::int64_t& last, std::int64_t count) {
  last = std::clamp<std::int64_t>(last, 0, count);
  first = std::clamp<std::int64_t>(first, 0, last);
}

/// The columns of the alignment that become points, and the rows of both.
struct Samples {
  std::vector<std::int64_t> columns;
  TrajectoryRows rows;
};

/// A state as it goes into a row: sketched where it is too long.
class Row {
 public:
  explicit Row(std::int64_t width) : width_(width) {
    if (width > kMostDimensions) sketch_.emplace(width, kSketchBuckets);
  }
  std::int64_t width() const { return sketch_ ? kSketchBuckets : width_; }
  bool is_sketched() const { return sketch_.has_value(); }
  void append(std::span<const float> state, std::vector<float>& rows) const {
    const std::size_t at = rows.size();
    rows.resize(at + static_cast<std::size_t>(width()));
    const std::span<float> row = std::span(rows).subspan(at);
    if (sketch_) sketch_->apply(state, row);
    else std::ranges::copy(state, row.begin());
  }

 private:
  std::int64_t width_;
  std::optional<TrajectorySketch> sketch_;
};

}  // namespace

Result<std::shared_ptr<const PairedSlab>> pair_slab(const AlignedSides& sides, int layer, std::int64_t state, std::int64_t first, std::int64_t last,
                                                    const std::function<bool()>& cancelled) {
  LAB_ASSIGN(const StatePair pair, states_of(sides, layer));
  if (pair.of_a->shape != pair.of_b->shape)
    return Error{.code = Code::mismatch, .field = pair.of_a->name, .expected = fmt::format("{} values", pair.of_a->width),
                 .found = fmt::format("{} values, or another shape", pair.of_b->width), .message = "states of different shapes have no difference"};
  limit(first, last, sides.alignment.count());
  const StateAxes axes(*pair.of_a);
  auto slab = std::make_shared<PairedSlab>();
  slab->layer = layer, slab->state = std::clamp<std::int64_t>(state, 0, axes.states - 1), slab->shape = pair.of_a->shape;
  slab->first = first, slab->stride = stride_for(last - first, kPictureColumns), slab->rows = axes.channels;
  slab->columns = (last - first + slab->stride - 1) / slab->stride;
  for (auto* values : {&slab->a, &slab->b, &slab->difference}) values->resize(static_cast<std::size_t>(slab->columns * slab->rows), kUnknown);
  for (auto* has : {&slab->has_a, &slab->has_b, &slab->has_both}) has->resize(static_cast<std::size_t>(slab->columns));
  std::vector<float> a, b, difference;
  for (std::int64_t i = first; i < last; ++i) {
    if (cancelled && i % 16 == 0 && cancelled()) return std::shared_ptr<const PairedSlab>();
    const TokenPair tokens = sides.alignment.columns[static_cast<std::size_t>(i)];
    a.clear(), b.clear(), difference.clear();
    if (tokens.a >= 0) LAB_TRY(sides.a.read_channels(pair.a, slab->state, tokens.a, a));
    if (tokens.b >= 0) LAB_TRY(sides.b.read_channels(pair.b, slab->state, tokens.b, b));
    if (!a.empty() && !b.empty()) std::ranges::transform(a, b, std::back_inserter(difference), [](float x, float y) { return y - x; });
    const auto column = static_cast<std::size_t>((i - first) / slab->stride);
    const std::size_t at = column * static_cast<std::size_t>(slab->rows);
    pool(a, slab->has_a[column], slab->a.data() + at);
    pool(b, slab->has_b[column], slab->b.data() + at);
    pool(difference, slab->has_both[column], slab->difference.data() + at);
  }
  slab->largest = std::max(largest_of(slab->a), largest_of(slab->b));
  slab->largest_difference = largest_of(slab->difference);
  sort_rows(sides, last, *slab);
  return std::shared_ptr<const PairedSlab>(std::move(slab));
}

Result<std::shared_ptr<const TrajectoryPair>> pair_trajectories(const AlignedSides& sides, int layer, TrajectoryBasis basis, std::int64_t first,
                                                                std::int64_t last, const std::function<bool()>& cancelled) {
  LAB_ASSIGN(const StatePair pair, states_of(sides, layer));
  limit(first, last, sides.alignment.count());
  const std::int64_t stride = stride_for(last - first, kMostTrajectoryPoints);
  const ValueOrder order = sides.a.keeps_alike(sides.b) ? ValueOrder::as_stored : ValueOrder::logical;
  const Row row_a(pair.of_a->width), row_b(pair.of_b->width);
  Samples samples;
  for (std::int64_t i = first; i < last; i += stride) {
    if (cancelled && cancelled()) return std::shared_ptr<const TrajectoryPair>();
    const TokenPair tokens = sides.alignment.columns[static_cast<std::size_t>(i)];
    if (!tokens.is_pair()) continue;
    LAB_ASSIGN(const std::vector<float> a, state_at(sides.a, pair.a, tokens.a, order));
    LAB_ASSIGN(const std::vector<float> b, state_at(sides.b, pair.b, tokens.b, order));
    if (a.empty() || b.empty()) continue;
    samples.columns.push_back(i);
    row_a.append(a, samples.rows.a);
    row_b.append(b, samples.rows.b);
  }
  samples.rows.points = static_cast<std::int64_t>(samples.columns.size());
  samples.rows.width_a = row_a.width(), samples.rows.width_b = row_b.width();
  auto found = std::make_shared<TrajectoryPair>(compare_trajectories(samples.rows, basis));
  found->layer = layer;
  found->columns = std::move(samples.columns);
  if (stride > 1) found->approximation = fmt::format("one token in {}", stride);
  if (row_a.is_sketched() || row_b.is_sketched())
    found->approximation += fmt::format("{}{} numbers sketched to {}", stride > 1 ? ", " : "", std::max(pair.of_a->width, pair.of_b->width), kSketchBuckets);
  return std::shared_ptr<const TrajectoryPair>(std::move(found));
}

}  // namespace lab
