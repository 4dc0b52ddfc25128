#pragma once
// Pictures of plots as OpenGL textures.
#include "views/paint/imgui_painter.h"

namespace lab {

/// Textures without smoothing, one pixel a cell. Needs a current context whenever it is called.
class GlTextures final : public ImGuiPainter::Textures {
 public:
  std::uintptr_t make(const Pixels& pixels) override;
  void remove(std::uintptr_t texture) override;
};

}  // namespace lab
