#include "app/shell/tiling.h"

#include <doctest/doctest.h>

using namespace lab;

namespace {

std::unique_ptr<PaneTile> three_columns() {
  return split_tile(Cut::across, PaneTile::Hold::first, 256, 120, pane_tile("left"),
                    split_tile(Cut::across, PaneTile::Hold::second, 312, 120, pane_tile("middle"), pane_tile("right")));
}

}  // namespace

TEST_CASE("tiling: held panes keep their size and the rest takes what is left") {
  const auto root = three_columns();
  for (const float width : {1600.0f, 1920.0f}) {
    const Tiling tiling = place(*root, {0, 112, width, 600});
    CHECK(tiling.panes.at("left") == Box{0, 112, 256, 600});
    CHECK(tiling.panes.at("middle") == Box{256, 112, width - 568, 600});
    CHECK(tiling.panes.at("right") == Box{width - 312, 112, 312, 600});
  }
}

TEST_CASE("tiling: a dragged gutter stops at the minimum of both panes, and a reset brings the default back") {
  const auto root = three_columns();
  const Tiling before = place(*root, {0, 0, 1600, 600});
  const Gutter& left = before.gutters.front();
  move_gutter(left, 300);
  CHECK(place(*root, {0, 0, 1600, 600}).panes.at("left").w == 300);
  move_gutter(left, 5);
  CHECK(place(*root, {0, 0, 1600, 600}).panes.at("left").w == 120);
  move_gutter(left, 5000);
  CHECK(place(*root, {0, 0, 1600, 600}).panes.at("left").w == 1480);
  reset_gutter(left);
  CHECK(place(*root, {0, 0, 1600, 600}).panes.at("left").w == 256);
}

TEST_CASE("tiling: a share follows the window") {
  const auto root = split_tile(Cut::down, PaneTile::Hold::share, 0.25f, 20, pane_tile("top"), pane_tile("bottom"));
  CHECK(place(*root, {0, 0, 10, 400}).panes.at("top").h == 100);
  const Tiling tiling = place(*root, {0, 0, 10, 800});
  CHECK(tiling.panes.at("top").h == 200);
  move_gutter(tiling.gutters.front(), 400);
  CHECK(place(*root, {0, 0, 10, 400}).panes.at("bottom").h == 200);
}
