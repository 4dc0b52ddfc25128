#include "views/panels/kit/theme.h"

#include <cmath>

namespace lab {

Color mixed(Color a, Color b, float share) {
  Color out = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    const auto from = static_cast<float>(a >> shift & 255), to = static_cast<float>(b >> shift & 255);
    out |= static_cast<Color>(std::lround(from + (to - from) * share)) << shift;
  }
  return out;
}

const Theme kDarkTheme = {
    .name = "dark",
    .dark = true,
    .background = rgb(0x15171B), .pane = rgb(0x1B1E23), .raised = rgb(0x262A31), .hover = rgb(0x323842),
    .line = rgb(0x2E333B), .grid = rgb(0x272B32), .axis = rgb(0x4A515C),
    .text = rgb(0xE3E6EB), .dim = rgb(0x98A0AD), .faint = rgb(0x5A626F),
    .accent = rgb(0x5B9DF5), .on_accent = rgb(0x0E1116),
    .selection = rgb(0x2A4A78), .dim_on_selection = rgb(0xC2CEE2),
    .warning = rgb(0xE69F00), .good = rgb(0x2FB78E), .bad = rgb(0xF2777A),
    .run_b = rgb(0xE69F00), .token_amber = rgb(0xE69F00),
    .nan = rgb(0xFF00FF), .cursor = rgb(0xFFFFFF), .adds = rgb(0xD6604D), .cancels = rgb(0x4393C3),
};

const Theme kLightTheme = {
    .name = "light",
    .dark = false,
    .background = rgb(0xF6F7F9), .pane = rgb(0xFFFFFF), .raised = rgb(0xECEEF2), .hover = rgb(0xDFE3EA),
    .line = rgb(0xD5D9E0), .grid = rgb(0xE9ECF0), .axis = rgb(0x9AA1AC),
    .text = rgb(0x1D2128), .dim = rgb(0x5C6370), .faint = rgb(0xA9B0BB),
    .accent = rgb(0x2563C9), .on_accent = rgb(0xFFFFFF),
    .selection = rgb(0xBFD6FA), .dim_on_selection = rgb(0x3F4A5C),
    .warning = rgb(0x855900), .good = rgb(0x00795A), .bad = rgb(0xC4343A),
    .run_b = rgb(0x9C5B00), .token_amber = rgb(0x855900),
    .nan = rgb(0xB800B8), .cursor = rgb(0x000000), .adds = rgb(0xD6604D), .cancels = rgb(0x4393C3),
};

const Theme kContrastTheme = {
    .name = "high contrast",
    .dark = true,
    .background = rgb(0x000000), .pane = rgb(0x000000), .raised = rgb(0x1C1C1C), .hover = rgb(0x363636),
    .line = rgb(0x8C8C8C), .grid = rgb(0x4A4A4A), .axis = rgb(0xB4B4B4),
    .text = rgb(0xFFFFFF), .dim = rgb(0xDADADA), .faint = rgb(0x9A9A9A),
    .accent = rgb(0x8CC4FF), .on_accent = rgb(0x000000),
    .selection = rgb(0x0A4A9C), .dim_on_selection = rgb(0xFFFFFF),
    .warning = rgb(0xFFC233), .good = rgb(0x4FE0B0), .bad = rgb(0xFFA3A3),
    .run_b = rgb(0xFFB84D), .token_amber = rgb(0xFFB84D),
    .nan = rgb(0xFF80FF), .cursor = rgb(0xFFFFFF), .adds = rgb(0xFF9C85), .cancels = rgb(0x7CC7FF),
    .has_edges = true,
};

}  // namespace lab
