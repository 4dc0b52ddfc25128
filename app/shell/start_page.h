#pragma once
// What the window shows before a model is open: where to begin.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/shell/shortcuts.h"
#include "app/shell/study_pictures.h"
#include "model/base/result.h"
#include "views/paint/imgui_painter.h"
#include "views/panels/kit/ui.h"
#include "views/plot/layout.h"

namespace lab {

/// A model or a session that can be opened with one click.
struct StartCard {
  std::string path;      // what is opened: "builtin:prose", a session file
  std::string shown;     // how the path is written on the card
  std::string name;      // "prose"
  std::string facts;     // family and size, as "Mamba-2, 4 layers, 1.0 M parameters"
  std::string sentence;  // what to look at
};

/// A picture as it was last laid out.
struct KeptPicture {
  const StudyPicture* of = nullptr;
  std::string look;
  LaidOut page;
};

/// A session that an earlier window left without saving it.
struct RecoveredCard {
  std::string journal;
  std::string text;  // "128 tokens of prose from 08:29, 2 commands lost"
};

struct StartPage {
  std::vector<StartCard> models, studies, recent;
  std::vector<std::shared_ptr<const StudyPicture>> pictures;  // of studies, those that are made already
  std::vector<RecoveredCard> recovered;
  std::string path;        // typed so far
  std::int64_t first_row = 0;  // of the studies: the first row that is seen
  std::shared_ptr<const Error> refusal;  // why the last path was not opened; null where it was
  std::map<std::string, KeptPicture> kept;  // by study
};

/// What the page wants of the window in a frame.
struct StartWish {
  std::string open;  // a path, or ""
  std::string recover, dismiss;  // a journal, or ""
  std::optional<Action> action;
};

/// Draws the page.
StartWish draw_start_page(Ui& ui, Box window, StartPage& page, ImGuiPainter& painter);

/// The mark of the program: four squares, `size` units wide.
void draw_logo(Ui& ui, float x, float y, float size);

}  // namespace lab
