#pragma once
// The front end without a display: a GL 3.3 context of EGL on no surface, drawing into a framebuffer object.
#include <memory>

#include "app/shell/image.h"
#include "model/base/result.h"

namespace lab {

class Headless {
 public:
  /// Makes the context and makes it current. Refuses with Code::environment where EGL offers none.
  static Result<std::unique_ptr<Headless>> create(int width, int height);
  ~Headless();

  int width() const { return width_; }
  int height() const { return height_; }
  /// Binds the framebuffer that frames are drawn into.
  void bind();
  /// What has been drawn.
  Image read() const;

 private:
  Headless() = default;
  Status make_context();
  Status make_target();

  void* display_ = nullptr;  // EGLDisplay
  void* context_ = nullptr;  // EGLContext
  unsigned framebuffer_ = 0, color_ = 0;
  int width_ = 0, height_ = 0;
};

}  // namespace lab
