#pragma once
// A window cut into panes by a tree of splits. Numbers only: drawing and the mouse are elsewhere.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "views/panels/kit/box.h"

namespace lab {

enum class Cut { across, down };  // children beside each other, or below each other

/// A pane (no children) or a split of two. The size of one child is fixed, or the first takes a share.
struct PaneTile {
  enum class Hold { first, second, share };
  std::string pane;   // what it shows
  std::string place;  // the pane that it was made for, by which the place is known
  Cut cut = Cut::across;
  Hold hold = Hold::share;
  float size = 0.5f;          // units of the held child, or the share of the first
  float default_size = 0.5f;
  float minimum = 0;          // units of the smaller child
  std::unique_ptr<PaneTile> first, second;
};

std::unique_ptr<PaneTile> pane_tile(std::string pane);
std::unique_ptr<PaneTile> split_tile(Cut cut, PaneTile::Hold hold, float size, float minimum, std::unique_ptr<PaneTile> first,
                                 std::unique_ptr<PaneTile> second);

/// The line between two children, which the mouse can drag.
struct Gutter {
  PaneTile* tile = nullptr;
  Box box;   // 5 units wide, around the line
  Box whole; // what the tile divides
};

struct Tiling {
  std::map<std::string, Box> panes;
  std::vector<Gutter> gutters;
};

/// Places every pane of the tree in `whole`, on whole units.
Tiling place(PaneTile& root, Box whole);

/// Moves a gutter to a coordinate across its line, within the minimum of both children.
void move_gutter(const Gutter& gutter, float to);

/// Back to the size the tile was made with.
void reset_gutter(const Gutter& gutter);

}  // namespace lab
