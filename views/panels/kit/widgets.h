#pragma once
// The controls of the window: 24 units high, radius 4, all in the states of the style picture.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "views/panels/kit/ui.h"

namespace lab {

constexpr float kControlHeight = 24;
constexpr float kHeaderHeight = 28;
constexpr float kHeaderControl = 20;
constexpr float kRadius = 4;

/// The ring around the control that the keyboard works on.
void focus_ring(const Ui& ui, Box control);

struct ButtonLook {
  bool primary = false;
  bool selected = false;
  bool enabled = true;
  bool plain = false;             // no fill until hovered
  Face face = Face::control;
  std::string_view tip;           // shown while hovered
};

/// A push button. `label` may be text, an icon, or both; it is also the id, unless one follows after "##".
bool button(Ui& ui, const char* label, Box box, const ButtonLook& look = {});

/// Buttons in one track, one of them selected. Returns the chosen index.
int segments(Ui& ui, const char* id, Box box, std::span<const char* const> labels, int selected);

/// A choice that opens a list. Returns whether `selected` changed.
bool combo(Ui& ui, const char* id, Box box, std::span<const char* const> labels, int& selected, bool enabled = true);

/// A square that is ticked or not. Returns whether it was clicked.
bool check_box(Ui& ui, const char* id, Box box, bool is_on, std::string_view tip = {});

/// A page of controls at an anchor, opened by ImGui::OpenPopup(id) and closed by a click beside it. False while it is closed;
/// otherwise `page` is its inside and end_popover must follow.
bool begin_popover(Ui& ui, const char* id, Box anchor, float width, float height, Box& page);
void end_popover();

/// A bar that drags between 0 and 1. Returns whether it moved.
bool slider(Ui& ui, const char* id, Box box, float& share);

struct FieldLook {
  const char* hint = "";
  bool wrong = false;
  bool take_focus = false;  // the keyboard goes here in this frame
  int lines = 1;
  Face face = Face::control;
};
/// A text field. Returns whether Enter was pressed in it.
bool field(Ui& ui, const char* id, Box box, std::string& text, const FieldLook& look = {});

/// A number typed into a field; keeps the old one when the text is no number in [low, high]. Returns whether it changed.
bool number_field(Ui& ui, const char* id, Box box, double& value, double low, double high, const char* format);

/// The strip at the top of a pane: title, controls from the right edge inwards, then the subtitle in what is left.
class PaneHeader {
 public:
  /// Cuts the header off the pane and writes the title.
  PaneHeader(Ui& ui, Box& pane, std::string_view title);
  /// Place for the next control, from the right; empty (w = 0) when the title would be covered.
  Box control(float width);
  void subtitle(std::string_view text);

 private:
  Ui& ui_;
  Box left_;
};

/// What an empty pane says: a sentence, and what to do next.
void empty_note(Ui& ui, Box box, std::string_view sentence, std::string_view next);

/// The same where something is being computed, or was refused for a reason.
void pending_note(Ui& ui, Box box, std::string_view refusal);

/// A page above the panes that takes the mouse from them. Always matched by end_overlay.
void begin_overlay(Ui& ui, const char* name, Box page);
void end_overlay();

struct MenuItem {
  std::string label;
  std::string shortcut;
  bool enabled = true;
  bool separated = false;  // a line above
  bool marked = false;     // a tick before it
};
/// A menu opened by ImGui::OpenPopup(id). Returns the chosen index or -1.
int menu(Ui& ui, const char* id, std::span<const MenuItem> items);

}  // namespace lab
