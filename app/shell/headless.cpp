#include "app/shell/headless.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>

#include "app/shell/gl.h"

namespace lab {
namespace {

Error no_context(const char* what) {
  Error error;
  error.code = Code::environment;
  error.message = "no OpenGL 3.3 without a display";
  error.expected = "EGL with a surfaceless platform";
  error.found = what;
  error.next = "install libegl1 and libgl1-mesa-dri";
  return error;
}

}  // namespace

Result<std::unique_ptr<Headless>> Headless::create(int width, int height) {
  std::unique_ptr<Headless> headless(new Headless);
  headless->width_ = width;
  headless->height_ = height;
  LAB_TRY(headless->make_context());
  LAB_TRY(headless->make_target());
  return headless;
}

Status Headless::make_context() {
  display_ = eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  if (display_ == EGL_NO_DISPLAY || !eglInitialize(display_, nullptr, nullptr)) return no_context("no surfaceless display");
  if (!eglBindAPI(EGL_OPENGL_API)) return no_context("no desktop OpenGL");
  const EGLint wanted[] = {EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint configs = 0;
  if (!eglChooseConfig(display_, wanted, &config, 1, &configs) || configs == 0) return no_context("no configuration");
  const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 3, EGL_CONTEXT_OPENGL_PROFILE_MASK,
                            EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
  context_ = eglCreateContext(display_, config, EGL_NO_CONTEXT, version);
  if (context_ == EGL_NO_CONTEXT) return no_context("no 3.3 core context");
  if (!eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_)) return no_context("a context that needs a surface");
  return {};
}

Status Headless::make_target() {
  GLint most = 0;
  glGetIntegerv(GL_MAX_TEXTURE_SIZE, &most);
  if (width_ < 1 || height_ < 1 || width_ > most || height_ > most) {
    Error error;
    error.code = Code::out_of_range;
    error.message = "this picture size cannot be drawn";
    error.expected = "1 to " + std::to_string(most) + " pixels a side";
    error.found = std::to_string(width_) + "x" + std::to_string(height_);
    return error;
  }
  glGenRenderbuffers(1, &color_);
  glBindRenderbuffer(GL_RENDERBUFFER, color_);
  glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width_, height_);
  glGenFramebuffers(1, &framebuffer_);
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, color_);
  if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) return no_context("no framebuffer of that size");
  return {};
}

Headless::~Headless() {
  if (framebuffer_) glDeleteFramebuffers(1, &framebuffer_);
  if (color_) glDeleteRenderbuffers(1, &color_);
  if (!display_) return;
  eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
  if (context_) eglDestroyContext(display_, context_);
  eglTerminate(display_);
}

void Headless::bind() { glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_); }

Image Headless::read() const {
  Image image{width_, height_, std::vector<std::uint8_t>(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * 4)};
  std::vector<std::uint8_t> rows(image.pixels.size());
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(0, 0, width_, height_, GL_RGBA, GL_UNSIGNED_BYTE, rows.data());
  const std::size_t stride = static_cast<std::size_t>(width_) * 4;
  for (int y = 0; y < height_; ++y) {  // OpenGL's first row is the lowest
    const auto from = rows.begin() + static_cast<std::ptrdiff_t>(stride) * (height_ - 1 - y);
    std::copy(from, from + static_cast<std::ptrdiff_t>(stride), image.pixels.begin() + static_cast<std::ptrdiff_t>(stride) * y);
  }
  for (std::size_t i = 3; i < image.pixels.size(); i += 4) image.pixels[i] = 255;
  return image;
}

}  // namespace lab
