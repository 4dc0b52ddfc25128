#pragma once
// The colours of the window. Every colour drawn outside a plot has a name here.
#include <cstdint>

namespace lab {

/// Red, green, blue, alpha from the lowest byte up: what a draw list takes.
using Color = std::uint32_t;

constexpr Color rgb(std::uint32_t hex, std::uint32_t alpha = 255) {
  return (hex >> 16 & 255) | (hex & 0xFF00) | (hex & 255) << 16 | alpha << 24;
}
/// The colour with its opacity multiplied.
constexpr Color faded(Color color, float opacity) {
  return (color & 0xFFFFFF) | static_cast<Color>(static_cast<float>(color >> 24) * opacity + 0.5f) << 24;
}
/// A mixture: `share` of b, the rest of a.
Color mixed(Color a, Color b, float share);

struct Theme {
  const char* name;
  bool dark;
  Color background, pane, raised, hover, line, grid, axis;
  Color text, dim, faint;
  Color accent, on_accent;
  Color selection, dim_on_selection;
  Color warning, good, bad;
  Color run_b, token_amber;
  Color nan, cursor, adds, cancels;
  bool has_edges = false;  // controls and cards have a line around them
};

extern const Theme kDarkTheme;
extern const Theme kLightTheme;
extern const Theme kContrastTheme;  // white on black: text 7 : 1 and more, every edge a line

}  // namespace lab
