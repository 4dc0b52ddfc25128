#pragma once
// Finds the fonts of the window through fontconfig and bakes them into ImGui's atlas.
#include <set>
#include <string>
#include <string_view>

#include "views/panels/kit/ui.h"

namespace lab {

/// Code points beyond Latin, Greek and the symbols of the window that were asked for since start.
class CodePoints {
 public:
  /// Notes the code points of a text. Those above U+FFFF cannot be drawn and are skipped.
  void note(std::string_view text);
  /// Whether something new was noted since the last call.
  bool take_news();
  const std::set<char32_t>& extra() const { return extra_; }

 private:
  std::set<char32_t> extra_;
  bool news_ = false;
};

enum class Weight { regular, semi_bold };
/// The file of a static, upright font by family and weight; empty when the family is not installed.
std::string find_font(const std::string& family, Weight weight = Weight::regular);

/// The largest scale of the window: beyond, the glyphs of all faces no longer fit a texture.
constexpr float kLargestScale = 4.5f;

/// Fills ImGui's atlas for a scale, with as many of the code points as there is room for: Inter, JetBrains Mono, DejaVu Sans behind them, Fork Awesome's symbols.
/// A missing family is replaced by DejaVu Sans, then by ImGui's own font.
Fonts load_fonts(float scale, const CodePoints& code_points);

}  // namespace lab
