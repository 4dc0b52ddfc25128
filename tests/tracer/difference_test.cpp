// What rows differ by, sums of that over columns, and lists of it, against brute force in longer arithmetic.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "tracer/analysis/compared.h"

using namespace lab;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> normal_row(std::size_t n, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> row(n);
  for (float& value : row) value = scale * normal(random);
  return row;
}

struct Expected {
  long double relative = 0, max_abs = 0, cosine = 0, norm_a = 0, norm_b = 0;
};
template <class Value>
Expected brute(const std::vector<Value>& a, const std::vector<Value>& b) {
  long double aa = 0, bb = 0, ab = 0, dd = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const long double x = a[i], y = b[i];
    aa += x * x, bb += y * y, ab += x * y, dd += (x - y) * (x - y);
    largest = std::max(largest, std::fabs(x - y));
  }
  return {std::sqrt(dd / aa), largest, ab / std::sqrt(aa * bb), std::sqrt(aa), std::sqrt(bb)};
}

template <class Value>
void check_row(const std::vector<Value>& a, const std::vector<Value>& b) {
  const RowDifference row = difference_of(std::span<const Value>(a), std::span<const Value>(b));
  const Expected expected = brute(a, b);
  // The result is rounded to single precision once: half a unit in the last place of it.
  const auto close = [](float found, long double wanted) { return std::fabs(static_cast<long double>(found) - wanted) <= 6.1e-8L * std::fabs(wanted) + 1e-12L; };
  CHECK(close(row.relative, expected.relative));
  CHECK(close(row.max_abs, expected.max_abs));
  CHECK(close(row.cosine, expected.cosine));
  CHECK(close(row.norm_a, expected.norm_a));
  CHECK(close(row.norm_b, expected.norm_b));
  CHECK(row.is_finite);
  CHECK(row.is_compared);
}

/// A table of two points with the relative differences given by column.
DifferenceTable table_of(const std::vector<std::vector<float>>& relative, double tolerance = 0) {
  DifferenceTable table;
  table.tolerance = {.exact = false, .point = tolerance, .logits = tolerance};
  for (std::size_t i = 0; i < relative.size(); ++i) {
    PointDifferences point{.point = {.name = "L" + std::to_string(i) + ".mix.h", .layer = static_cast<int>(i), .point = Point::h}};
    RowLog<RowDifference> rows(1);
    for (const float value : relative[i]) {
      const RowDifference row{.relative = value, .max_abs = 1 - value, .cosine = 1, .norm_a = 1, .norm_b = 1, .is_compared = true, .is_equal = value == 0};
      point.summary.add(rows.view().count(), row, table.tolerance.allows(row, Point::h));
      rows.append()[0] = row;
    }
    point.rows = rows.view();
    table.points.push_back(std::move(point));
  }
  return table;
}

}  // namespace

TEST_CASE("difference: of rows of any length and size, in both precisions") {
  for (const std::size_t n : {1, 3, 8, 17, 1000, 12288})
    for (const float scale : {1e-20f, 1.0f, 1e15f}) {
      const auto a = normal_row(n, 1, scale);
      auto b = normal_row(n, 2, scale);
      check_row(a, b);
      for (std::size_t i = 0; i < n; ++i) b[i] = a[i] * (1 + 1e-5f * b[i] / scale);
      check_row(a, b);
      check_row(std::vector<double>(a.begin(), a.end()), std::vector<double>(b.begin(), b.end()));
    }
}

TEST_CASE("difference: equal bits, zeros, and what is no number") {
  const std::vector<float> a{1, -2, 3}, zero{0, 0, 0}, minus{0, -0.0f, 0}, nan{1, NAN, 3}, inf{1, kInf, 3};
  const RowDifference equal = difference_of(std::span(a), std::span(a));
  CHECK((equal.is_equal && equal.relative == 0 && equal.max_abs == 0 && equal.cosine == 1));
  CHECK(equal.norm_a == doctest::Approx(std::sqrt(14.0)));
  const RowDifference gone = difference_of(std::span(a), std::span(zero)), come = difference_of(std::span(zero), std::span(a));
  CHECK((gone.relative == 1 && gone.cosine == 0 && !gone.is_equal));
  CHECK((come.relative == kInf && come.cosine == 0));
  const RowDifference sign = difference_of(std::span(zero), std::span(minus));
  CHECK((!sign.is_equal && sign.relative == 0 && sign.cosine == 1));
  const RowDifference same_nan = difference_of(std::span(nan), std::span(nan)), broken = difference_of(std::span(a), std::span(nan));
  CHECK((same_nan.is_equal && !same_nan.is_finite && same_nan.relative == 0));
  CHECK((!broken.is_equal && !broken.is_finite && std::isnan(broken.relative) && std::isnan(broken.max_abs)));
  CHECK(!difference_of(std::span(a), std::span(inf)).is_finite);
}

TEST_CASE("difference: sums of pieces are those of the whole") {
  const auto a = normal_row(100, 3), b = normal_row(100, 4);
  DifferenceSums sums;
  sums.add(std::span(a).first(37), std::span(b).first(37));
  sums.add(std::span(a).subspan(37), std::span(b).subspan(37));
  const RowDifference pieces = sums.result(), whole = difference_of(std::span(a), std::span(b));
  CHECK(pieces.relative == doctest::Approx(whole.relative).epsilon(1e-7));
  CHECK(pieces.max_abs == whole.max_abs);
}

TEST_CASE("difference: a tolerance allows what it says; ids are never nearly equal") {
  const DifferenceTolerance some{.exact = false, .point = 0.1, .logits = 0.2}, exact;
  const RowDifference row{.relative = 0.15f, .is_compared = true}, nan{.is_compared = true}, equal{.relative = 0, .is_compared = true, .is_equal = true};
  CHECK(!some.allows(row, Point::h));
  CHECK(some.allows(row, Point::logits));
  CHECK(!some.allows(row, Point::count_));
  CHECK(!some.allows(nan, Point::h));
  CHECK(!exact.allows(row, Point::logits));
  CHECK(exact.allows(equal, Point::count_));
  CHECK(exact.allows(RowDifference(), Point::h));  // what was not compared is no difference
}

TEST_CASE("difference: summaries and first differences are those of the rows") {
  const DifferenceTable table = table_of({{0, 0, 0.0625f, 0.3125f}, {0, 0.25f, NAN, 0.125f}, {0, 0, 0, 0}}, 0.125);
  const PointSummary &first = table.points[0].summary, &second = table.points[1].summary, &third = table.points[2].summary;
  CHECK((first.compared == 4 && first.differing == 2 && first.beyond == 1 && first.first == 2 && first.first_beyond == 3 && first.worst == 3));
  CHECK((second.differing == 3 && second.beyond == 2 && second.first == 1 && second.worst == 2 && std::isnan(second.relative)));
  CHECK((third.differing == 0 && third.first == -1 && third.worst == -1 && third.relative == 0));
  CHECK(table.first() == TablePlace{1, 1});
  CHECK(table.first_beyond() == TablePlace{1, 1});
  CHECK(table.first_of_layer(0) == TablePlace{2, 0});
  CHECK(table.first_of_layer(2).column == -1);
  CHECK(table.layers() == std::vector<int>{0, 1, 2});
  CHECK(table.find("L1.mix.h") == 1);
  CHECK(table.find(Point::h, 2) == 2);
  CHECK(table.find("L9.mix.h") == -1);
  // Of equal columns the one that is computed first.
  CHECK(table_of({{0, 0.5f}, {0, 0.5f}}).first() == TablePlace{1, 0});
}

TEST_CASE("difference: lists are sorted and cut as a full sort would") {
  std::mt19937 random(7);
  std::vector<std::vector<float>> relative(5, std::vector<float>(700));
  for (auto& row : relative)
    for (float& value : row) value = std::uniform_int_distribution<int>(0, 40)(random) == 0 ? NAN : static_cast<float>(std::uniform_int_distribution<int>(0, 30)(random)) / 32;
  const DifferenceTable table = table_of(relative, 0.25);
  const auto size = [](float value) { return std::isnan(value) ? kInf : value; };
  for (const DifferenceOrder order : {DifferenceOrder::time, DifferenceOrder::relative, DifferenceOrder::max_abs, DifferenceOrder::point}) {
    std::vector<ListedDifference> all;
    for (std::int64_t column = 0; column < 700; ++column)
      for (int point = 0; point < 5; ++point)
        if (const RowDifference row = table.points[static_cast<std::size_t>(point)].at(column); !(row.relative <= 0.25f)) all.push_back({{column, point}, row});
    std::ranges::stable_sort(all, [&](const ListedDifference& x, const ListedDifference& y) {
      if (order == DifferenceOrder::relative) return size(x.row.relative) > size(y.row.relative);
      if (order == DifferenceOrder::max_abs) return size(x.row.max_abs) > size(y.row.max_abs);
      return order == DifferenceOrder::point && x.place.point < y.place.point;
    });
    const DifferenceList list = list_differences(table, order, {}, 50);
    CHECK(list.total == std::ssize(all));
    REQUIRE(list.listed.size() == 50);
    for (std::size_t i = 0; i < 50; ++i) CHECK(list.listed[i].place == all[i].place);
  }
  const DifferenceList some = list_differences(table, DifferenceOrder::time, {.first = 100, .last = 110, .glob = "L3.*"});
  CHECK(some.total > 0);
  CHECK(some.total <= 10);
  for (const ListedDifference& one : some.listed) CHECK((one.place.point == 3 && one.place.column >= 100 && one.place.column < 110));
  CHECK(list_differences(table, DifferenceOrder::time, {.layer = 2}).listed[0].place.point == 2);
}

TEST_CASE("expectations: divergences, entropies and ranks are those of the sums written out") {
  const std::vector<float> a{1, 2, 0.5f, -3}, b{2, 0, 1, -1};
  const ExpectationDifference found = compare_expectations(a, b);
  std::vector<long double> p, q;
  long double sum_p = 0, sum_q = 0, kl = 0, reverse = 0, apart = 0, entropy = 0;
  for (const float v : a) p.push_back(std::exp(static_cast<long double>(v))), sum_p += p.back();
  for (const float v : b) q.push_back(std::exp(static_cast<long double>(v))), sum_q += q.back();
  for (std::size_t i = 0; i < a.size(); ++i) {
    p[i] /= sum_p, q[i] /= sum_q;
    kl += p[i] * std::log(p[i] / q[i]), reverse += q[i] * std::log(q[i] / p[i]), apart += std::fabs(p[i] - q[i]) / 2, entropy -= p[i] * std::log2(p[i]);
  }
  CHECK(found.kl == doctest::Approx(static_cast<double>(kl)).epsilon(1e-7));
  CHECK(found.reverse_kl == doctest::Approx(static_cast<double>(reverse)).epsilon(1e-7));
  CHECK(found.variation == doctest::Approx(static_cast<double>(apart)).epsilon(1e-7));
  CHECK(found.entropy_a == doctest::Approx(static_cast<double>(entropy)).epsilon(1e-7));
  CHECK((found.best_a == 1 && found.best_b == 0 && found.rank_in_b == 2 && found.rank_in_a == 1));
}

TEST_CASE("expectations: equal ones do not diverge, the impossible does without end, broken ones are unknown") {
  const std::vector<float> a{1000, 999, -kInf}, same = a, shifted{500, 499, -kInf}, impossible{-kInf, 0, 0}, nan{0, NAN, 0}, other{1, 2};
  CHECK(compare_expectations(a, same).kl == 0);
  CHECK(compare_expectations(a, shifted).kl == 0);
  CHECK(compare_expectations(a, impossible).kl == kInf);
  CHECK(std::isnan(compare_expectations(a, nan).kl));
  CHECK(compare_expectations(a, nan).best_a == -1);
  CHECK(std::isnan(compare_expectations(a, other).kl));
}
