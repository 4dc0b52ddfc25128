#include "app/shell/screen.h"

#include <backends/imgui_impl_opengl3.h>

#include "app/shell/gl.h"
#include "model/base/check.h"
#include "views/panels/kit/ui_compat.h"

namespace lab {

Screen::Screen() {
  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  io.ConfigInputTextCursorBlink = false;  // nothing moves by itself
  io.BackendPlatformName = "statelab";
  start();
}

Screen::~Screen() {
  ImGui_ImplOpenGL3_Shutdown();
  ImGui::DestroyContext();
}

void Screen::start() {
  LAB_CHECK(ImGui_ImplOpenGL3_Init("#version 330 core"), ==, true);
  has_begun_ = false;
}

void Screen::rebuild() {
  ImGui_ImplOpenGL3_Shutdown();
  start();
}

void Screen::upload_fonts() {
#if IMGUI_VERSION_NUM < 19200
  // Not by DestroyDeviceObjects: 1.86 forgets there that its new buffers are empty.
  if (!has_begun_) return;  // the first frame uploads
  ImGui_ImplOpenGL3_DestroyFontsTexture();
  ImGui_ImplOpenGL3_CreateFontsTexture();
#endif
}

void Screen::begin() {
  ImGui_ImplOpenGL3_NewFrame();
  has_begun_ = true;
}

void Screen::draw(int width, int height, Color clear) {
  const auto channel = [&](int shift) { return static_cast<float>(clear >> shift & 255) / 255.0f; };
  glViewport(0, 0, width, height);
  glClearColor(channel(0), channel(8), channel(16), 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

}  // namespace lab
