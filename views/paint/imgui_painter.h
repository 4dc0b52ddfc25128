#pragma once
// Draws display lists into an ImGui draw list. Heatmaps become textures that are kept while they are drawn.
#include <memory>
#include <unordered_map>

#include "views/plot/display_list.h"

struct ImDrawList;
struct ImFont;

namespace lab {

/// Fonts of a plot on the screen; sizes are ImGui's (ascent + descent) per point of the layout's text size.
struct ScreenFont {
  ImFont* font = nullptr;
  float px = 14;  // at which the font was baked: text is drawn at this size, whatever the list says
};

class ImGuiPainter final : public TextMeasure {
 public:
  /// Places textures on the device and takes them away; the shell binds OpenGL, tests count.
  class Textures {
   public:
    virtual ~Textures() = default;
    virtual std::uintptr_t make(const Pixels& pixels) = 0;
    virtual void remove(std::uintptr_t texture) = 0;
  };

  explicit ImGuiPainter(std::unique_ptr<Textures> textures);
  ~ImGuiPainter() override;

  /// One font a TextFace, and pixels a unit.
  void set_fonts(const ScreenFont (&fonts)[4], float scale);
  /// In units of the layout (pixels at scale 1).
  double width(TextFace face, double size, const std::string& text) const override;
  /// Draws with the list's origin at pixel (x, y).
  void paint(const DisplayList& list, ImDrawList* into, float x, float y);
  /// Takes away textures that no list painted since the last call. Once a frame.
  void end_frame();

 private:
  struct Kept {
    std::shared_ptr<const Pixels> pixels;  // held, so that the address stays its own
    std::uintptr_t texture = 0;
    bool used = true;
  };
  std::unique_ptr<Textures> textures_;
  std::unordered_map<const Pixels*, Kept> kept_;
  ScreenFont fonts_[4];
  float scale_ = 1;
};

}  // namespace lab
