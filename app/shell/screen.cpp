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
  LAB_CHECK(ImGui_ImplOpenGL3_Init("#version 330 core"), ==, true);
}

Screen::~Screen() {
  ImGui_ImplOpenGL3_Shutdown();
  ImGui::DestroyContext();
}

void Screen::upload_fonts() {
#if IMGUI_VERSION_NUM < 19200
  ImGui_ImplOpenGL3_DestroyDeviceObjects();  // the next frame makes them again, with the new atlas
#endif
}

void Screen::begin() { ImGui_ImplOpenGL3_NewFrame(); }

void Screen::draw(int width, int height, Color clear) {
  const auto channel = [&](int shift) { return static_cast<float>(clear >> shift & 255) / 255.0f; };
  glViewport(0, 0, width, height);
  glClearColor(channel(0), channel(8), channel(16), 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

}  // namespace lab
