// Every theme can be read: contrast of its colours as WCAG 2.1 measures it.
#include <doctest/doctest.h>

#include <cmath>
#include <utility>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/theme.h"

using namespace lab;

namespace {

double luminance(Color color) {
  const auto channel = [&](int shift) {
    const double value = (color >> shift & 255) / 255.0;
    return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel(0) + 0.7152 * channel(8) + 0.0722 * channel(16);
}

double contrast(Color a, Color b) {
  const double one = luminance(a), other = luminance(b);
  return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

struct Pair {
  const char* what;
  Color text, ground;
};

/// Text of a theme on what lies under it in the window. Disabled text is left out.
std::vector<Pair> texts(const Theme& t) {
  std::vector<Pair> pairs = {{"text on hover", t.text, t.hover},
                             {"text on selection", t.text, t.selection},
                             {"dim on selection", t.dim_on_selection, t.selection},
                             {"text of a primary button", t.on_accent, t.accent},
                             {"the same, hovered", t.on_accent, mixed(t.accent, t.text, 0.18f)},
                             {"NaN on a pane", t.nan, t.pane}};
  for (const auto& [what, text] : {std::pair("text", t.text), std::pair("dim", t.dim), std::pair("accent", t.accent), std::pair("warning", t.warning),
                                   std::pair("good", t.good), std::pair("bad", t.bad), std::pair("run B", t.run_b)})
    for (const Color ground : {t.background, t.pane, t.raised}) pairs.push_back({what, text, ground});
  return pairs;
}

}  // namespace

TEST_CASE("contrast: black on white is 21 : 1, as WCAG says") {
  CHECK(contrast(rgb(0x000000), rgb(0xFFFFFF)) == doctest::Approx(21));
  CHECK(contrast(rgb(0x777777), rgb(0xFFFFFF)) == doctest::Approx(4.48).epsilon(0.002));
}

TEST_CASE("themes: text stands out 4.5 : 1 in the dark and the light, 7 : 1 in high contrast") {
  for (const auto& [theme, least] : {std::pair(&kDarkTheme, 4.5), std::pair(&kLightTheme, 4.5), std::pair(&kContrastTheme, 7.0)})
    for (const Pair& pair : texts(*theme)) {
      CAPTURE(theme->name);
      CAPTURE(pair.what);
      CHECK(contrast(pair.text, pair.ground) >= least);
    }
}

TEST_CASE("themes: marks and the ring around what has the keyboard stand out 3 : 1; in high contrast lines and disabled text do, too") {
  for (const Theme* theme : {&kDarkTheme, &kLightTheme, &kContrastTheme}) {
    CAPTURE(theme->name);
    for (const Color mark : {theme->adds, theme->cancels, theme->accent, theme->run_b, theme->cursor}) CHECK(contrast(mark, theme->pane) >= 3);
    CHECK(contrast(theme->accent, theme->background) >= 3);
  }
  for (const Color line : {kContrastTheme.line, kContrastTheme.axis, kContrastTheme.faint})
    for (const Color ground : {kContrastTheme.pane, kContrastTheme.raised}) CHECK(contrast(line, ground) >= 4.5);
}

TEST_CASE("themes: figures of the window have its colours") {
  CHECK(plot_style(kDarkTheme) == screen_style(true));
  CHECK(plot_style(kLightTheme) == screen_style(false));
  CHECK(plot_style(kContrastTheme).background == kContrastTheme.pane);
  CHECK(plot_style(kContrastTheme).text == kContrastTheme.text);
}
