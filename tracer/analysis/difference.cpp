#include "tracer/analysis/difference.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "model/base/check.h"

namespace lab {
namespace {

constexpr std::size_t kLanes = 8;  // sums side by side: what the compiler makes vectors of, in an order that never changes

struct Sums {
  double aa = 0, bb = 0, ab = 0, apart = 0, largest = 0;
};

template <class Value>
Sums sums_of(const Value* a, const Value* b, std::size_t n) {
  double aa[kLanes]{}, bb[kLanes]{}, ab[kLanes]{}, apart[kLanes]{}, largest[kLanes]{};
  const auto take = [&](std::size_t i, std::size_t lane) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]), d = y - x;
    aa[lane] += x * x;
    bb[lane] += y * y;
    ab[lane] += x * y;
    apart[lane] += d * d;
    largest[lane] = std::max(largest[lane], std::fabs(d));
  };
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) take(i + lane, lane);
  for (; i < n; ++i) take(i, 0);
  Sums sums;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    sums.aa += aa[lane], sums.bb += bb[lane], sums.ab += ab[lane], sums.apart += apart[lane];
    sums.largest = std::max(sums.largest, largest[lane]);
  }
  return sums;
}

template <class Value>
double squares_of(const Value* a, std::size_t n) {
  double sums[kLanes]{};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(a[i + lane]);
  for (; i < n; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(a[i]);
  double sum = 0;
  for (const double one : sums) sum += one;
  return sum;
}

// How far a row is from its partner as lists are sorted: what is no number is further than everything.
double rank_of(float value) { return std::isnan(value) ? INFINITY : static_cast<double>(value); }

// Whether one place of the table comes before another in an order.
class Comes {
 public:
  Comes(const DifferenceTable& table, DifferenceOrder order) : table_(table), order_(order) {}
  bool operator()(const TablePlace& x, const TablePlace& y) const {
    if (order_ == DifferenceOrder::relative || order_ == DifferenceOrder::max_abs) {
      const double a = size_at(x), b = size_at(y);
      if (a != b) return a > b;
    }
    if (order_ == DifferenceOrder::point && x.point != y.point) return x.point < y.point;
    return x.column != y.column ? x.column < y.column : x.point < y.point;
  }

 private:
  double size_at(const TablePlace& place) const {
    const RowDifference row = table_.points[static_cast<std::size_t>(place.point)].at(place.column);
    return rank_of(order_ == DifferenceOrder::relative ? row.relative : row.max_abs);
  }
  const DifferenceTable& table_;
  const DifferenceOrder order_;
};

template <class First>
TablePlace earliest(const std::vector<PointDifferences>& points, First first) {
  TablePlace place;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (const std::int64_t column = first(points[i]); column >= 0 && (place.column < 0 || column < place.column))
      place = {column, static_cast<int>(i)};
  return place;
}

}  // namespace

template <class Value>
void DifferenceSums::take(std::span<const Value> a, std::span<const Value> b) {
  LAB_CHECK(a.size(), ==, b.size());
  if (std::memcmp(a.data(), b.data(), a.size_bytes()) == 0) {
    const double squares = squares_of(a.data(), a.size());
    aa_ += squares, bb_ += squares, ab_ += squares;
    return;
  }
  is_equal_ = false;
  const Sums sums = sums_of(a.data(), b.data(), a.size());
  aa_ += sums.aa, bb_ += sums.bb, ab_ += sums.ab, apart_ += sums.apart;
  largest_ = std::max(largest_, sums.largest);
}

void DifferenceSums::add(std::span<const float> a, std::span<const float> b) { take(a, b); }
void DifferenceSums::add(std::span<const double> a, std::span<const double> b) { take(a, b); }

RowDifference DifferenceSums::result() const {
  RowDifference row{.is_compared = true, .is_equal = is_equal_, .is_finite = std::isfinite(aa_) && std::isfinite(bb_)};
  row.norm_a = static_cast<float>(std::sqrt(aa_));
  row.norm_b = static_cast<float>(std::sqrt(bb_));
  if (is_equal_) {
    row.relative = row.max_abs = 0;
    row.cosine = 1;
  } else if (row.is_finite) {
    row.relative = static_cast<float>(apart_ == 0 ? 0 : std::sqrt(apart_ / aa_));
    row.max_abs = static_cast<float>(largest_);
    row.cosine = static_cast<float>(aa_ > 0 && bb_ > 0 ? std::clamp(ab_ / std::sqrt(aa_) / std::sqrt(bb_), -1.0, 1.0) : aa_ == bb_);
  }
  return row;
}

RowDifference difference_of(std::span<const float> a, std::span<const float> b) {
  DifferenceSums sums;
  sums.add(a, b);
  return sums.result();
}
RowDifference difference_of(std::span<const double> a, std::span<const double> b) {
  DifferenceSums sums;
  sums.add(a, b);
  return sums.result();
}

bool DifferenceTolerance::allows(const RowDifference& row, Point point_of_row) const {
  if (row.is_equal || !row.is_compared) return true;
  if (exact || point_of_row == Point::count_) return false;
  return static_cast<double>(row.relative) <= (point_of_row == Point::logits ? logits : point);
}

void PointSummary::add(std::int64_t column, const RowDifference& row, bool is_allowed) {
  if (!row.is_compared) return;
  ++compared;
  nonfinite += !row.is_finite;
  if (row.is_equal) return;
  if (differing++ == 0) first = column;
  if (!is_allowed && beyond++ == 0) first_beyond = column;
  if (worst < 0 || rank_of(row.relative) > rank_of(relative)) worst = column, relative = row.relative;
  if (rank_of(row.max_abs) > rank_of(max_abs)) max_abs = row.max_abs;
  if (std::isnan(row.cosine) || row.cosine < cosine) cosine = row.cosine;
}

std::vector<int> DifferenceTable::layers() const {
  std::vector<int> found;
  for (const PointDifferences& one : points)
    if (one.point.layer >= 0 && one.point.point != Point::final_norm && one.point.point != Point::logits) found.push_back(one.point.layer);
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

int DifferenceTable::find(const std::string& name) const {
  const auto found = std::ranges::find_if(points, [&](const PointDifferences& point) { return point.point.name == name; });
  return found == points.end() ? -1 : static_cast<int>(found - points.begin());
}

int DifferenceTable::find(Point point, int layer) const {
  const auto found = std::ranges::find_if(points, [&](const PointDifferences& one) { return one.point.point == point && one.point.layer == layer; });
  return found == points.end() ? -1 : static_cast<int>(found - points.begin());
}

TablePlace DifferenceTable::first() const {
  return earliest(points, [](const PointDifferences& point) { return point.summary.first; });
}
TablePlace DifferenceTable::first_beyond() const {
  return earliest(points, [](const PointDifferences& point) { return point.summary.first_beyond; });
}
TablePlace DifferenceTable::first_of_layer(int layer) const {
  return earliest(points, [&](const PointDifferences& point) { return point.point.layer == layer ? point.summary.first : -1; });
}

const char* name_of(DifferenceOrder order) {
  constexpr const char* kNames[] = {"time", "relative", "max-abs", "point"};
  return kNames[static_cast<std::size_t>(order)];
}

DifferenceList list_differences(const DifferenceTable& table, DifferenceOrder order, const DifferenceFilter& filter, std::size_t most) {
  DifferenceList list;
  std::vector<TablePlace> places;
  const Comes comes(table, order);
  const auto keep = [&](std::size_t count) {
    if (places.size() <= count) return;
    std::nth_element(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count), places.end(), comes);
    places.resize(count);
  };
  for (std::size_t i = 0; i < table.points.size(); ++i) {
    const PointDifferences& point = table.points[i];
    if (filter.layer != -2 && point.point.layer != filter.layer) continue;
    if (!filter.glob.empty() && !matches_glob(point.point.name, filter.glob)) continue;
    const std::int64_t first = std::max({filter.first, point.summary.first_beyond, std::int64_t{0}});
    if (point.summary.beyond == 0) continue;
    for (std::int64_t column = first; column < std::min(filter.last, point.rows.count()); ++column) {
      if (table.tolerance.allows(point.rows[column][0], point.point.point)) continue;
      ++list.total;
      places.push_back({column, static_cast<int>(i)});
      if (places.size() >= 4 * most + 1024) keep(most);
    }
  }
  keep(most);
  std::ranges::sort(places, comes);
  for (const TablePlace& place : places) list.listed.push_back({place, table.points[static_cast<std::size_t>(place.point)].at(place.column)});
  return list;
}

}  // namespace lab
