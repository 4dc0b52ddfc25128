// Rows that grow: copies share what is full and never disturb each other.
#include <doctest/doctest.h>

#include <vector>

#include "model/row_tiles.h"

using namespace lab;

namespace {

using Tiles = RowTiles<float>;

Tiles rows_up_to(std::int64_t count, float offset = 0) {
  Tiles rows(2);
  for (std::int64_t i = 0; i < count; ++i) {
    const float row[] = {static_cast<float>(i) + offset, 1};
    rows.append(row);
  }
  return rows;
}

bool holds(const Tiles& rows, std::int64_t count) {
  if (rows.count() != count) return false;
  for (std::int64_t i = 0; i < count; ++i)
    if (rows.row(i)[0] != static_cast<float>(i) || rows.row(i)[1] != 1) return false;
  return true;
}

}  // namespace

TEST_CASE("row tiles: a copy shares full tiles and owns the last one") {
  const Tiles rows = rows_up_to(Tiles::kRows + 3);
  Tiles copy = rows;
  CHECK(copy.tiles()[0] == rows.tiles()[0]);
  CHECK(copy.tiles()[1] != rows.tiles()[1]);
  const float other[] = {-1, -1};
  copy.append(other);
  CHECK(holds(rows, Tiles::kRows + 3));
  CHECK(copy.count() == Tiles::kRows + 4);
}

TEST_CASE("row tiles: two states that go on from one past do not write over each other") {
  const Tiles past = rows_up_to(2 * Tiles::kRows);
  Tiles a = past, b = past;
  a.truncate(Tiles::kRows + 5);
  b.truncate(Tiles::kRows + 5);
  for (std::int64_t i = Tiles::kRows + 5; i < 2 * Tiles::kRows; ++i) {
    const float row[] = {static_cast<float>(i), 1}, other[] = {-1, -1};
    a.append(row);
    b.append(other);
  }
  CHECK(holds(past, 2 * Tiles::kRows));
  CHECK(holds(a, 2 * Tiles::kRows));
  CHECK(b.row(2 * Tiles::kRows - 1)[0] == -1);
}

TEST_CASE("row tiles: a moved one is empty and may be filled again") {
  Tiles rows = rows_up_to(70);
  const Tiles moved = std::move(rows);
  CHECK(holds(moved, 70));
  CHECK(rows.count() == 0);  // NOLINT: what is left is defined
  const float row[] = {0, 1};
  rows.append(row);
  CHECK(holds(rows, 1));
}

TEST_CASE("row tiles: squares add up row by row, through truncation and transformation") {
  Tiles rows = rows_up_to(100);
  double expected = 0;
  for (std::int64_t i = 0; i < 100; ++i) expected += static_cast<double>(i * i) + 1;
  CHECK(rows.squares(100) == expected);
  rows.truncate(65);
  CHECK(rows.squares(0) == 0);
  CHECK(rows.squares(2) == 3);
  rows.transform([](float value) { return 2 * value; });
  CHECK(rows.count() == 65);
  CHECK(rows.squares(2) == 12);
}
