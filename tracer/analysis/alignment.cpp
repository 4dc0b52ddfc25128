#include "tracer/analysis/alignment.h"

#include <algorithm>
#include <limits>

#include "model/base/check.h"

namespace lab {
namespace {

using Ids = std::span<const std::int32_t>;

std::int64_t size_of(Ids ids) { return static_cast<std::int64_t>(ids.size()); }

// Greedy search for a shortest edit script from one place of both texts to their ends: Myers 1986, section 4. Diagonal k holds
// the places with x - y = k; after d edits reach[k] is how far along A the furthest path on it has come.
class EditSearch {
 public:
  EditSearch(Ids a, Ids b, std::int64_t most_edits)
      : a_(a), b_(b), n_(size_of(a)), m_(size_of(b)), most_(std::min(most_edits, n_ + m_)), reach_(static_cast<std::size_t>(2 * most_ + 3), kNowhere) {}

  /// The pairs of equal tokens of the path found, from the first to the last; `end` is where it stops, `finished` whether that is the
  /// end of both texts.
  std::vector<TokenPair> run(TokenPair& end, bool& finished) {
    for (std::int64_t d = 0; d <= most_; ++d) {
      const std::int64_t done = extend(d);
      steps_.emplace_back(reach_.begin() + middle() - d, reach_.begin() + middle() + d + 1);
      finished = done != kNone;
      if (finished) return matches(d, done, end);
    }
    return matches(most_, furthest(most_), end);
  }

 private:
  static constexpr std::int32_t kNowhere = -1;
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

  std::int64_t middle() const { return most_ + 1; }
  std::int32_t& reach(std::int64_t k) { return reach_[static_cast<std::size_t>(middle() + k)]; }

  // Every diagonal by one more edit; the diagonal on which both texts end, or kNone.
  std::int64_t extend(std::int64_t d) {
    for (std::int64_t k = -d; k <= d; k += 2) {
      const std::int64_t x = begin_of(d, k);
      reach(k) = static_cast<std::int32_t>(x == kNowhere ? x : slide(x, k));
      if (reach(k) == n_ && reach(k) - k == m_) return k;
    }
    return kNone;
  }
  // Where the furthest path with d edits enters diagonal k: past a token of B (from k + 1) or of A (from k - 1).
  std::int64_t begin_of(std::int64_t d, std::int64_t k) {
    if (d == 0) return 0;
    const std::int64_t down = k < d ? reach(k + 1) : kNowhere, across = k > -d && reach(k - 1) != kNowhere ? reach(k - 1) + 1 : kNowhere;
    const bool is_down = down != kNowhere && down - k <= m_, is_across = across != kNowhere && across <= n_;
    if (is_down && is_across) return std::max(down, across);
    return is_down ? down : is_across ? across : kNowhere;
  }
  std::int64_t slide(std::int64_t x, std::int64_t k) const {
    while (x < n_ && x - k < m_ && a_[static_cast<std::size_t>(x)] == b_[static_cast<std::size_t>(x - k)]) ++x;
    return x;
  }
  std::int64_t furthest(std::int64_t d) {
    std::int64_t best = -d;
    for (std::int64_t k = -d; k <= d; k += 2)
      if (reach(k) != kNowhere && (reach(best) == kNowhere || 2 * reach(k) - k > 2 * reach(best) - best)) best = k;
    return best;
  }

  // The path to the place reached on diagonal k after d edits, walked backwards through what was reached before each.
  std::vector<TokenPair> matches(std::int64_t d, std::int64_t k, TokenPair& end) const {
    std::vector<TokenPair> pairs;
    const auto reached = [&](std::int64_t step, std::int64_t on) -> std::int64_t {
      return on < -step || on > step ? kNowhere : steps_[static_cast<std::size_t>(step)][static_cast<std::size_t>(on + step)];
    };
    std::int64_t x = reached(d, k);
    end = {x, x - k};
    for (; d > 0; --d) {
      const std::int64_t down = reached(d - 1, k + 1), left = reached(d - 1, k - 1), across = left == kNowhere ? kNowhere : left + 1;
      const bool can_down = down != kNowhere && down - k <= m_, can_across = across != kNowhere && across <= n_;
      const bool goes_down = can_down && (!can_across || down >= across);
      const std::int64_t entered = goes_down ? down : across;
      for (; x > entered; --x) pairs.push_back({x - 1, x - 1 - k});
      k += goes_down ? 1 : -1;
      x = goes_down ? down : left;
    }
    for (; x > 0; --x) pairs.push_back({x - 1, x - 1 - k});
    std::ranges::reverse(pairs);
    return pairs;
  }

  const Ids a_, b_;
  const std::int64_t n_, m_, most_;
  std::vector<std::int32_t> reach_;
  std::vector<std::vector<std::int32_t>> steps_;  // reach after each number of edits, diagonals -d to d; those of other parity are old
};

// Pairs of equal tokens, in pieces where the texts differ too much for one search.
std::vector<TokenPair> common_tokens(Ids a, Ids b, std::int64_t most_edits, bool& is_longest) {
  std::vector<TokenPair> all;
  TokenPair from{0, 0};
  while (from.a < size_of(a) && from.b < size_of(b)) {
    TokenPair end;
    bool finished = false;
    EditSearch search(a.subspan(static_cast<std::size_t>(from.a)), b.subspan(static_cast<std::size_t>(from.b)), std::max<std::int64_t>(1, most_edits));
    for (const TokenPair& pair : search.run(end, finished)) all.push_back({from.a + pair.a, from.b + pair.b});
    from = {from.a + end.a, from.b + end.b};
    is_longest = is_longest && finished;
  }
  return all;
}

// Tokens of one side alone, up to but not including a place.
void add_alone(TokenPair& next, const TokenPair& until, std::vector<TokenPair>& columns) {
  for (; next.a < until.a; ++next.a) columns.push_back({next.a, -1});
  for (; next.b < until.b; ++next.b) columns.push_back({-1, next.b});
}

std::vector<TokenPair> by_token(Ids a, Ids b, std::int64_t most_edits, bool& is_longest) {
  std::vector<TokenPair> columns;
  TokenPair next{0, 0};
  for (const TokenPair& pair : common_tokens(a, b, most_edits, is_longest)) {
    add_alone(next, pair, columns);
    columns.push_back(pair);
    next = {pair.a + 1, pair.b + 1};
  }
  add_alone(next, {size_of(a), size_of(b)}, columns);
  return columns;
}

std::vector<TokenPair> by_offset(Ids a, Ids b, std::int64_t offset) {
  std::vector<TokenPair> columns;
  const std::int64_t n = size_of(a), m = size_of(b);
  for (std::int64_t t = std::min<std::int64_t>(0, -offset); t < std::max(n, m - offset); ++t) {
    const bool has_a = t >= 0 && t < n, has_b = t + offset >= 0 && t + offset < m;
    if (has_a || has_b) columns.push_back({has_a ? t : -1, has_b ? t + offset : -1});
  }
  return columns;
}

bool differs(Ids a, Ids b, const TokenPair& pair) {
  return !pair.is_pair() || a[static_cast<std::size_t>(pair.a)] != b[static_cast<std::size_t>(pair.b)];
}

template <class Token>
std::int64_t column_with(const std::vector<TokenPair>& columns, Token token, std::int64_t wanted) {
  if (wanted < 0) return -1;
  // Columns without a token of this side lie between those with one, so a binary search must step over them: a scan is simpler.
  const auto found = std::ranges::find(columns, wanted, token);
  return found == columns.end() ? -1 : found - columns.begin();
}

}  // namespace

const char* name_of(AlignBy by) {
  constexpr const char* kNames[] = {"position", "token", "first-difference", "offset"};
  return kNames[static_cast<std::size_t>(by)];
}

std::int64_t Alignment::column_of_a(std::int64_t token) const { return column_with(columns, &TokenPair::a, token); }
std::int64_t Alignment::column_of_b(std::int64_t token) const { return column_with(columns, &TokenPair::b, token); }

std::pair<std::int64_t, std::int64_t> Alignment::columns_of(std::int64_t first_token, std::int64_t last_token) const {
  if (first_token == 0 && last_token == 0) return {0, count()};
  const auto is_shown = [&](const TokenPair& pair) { return pair.a >= first_token && pair.a < last_token; };
  const auto first = std::ranges::find_if(columns, is_shown);
  const auto behind = std::find_if(columns.rbegin(), columns.rend(), is_shown).base();
  return first == columns.end() ? std::pair<std::int64_t, std::int64_t>{0, 0} : std::pair<std::int64_t, std::int64_t>{first - columns.begin(), behind - columns.begin()};
}

std::int64_t Alignment::next_difference(std::span<const std::int32_t> a, std::span<const std::int32_t> b, std::int64_t from, bool backwards) const {
  const auto begins = [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    return differs(a, b, columns[at]) && (i == 0 || !differs(a, b, columns[at - 1]));
  };
  if (backwards) {
    for (std::int64_t i = std::min(from, count()) - 1; i >= 0; --i)
      if (begins(i)) return i;
  } else {
    for (std::int64_t i = std::max<std::int64_t>(from + 1, 0); i < count(); ++i)
      if (begins(i)) return i;
  }
  return -1;
}

Alignment align(std::span<const std::int32_t> a, std::span<const std::int32_t> b, AlignBy by, std::int64_t offset, std::int64_t most_edits) {
  Alignment alignment{.by = by, .offset = by == AlignBy::offset ? offset : 0};
  alignment.columns = by == AlignBy::token ? by_token(a, b, most_edits, alignment.is_longest) : by_offset(a, b, alignment.offset);
  auto& columns = alignment.columns;
  if (by == AlignBy::first_difference) {
    const auto first = std::ranges::find_if(columns, [&](const TokenPair& pair) { return differs(a, b, pair); });
    if (first != columns.end()) columns.erase(columns.begin(), first);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool is_pair = columns[i].is_pair(), is_different = differs(a, b, columns[i]);
    alignment.pairs += is_pair;
    alignment.equal += is_pair && !is_different;
    // What an offset leaves over at the ends is no difference.
    if (is_different && (is_pair || by != AlignBy::offset) && alignment.first_difference < 0) alignment.first_difference = static_cast<std::int64_t>(i);
  }
  return alignment;
}

}  // namespace lab
