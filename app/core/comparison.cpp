#include "app/core/comparison.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "app/core/paired_state.h"
#include "model/base/check.h"

namespace lab {
namespace {

constexpr std::int64_t kPieceValues = std::int64_t{1} << 23;  // compared at once: some ten milliseconds
constexpr std::int64_t kBlockBytes = 512 << 10;                // of rows held of both sides, so that they stay in the cache
constexpr std::int64_t kMostTokens = 64;                       // of a block

/// A point that both have.
struct SharedPoint {
  ComparedPoint point;
  int a = -1, b = -1;  // its number on each side
  bool is_double = false;
  PointSummary summary;
  RowLog<RowDifference> rows{1};
};

/// The points of one layer, which are read together.
struct Group {
  std::vector<std::size_t> single, twofold;  // those read in single and in double precision
  std::int64_t next = 0;                     // columns before it are done
  std::int64_t width = 0;                    // values of a token, all points together
};

/// One stretch of pairs whose tokens follow each other on both sides.
struct Stretch {
  TokenPair first;
  std::int64_t count = 0;
};

bool is_chosen(const std::string& globs, const std::string& name) {
  if (globs.empty()) return true;
  for (std::size_t begin = 0; begin <= globs.size();) {
    const std::size_t end = std::min(globs.find(',', begin), globs.size());
    if (matches_glob(name, std::string_view(globs).substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

std::string shape_words(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

bool is_half(const std::string& dtype) { return dtype == "bf16" || dtype == "f16"; }

}  // namespace

struct Comparison::Parts {
  Parts(std::unique_ptr<CompareSource> first, std::unique_ptr<CompareSource> second, const CompareOptions& wanted)
      : a(std::move(first)), b(std::move(second)), options(wanted), keep_alike(a->keeps_alike(*b)),
        tolerance(wanted.tolerance ? *wanted.tolerance : default_tolerance(a->side(), b->side())) {}

  std::shared_ptr<const Alignment> aligned(const CompareSource& one, const CompareSource& other) const {
    return std::make_shared<const Alignment>(align(*one.side().tokens, *other.side().tokens, options.by, options.offset));
  }
  void match_points();
  void note_left_out();
  Group* next_group();
  Result<std::int64_t> compare_block(Group& group);
  template <class Value>
  Status compare(const std::vector<std::size_t>& members, const Stretch& stretch);
  template <class Value>
  Status read(CompareSource& from, const std::vector<int>& wanted, std::int64_t first, std::int64_t count, std::vector<std::vector<Value>>& rows) const;
  template <class Value>
  void take(SharedPoint& point, const std::vector<Value>& rows_a, const std::vector<Value>& rows_b, std::int64_t count);
  template <class Value>
  Status measure(const std::vector<std::size_t>& members, const TokenPair& tokens);
  void forget_from(std::int64_t column);
  double progress() const;

  std::unique_ptr<CompareSource> a, b;
  const CompareOptions options;
  const bool keep_alike;
  const DifferenceTolerance tolerance;
  std::shared_ptr<const Alignment> alignment;
  std::vector<SharedPoint> points;
  std::vector<Group> groups;
  RowLog<ExpectationDifference> expectations{1};
  std::vector<std::string> left_out;
  std::string refusal;
  bool has_failed = false;
};

void Comparison::Parts::match_points() {
  std::map<int, std::size_t> group_of;
  for (std::size_t i = 0; i < a->points().size(); ++i) {
    const SidePoint& mine = a->points()[i];
    const auto found = std::ranges::find_if(b->points(), [&](const SidePoint& other) { return other.point.name == mine.point.name; });
    if (found == b->points().end() || found->point.shape != mine.point.shape || !is_chosen(options.points, mine.point.name)) continue;
    const auto group = group_of.try_emplace(mine.point.layer, groups.size()).first->second;
    if (group == groups.size()) groups.emplace_back();
    const bool is_double = mine.is_double || found->is_double;
    (is_double ? groups[group].twofold : groups[group].single).push_back(points.size());
    groups[group].width += mine.point.width;
    points.push_back({.point = mine.point, .a = static_cast<int>(i), .b = static_cast<int>(found - b->points().begin()), .is_double = is_double});
  }
}

void Comparison::Parts::note_left_out() {
  const auto look = [&](const CompareSource& here, const CompareSource& there, const char* name, bool is_first) {
    for (const SidePoint& mine : here.points()) {
      if (!is_chosen(options.points, mine.point.name)) continue;
      const auto found = std::ranges::find_if(there.points(), [&](const SidePoint& other) { return other.point.name == mine.point.name; });
      if (found == there.points().end())
        left_out.push_back(fmt::format("{}: only {} has it", printable(mine.point.name), name));
      else if (is_first && found->point.shape != mine.point.shape)
        left_out.push_back(fmt::format("{}: {} of A, {} of B", printable(mine.point.name), shape_words(mine.point.shape), shape_words(found->point.shape)));
    }
  };
  look(*a, *b, "A", true);
  look(*b, *a, "B", false);
}

Group* Comparison::Parts::next_group() {
  for (Group& group : groups)
    if (group.next < alignment->count()) return &group;
  return nullptr;
}

template <class Value>
Status Comparison::Parts::read(CompareSource& from, const std::vector<int>& wanted, std::int64_t first, std::int64_t count,
                               std::vector<std::vector<Value>>& rows) const {
  if constexpr (sizeof(Value) == sizeof(float)) return from.read(wanted, first, count, rows, keep_alike ? ValueOrder::as_stored : ValueOrder::logical);
  else return from.read(wanted, first, count, rows);
}

template <class Value>
void Comparison::Parts::take(SharedPoint& point, const std::vector<Value>& rows_a, const std::vector<Value>& rows_b, std::int64_t count) {
  const auto width = static_cast<std::size_t>(point.point.width);
  const bool is_there = !rows_a.empty() && !rows_b.empty();
  if (!is_there && refusal.empty())
    refusal = fmt::format("what {} recorded of old tokens was dropped to stay within the memory budget", rows_a.empty() ? "A" : "B");
  for (std::size_t t = 0; t < static_cast<std::size_t>(count); ++t) {
    RowDifference row;
    if (is_there) row = difference_of(std::span(rows_a).subspan(t * width, width), std::span(rows_b).subspan(t * width, width));
    point.summary.add(point.rows.view().count(), row, tolerance.allows(row, point.point.point));
    point.rows.append()[0] = row;
    if (point.point.point != Point::logits) continue;
    ExpectationDifference expected;
    if (is_there) {
      const std::vector<float> one(rows_a.begin() + static_cast<std::ptrdiff_t>(t * width), rows_a.begin() + static_cast<std::ptrdiff_t>((t + 1) * width));
      const std::vector<float> other(rows_b.begin() + static_cast<std::ptrdiff_t>(t * width), rows_b.begin() + static_cast<std::ptrdiff_t>((t + 1) * width));
      expected = compare_expectations(one, other);
    }
    expectations.append()[0] = expected;
  }
}

template <class Value>
Status Comparison::Parts::compare(const std::vector<std::size_t>& members, const Stretch& stretch) {
  if (members.empty()) return {};
  std::vector<int> of_a, of_b;
  for (const std::size_t i : members) of_a.push_back(points[i].a), of_b.push_back(points[i].b);
  std::vector<std::vector<Value>> rows_a, rows_b;
  LAB_TRY(read(*a, of_a, stretch.first.a, stretch.count, rows_a));
  LAB_TRY(read(*b, of_b, stretch.first.b, stretch.count, rows_b));
  for (std::size_t i = 0; i < members.size(); ++i) take(points[members[i]], rows_a[i], rows_b[i], stretch.count);
  return {};
}

// A column of which one side has a token: its norms are known all the same.
template <class Value>
Status Comparison::Parts::measure(const std::vector<std::size_t>& members, const TokenPair& tokens) {
  if (members.empty()) return {};
  const bool is_a = tokens.a >= 0;
  std::vector<int> wanted;
  for (const std::size_t i : members) wanted.push_back(is_a ? points[i].a : points[i].b);
  std::vector<std::vector<Value>> rows;
  LAB_TRY(read(is_a ? *a : *b, wanted, is_a ? tokens.a : tokens.b, 1, rows));
  for (std::size_t i = 0; i < members.size(); ++i) {
    SharedPoint& point = points[members[i]];
    RowDifference row;
    if (!rows[i].empty()) (is_a ? row.norm_a : row.norm_b) = difference_of(std::span<const Value>(rows[i]), std::span<const Value>(rows[i])).norm_a;
    point.rows.append()[0] = row;
    if (point.point.point == Point::logits) expectations.append()[0] = {};
  }
  return {};
}

// The values looked at.
Result<std::int64_t> Comparison::Parts::compare_block(Group& group) {
  const auto& columns = alignment->columns;
  const std::int64_t most = std::clamp<std::int64_t>(kBlockBytes / (8 * std::max<std::int64_t>(1, group.width)), 1, kMostTokens);
  const TokenPair first = columns[static_cast<std::size_t>(group.next)];
  std::int64_t count = 1;
  if (!first.is_pair()) {
    LAB_TRY(measure<float>(group.single, first));
    LAB_TRY(measure<double>(group.twofold, first));
  } else {
    const auto goes_on = [&](std::int64_t n) {
      return group.next + n < alignment->count() && columns[static_cast<std::size_t>(group.next + n)] == TokenPair{first.a + n, first.b + n};
    };
    while (count < most && goes_on(count)) ++count;
    LAB_TRY(compare<float>(group.single, {first, count}));
    LAB_TRY(compare<double>(group.twofold, {first, count}));
  }
  group.next += count;
  return count * std::max<std::int64_t>(1, group.width);
}

// What lies from a column on is compared anew.
void Comparison::Parts::forget_from(std::int64_t column) {
  for (Group& group : groups) group.next = std::min(group.next, column);
  expectations.truncate(column);
  for (SharedPoint& point : points) {
    if (point.rows.view().count() <= column) continue;
    point.rows.truncate(column);
    point.summary = {};
    for (std::int64_t i = 0; i < column; ++i) {
      const RowDifference& row = point.rows.view()[i][0];
      point.summary.add(i, row, tolerance.allows(row, point.point.point));
    }
  }
}

double Comparison::Parts::progress() const {
  double done = 0, all = 0;
  for (const Group& group : groups) {
    const auto width = static_cast<double>(group.width);
    done += width * static_cast<double>(group.next);
    all += width * static_cast<double>(alignment->count());
  }
  return all > 0 ? done / all : 1;
}

DifferenceTolerance default_tolerance(const ComparedSide& a, const ComparedSide& b) {
  if (a.is_ours && b.is_ours && a.dtype == b.dtype && a.model_hash == b.model_hash)
    return {.exact = true, .reason = fmt::format("both were computed by this program with the same model{}", a.dtype.empty() ? "" : " in " + a.dtype)};
  if (is_half(a.dtype) || is_half(b.dtype)) return {.exact = false, .point = 2e-2, .logits = 5e-2, .reason = "one of them was computed in a 16-bit type"};
  return {.exact = false, .point = 1e-4, .logits = 1e-3, .reason = "they were computed by different programs, models or types of number"};
}

// Tokens alone say nothing of how they were computed.
Status can_be_compared(const CompareSource& a, const CompareSource& b) {
  std::string otherwise = "none";
  for (const SidePoint& mine : a.points()) {
    const auto found = std::ranges::find_if(b.points(), [&](const SidePoint& other) { return other.point.name == mine.point.name; });
    if (mine.point.name == "tok.ids" || found == b.points().end()) continue;
    if (found->point.shape == mine.point.shape) return {};
    if (otherwise == "none") otherwise = fmt::format("{}: {} of A, {} of B", printable(mine.point.name), shape_words(mine.point.shape), shape_words(found->point.shape));
  }
  return Error{.code = Code::mismatch, .field = "points", .expected = "points that both have, in the same shape", .found = std::move(otherwise),
               .message = "there is nothing to compare but tokens", .next = "take two whose layers have the same shapes"};
}

Comparison::Comparison(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Comparison::~Comparison() = default;

Result<std::unique_ptr<Comparison>> Comparison::begin(std::unique_ptr<CompareSource> a, std::unique_ptr<CompareSource> b, const CompareOptions& options) {
  auto parts = std::make_unique<Parts>(std::move(a), std::move(b), options);
  Parts& p = *parts;
  p.alignment = p.aligned(*p.a, *p.b);
  p.match_points();
  p.note_left_out();
  if (options.points.empty()) LAB_TRY(can_be_compared(*p.a, *p.b));  // who asks for the tokens alone gets them
  else if (p.points.empty())
    return Error{.code = Code::bad_argument, .field = "--points", .expected = "points that both have, in the same shape", .found = printable(options.points),
                 .message = "there is nothing to compare"};
  if (p.alignment->pairs == 0)
    return Error{.code = Code::mismatch, .field = options.by == AlignBy::offset ? "offset" : "tokens", .expected = "tokens that stand beside each other",
                 .found = fmt::format("{} and {} tokens, aligned by {}", p.a->count(), p.b->count(), name_of(options.by)),
                 .message = "there is nothing to compare"};
  return std::unique_ptr<Comparison>(new Comparison(std::move(parts)));
}

bool Comparison::work(const std::function<bool()>& cancelled) {
  Parts& p = *parts_;
  for (std::int64_t left = kPieceValues; left > 0 && !p.has_failed;) {
    Group* group = p.next_group();
    if (!group) return false;
    if (cancelled && cancelled()) return true;
    const Result<std::int64_t> looked_at = p.compare_block(*group);
    if (looked_at) left -= *looked_at;
    else p.has_failed = true, p.refusal = looked_at.error().text();
  }
  return !p.has_failed && p.next_group();
}

bool Comparison::finish(const std::function<bool()>& cancelled) {
  while (work(cancelled))
    if (cancelled && cancelled()) return false;
  return true;
}

std::shared_ptr<const ComparedRuns> Comparison::view() const {
  Parts& p = *parts_;
  auto view = std::make_shared<ComparedRuns>();
  view->a = p.a->side();
  view->b = p.b->side();
  view->alignment = p.alignment;
  view->table.tolerance = p.tolerance;
  for (const SharedPoint& point : p.points) view->table.points.push_back({point.point, point.summary, point.rows.view()});
  view->expectations = p.expectations.view();
  view->left_out = p.left_out;
  view->progress = p.progress();
  view->is_whole = !p.has_failed && !p.next_group();
  view->refusal = p.refusal;
  return view;
}

bool Comparison::follow(std::unique_ptr<CompareSource>& a, std::unique_ptr<CompareSource>& b) {
  Parts& p = *parts_;
  if (p.has_failed || !p.a->grew_into(*a) || !p.b->grew_into(*b)) return false;
  const auto next = p.aligned(*a, *b);
  const auto [end, ignored] = std::ranges::mismatch(p.alignment->columns, next->columns);
  p.forget_from(end - p.alignment->columns.begin());
  p.a = std::move(a);
  p.b = std::move(b);
  if (next->columns != p.alignment->columns) p.alignment = next;
  return true;
}

std::vector<float> Comparison::logits_after(bool of_b, std::int64_t token) {
  CompareSource& side = of_b ? *parts_->b : *parts_->a;
  const auto found = std::ranges::find_if(side.points(), [](const SidePoint& each) { return each.point.point == Point::logits; });
  if (found == side.points().end() || token < 0 || token >= side.count()) return {};
  const auto point = static_cast<int>(found - side.points().begin());
  std::vector<std::vector<float>> rows;
  return side.read(std::span(&point, 1), token, 1, rows) ? std::move(rows[0]) : std::vector<float>();
}

Result<std::shared_ptr<const PairedSlab>> Comparison::slab(int layer, std::int64_t state, std::int64_t first, std::int64_t last,
                                                           const std::function<bool()>& cancelled) {
  return pair_slab({*parts_->a, *parts_->b, *parts_->alignment}, layer, state, first, last, cancelled);
}

Result<std::shared_ptr<const TrajectoryPair>> Comparison::trajectories(int layer, TrajectoryBasis basis, std::int64_t first, std::int64_t last,
                                                                       const std::function<bool()>& cancelled) {
  return pair_trajectories({*parts_->a, *parts_->b, *parts_->alignment}, layer, basis, first, last, cancelled);
}

}  // namespace lab
