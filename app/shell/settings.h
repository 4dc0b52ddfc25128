#pragma once
// What a person can set about the window. One list answers the page of settings, the palette and the file.
#include <iterator>
#include <span>
#include <string>
#include <variant>

#include "views/panels/kit/theme.h"
#include "views/panels/pane.h"

namespace lab {

/// The factors of the size, on top of what the display asks for.
inline constexpr float kSizes[] = {0.75f, 0.875f, 1, 1.125f, 1.25f, 1.5f, 1.75f, 2, 2.5f, 3};
inline constexpr int kNormalSize = 2;

struct Settings {
  int theme = 0;  // dark, light, high contrast
  int size = kNormalSize;
  bool reduced_motion = false;
  int state_colors = 0, state_scale = 2, state_rows = 1;  // as the names of their setting
  bool pca_3d = false;
  double budget_gib = 1;  // of the history of a run
  double threads = 0;     // 0: one per core
  bool remember_recent = true;
  friend bool operator==(const Settings&, const Settings&) = default;

  float factor() const { return kSizes[size]; }
  double seconds_between_frames() const { return reduced_motion ? 1.0 / 4 : 1.0 / 30; }  // that only follow a run
};

const Theme& theme_of(const Settings& settings);
/// The next larger or smaller size; `by` 0: the normal one. And light instead of dark, dark instead of the others.
Settings resized(Settings settings, int by);
Settings with_other_theme(Settings settings);
/// Gives views the choices that they begin with, where these are others than before.
void apply_to_views(const Settings& before, const Settings& now, PaneMemory& memory);

struct Setting {
  struct Choice {
    int Settings::*member;
    std::span<const char* const> names;
  };
  struct Number {
    double Settings::*member;
    double low, high;
    const char* format;
    const char* unit;
  };
  struct Flag {
    bool Settings::*member;
  };

  const char* key;  // in the file
  const char* group;
  const char* title;
  const char* sentence;
  std::variant<Choice, Number, Flag> kind;
};
std::span<const Setting> all_settings();

/// The next value of a setting, or the one before; the last and the first stay.
void step(const Setting& setting, Settings& settings, int by);
/// Whether a setting is as the program comes.
bool is_default(const Setting& setting, const Settings& settings);
void set_default(const Setting& setting, Settings& settings);

}  // namespace lab
