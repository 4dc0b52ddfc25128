#pragma once
// ImGui's context and its OpenGL 3 back end, for whichever front end has made a GL context current.
#include "views/panels/kit/theme.h"

namespace lab {

class Screen {
 public:
  /// Needs a current GL 3.3 core context.
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Makes everything of the back end on the device anew. Between frames only.
  void rebuild();
  /// Brings a changed font atlas to the device. Between frames only.
  void upload_fonts();
  /// Starts a frame of the back end; ImGui::NewFrame follows.
  void begin();
  /// Clears the bound framebuffer and draws what ImGui has rendered.
  void draw(int width, int height, Color clear);

 private:
  void start();

  bool has_begun_ = false;  // a frame has put fonts on the device
};

}  // namespace lab
