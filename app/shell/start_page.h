#pragma once
// What the window shows before a model is open: where to begin.
#include <string>
#include <vector>

#include "views/panels/kit/ui.h"

namespace lab {

/// A model or a session that can be opened with one click.
struct StartCard {
  std::string path;      // what is opened: "builtin:prose", a session file
  std::string shown;     // how the path is written on the card
  std::string name;      // "prose"
  std::string facts;     // family and size, as "Mamba-2, 4 layers, 1.0 M parameters"
  std::string sentence;  // what to look at
};

struct StartPage {
  std::vector<StartCard> models, studies;
  std::string path;        // typed so far
  std::string refusal;     // why the last path was not opened, or empty
};

/// Draws the page. Returns the path to open, or an empty string.
std::string draw_start_page(Ui& ui, Box window, StartPage& page);

/// The mark of the program: four squares, `size` units wide.
void draw_logo(Ui& ui, float x, float y, float size);

}  // namespace lab
