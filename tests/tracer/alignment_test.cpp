// Which token of one text belongs to which of another, against brute force.
#include "tracer/analysis/alignment.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

using namespace lab;

namespace {

using Ids = std::vector<std::int32_t>;

Ids random_ids(std::mt19937& random, std::int64_t most, int alphabet) {
  Ids ids(std::uniform_int_distribution<std::size_t>(0, static_cast<std::size_t>(most))(random));
  for (auto& id : ids) id = std::uniform_int_distribution<int>(0, alphabet - 1)(random);
  return ids;
}

// The length of a longest common subsequence by the textbook table.
std::int64_t longest_common(const Ids& a, const Ids& b) {
  std::vector<std::vector<std::int64_t>> best(a.size() + 1, std::vector<std::int64_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j)
      best[i][j] = a[i - 1] == b[j - 1] ? best[i - 1][j - 1] + 1 : std::max(best[i - 1][j], best[i][j - 1]);
  return best[a.size()][b.size()];
}

// Every token of both stands in one column, in order.
void check_whole(const Alignment& alignment, const Ids& a, const Ids& b) {
  std::int64_t next_a = 0, next_b = 0, pairs = 0, equal = 0;
  for (const TokenPair& pair : alignment.columns) {
    CHECK((pair.a >= 0 || pair.b >= 0));
    if (pair.a >= 0) CHECK(pair.a == next_a++);
    if (pair.b >= 0) CHECK(pair.b == next_b++);
    pairs += pair.is_pair();
    equal += pair.is_pair() && a[static_cast<std::size_t>(pair.a)] == b[static_cast<std::size_t>(pair.b)];
  }
  CHECK(next_a == std::ssize(a));
  CHECK(next_b == std::ssize(b));
  CHECK(alignment.pairs == pairs);
  CHECK(alignment.equal == equal);
}

}  // namespace

TEST_CASE("alignment: by token as many are paired as the longest common subsequence has, and only equal ones") {
  std::mt19937 random(5);
  for (int round = 0; round < 400; ++round) {
    const Ids a = random_ids(random, 24, 2 + round % 5), b = random_ids(random, 24, 2 + round % 5);
    const Alignment alignment = align(a, b, AlignBy::token);
    check_whole(alignment, a, b);
    CHECK(alignment.pairs == longest_common(a, b));
    CHECK(alignment.equal == alignment.pairs);
    CHECK(alignment.is_longest);
  }
}

TEST_CASE("alignment: texts that differ too much are aligned in pieces, which is said and never pairs what differs") {
  std::mt19937 random(6);
  bool was_shorter = false;
  for (int round = 0; round < 200; ++round) {
    const Ids a = random_ids(random, 40, 3), b = random_ids(random, 40, 3);
    const Alignment alignment = align(a, b, AlignBy::token, 0, 3);
    check_whole(alignment, a, b);
    CHECK(alignment.equal == alignment.pairs);
    const std::int64_t longest = longest_common(a, b);
    CHECK(alignment.pairs <= longest);
    if (alignment.is_longest) CHECK(alignment.pairs == longest);
    was_shorter = was_shorter || !alignment.is_longest;
  }
  CHECK(was_shorter);
}

TEST_CASE("alignment: a token put in moves those behind it, and by position it does not") {
  const Ids a{1, 2, 3, 4, 5}, b{1, 2, 9, 3, 4, 5};
  const Alignment token = align(a, b, AlignBy::token), position = align(a, b, AlignBy::position);
  CHECK(token.columns == std::vector<TokenPair>{{0, 0}, {1, 1}, {-1, 2}, {2, 3}, {3, 4}, {4, 5}});
  CHECK(token.first_difference == 2);
  CHECK(token.column_of_a(2) == 3);
  CHECK(token.column_of_b(2) == 2);
  CHECK(token.column_of_a(7) == -1);
  CHECK(token.column_of_a(-1) == -1);
  CHECK(position.columns == std::vector<TokenPair>{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {-1, 5}});
  CHECK(position.first_difference == 2);
  CHECK(position.equal == 2);
  CHECK(align(a, a, AlignBy::position).first_difference == -1);
  CHECK(align(a, Ids{1, 2, 3}, AlignBy::position).first_difference == 3);  // what is missing differs
}

TEST_CASE("alignment: a replaced token stands in two columns, A's first") {
  CHECK(align(Ids{1, 2, 3}, Ids{1, 7, 3}, AlignBy::token).columns == std::vector<TokenPair>{{0, 0}, {1, -1}, {-1, 1}, {2, 2}});
}

TEST_CASE("alignment: from the first difference on, and all where there is none") {
  const Ids a{1, 2, 3, 4}, b{1, 2, 5, 4, 6};
  const Alignment alignment = align(a, b, AlignBy::first_difference);
  CHECK(alignment.columns == std::vector<TokenPair>{{2, 2}, {3, 3}, {-1, 4}});
  CHECK(alignment.first_difference == 0);
  CHECK(align(a, a, AlignBy::first_difference).count() == 4);
}

TEST_CASE("alignment: by offset, whose ends are no difference") {
  const Ids a{5, 6, 7}, b{1, 1, 5, 6, 7};
  const Alignment alignment = align(a, b, AlignBy::offset, 2);
  CHECK(alignment.columns == std::vector<TokenPair>{{-1, 0}, {-1, 1}, {0, 2}, {1, 3}, {2, 4}});
  CHECK(alignment.equal == 3);
  CHECK(alignment.first_difference == -1);
  CHECK(align(b, a, AlignBy::offset, -2).equal == 3);
  CHECK(align(b, a, AlignBy::offset, -2).columns.front() == TokenPair{0, -1});
  CHECK(align(a, b, AlignBy::offset, 100).pairs == 0);
  CHECK(align(a, b, AlignBy::offset, 1).first_difference == 1);
}

TEST_CASE("alignment: going from difference to difference, both ways, stops where each begins") {
  const Ids a{1, 2, 3, 4, 5, 6, 7}, b{1, 9, 9, 4, 5, 9, 7};
  const Alignment alignment = align(a, b, AlignBy::position);
  CHECK(alignment.next_difference(a, b, -1, false) == 1);
  CHECK(alignment.next_difference(a, b, 1, false) == 5);
  CHECK(alignment.next_difference(a, b, 5, false) == -1);
  CHECK(alignment.next_difference(a, b, 6, true) == 5);
  CHECK(alignment.next_difference(a, b, 5, true) == 1);
  CHECK(alignment.next_difference(a, b, 1, true) == -1);
}

TEST_CASE("alignment: the columns of a range of A's tokens hold what stands between them") {
  const Ids a{1, 2, 3, 4, 5}, b{1, 2, 9, 3, 4, 5};
  const Alignment alignment = align(a, b, AlignBy::token);
  CHECK(alignment.columns_of(0, 0) == std::pair<std::int64_t, std::int64_t>{0, 6});
  CHECK(alignment.columns_of(1, 3) == std::pair<std::int64_t, std::int64_t>{1, 4});
  CHECK(alignment.columns_of(90, 95) == std::pair<std::int64_t, std::int64_t>{0, 0});
}
