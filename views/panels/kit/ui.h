#pragma once
// What panes draw with: text, lines and rectangles in units, in the colours and faces of the current look.
#include <array>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "views/panels/kit/box.h"
#include "views/panels/kit/theme.h"

struct ImDrawList;
struct ImFont;

namespace lab {

/// The faces and sizes text is set in.
enum class Face { title, body, control, tick, mono, dense, axis, value, heading, count_ };
constexpr int kFaces = static_cast<int>(Face::count_);

struct FaceFont {
  ImFont* font = nullptr;
  float px = 16;  // ascent + descent in pixels at the current scale
};
using Fonts = std::array<FaceFont, kFaces>;

enum class Align { left, center, right };

/// What the mouse does with a box in this frame. Coordinates in units.
struct Hit {
  bool hovered = false, held = false, clicked = false, pressed = false;
  bool right_clicked = false, double_clicked = false;
  float x = 0, y = 0;
  float dragged_x = 0;  // units since the last frame while held
  float wheel = 0;
};

class Ui {
 public:
  /// Called once a frame, before any pane draws.
  void begin(const Theme& theme, const Fonts& fonts, float scale);

  const Theme& theme() const { return *theme_; }
  float scale() const { return scale_; }
  const FaceFont& font(Face face) const { return (*fonts_)[static_cast<std::size_t>(face)]; }
  float px(float units) const;  // whole pixels
  ImDrawList* list() const;     // of the window being drawn

  /// A line of dashes around a box.
  void dashed_outline(Box box, Color color) const;
  void fill(Box box, Color color, float radius = 0) const;
  void outline(Box box, Color color, float radius = 0, float thickness = 1) const;
  void line_across(float x0, float x1, float y, Color color) const;  // 1 unit thick, in whole pixels
  void line_down(float x, float y0, float y1, Color color, bool dashed = false) const;

  /// What is drawn for a text: characters that the face lacks, or that nobody would see, are escaped.
  std::string drawable(Face face, std::string_view text) const;
  float width(Face face, std::string_view text) const;
  float height(Face face) const;
  /// Text with its top left corner at (x, y); returns where it ends.
  float text(Face face, float x, float y, Color color, std::string_view text) const;
  /// One line in the vertical middle of a box, elided with … where it does not fit; returns where it ends.
  float text_in(Box box, Face face, Color color, std::string_view text, Align align = Align::left) const;
  /// Text broken at spaces into lines `leading` apart; returns the height used.
  float paragraph(Box box, Face face, Color color, std::string_view text, float leading = 18) const;

  /// Reacts to the mouse in a box. Ids are unique within a pane.
  Hit hit(const char* id, Box box);
  /// A small note at the mouse, above everything; lines are separated by \n, columns by \t. `labels` colours the first
  /// column line by line, 0 as usual.
  void tooltip(std::string_view text, std::span<const Color> labels = {});

  /// Limits drawing to a box until unclip.
  void clip(Box box) const;
  void unclip() const;

  /// Set for one frame: lists, menus and pages that hang from something close.
  bool closes_popups = false;

  /// Every box that reacts, by "pane/id", while `record_items` is set: tests click by name.
  bool record_items = false;
  std::map<std::string, Box> items;
  std::string pane;  // name of the pane being drawn

  /// Of the pane being drawn: whether its title opens a menu of views, and whether that was asked for.
  bool title_opens = false, title_clicked = false;

 private:
  float hairline() const;  // pixels

  const Theme* theme_ = &kDarkTheme;
  const Fonts* fonts_ = nullptr;
  float scale_ = 1;
};

}  // namespace lab
