#pragma once
// A window of one pane without a device, and the commands that it sends.
#include <doctest/doctest.h>
#include <imgui.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/figures/hand_made.h"
#include "views/panels/pane.h"
#include "views/panels/state_editor.h"

namespace lab::test {

/// Counts pictures instead of making them.
class CountedTextures final : public ImGuiPainter::Textures {
 public:
  explicit CountedTextures(int& made) : made_(made) {}
  std::uintptr_t make(const Pixels&) override { return static_cast<std::uintptr_t>(++made_); }
  void remove(std::uintptr_t) override {}

 private:
  int& made_;
};

/// A window of one pane, with the editor of the state over it as in the whole window.
class Window {
 public:
  explicit Window(const HandMade& made, Box box = {0, 0, 1000, 400}) : box_(box), made_(made) {
    ImGui::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DeltaTime = 1.0f / 60;
    io.DisplaySize = {box.w, box.h};
    ImFont* font = io.Fonts->AddFontDefault();
    io.Fonts->Build();
    fonts_.fill({font, font->FontSize});
    painter_ = std::make_unique<ImGuiPainter>(std::make_unique<CountedTextures>(textures));
    const ScreenFont screen[4] = {
        {font, font->FontSize}, {font, font->FontSize}, {font, font->FontSize}, {font, font->FontSize}};
    painter_->set_fonts(screen, 1);
    ui.record_items = true;
  }
  ~Window() {
    painter_.reset();
    ImGui::DestroyContext();
  }
  Window(const Window&) = delete;

  void frame(const char* pane) {
    ImGui::NewFrame();
    ui.begin(kDarkTheme, fonts_, 1);
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
    ImGui::Begin("window", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoMove);
    ui.pane = pane;
    ImGui::PushID(pane);
    PaneContext context{made_.snapshot,
                        made_.derived,
                        memory,
                        *painter_,
                        [this](Command command) { sent.push_back(std::move(command)); },
                        [this](const std::string& kind) { exported = kind; }};
    draw_pane(*find_pane(pane), ui, box_, context);
    ImGui::PopID();
    ui.pane = "state-editor";
    draw_state_editor(ui, context);
    ImGui::End();
    ImGui::Render();
    painter_->end_frame();
  }
  void frames(const char* pane, int count = 3) {
    for (int i = 0; i < count; ++i) frame(pane);
  }
  /// Moves to a place, presses and releases, a frame each.
  void click_at(const char* pane, float x, float y, int button = 0) {
    ImGuiIO& io = ImGui::GetIO();
    io.MousePos = {x, y};
    frames(pane, 2);
    io.MouseDown[button] = true;
    frame(pane);
    io.MouseDown[button] = false;
    frames(pane, 2);
  }
  void click(const char* pane, const std::string& item) {
    frame(pane);
    const auto found = ui.items.find(std::string(pane) + "/" + item);
    REQUIRE_MESSAGE(found != ui.items.end(), pane << " has no " << item);
    click_at(pane, found->second.middle_x(), found->second.middle_y());
  }
  /// Whether the last frame drew something of a colour within a box.
  bool has_ink(Box box, std::uint32_t color) const {
    const ImDrawData* drawn = ImGui::GetDrawData();
    for (int i = 0; i < drawn->CmdListsCount; ++i)
      for (const ImDrawVert& vertex : drawn->CmdLists[i]->VtxBuffer)
        if (vertex.col == color && vertex.pos.x >= box.x && vertex.pos.x <= box.right() && vertex.pos.y >= box.y && vertex.pos.y <= box.bottom()) return true;
    return false;
  }
  bool has_item(const std::string& name) const { return ui.items.count(name) > 0; }

  Ui ui;
  PaneMemory memory;
  std::vector<Command> sent;
  std::string exported;
  int textures = 0;

 private:
  Box box_;
  const HandMade& made_;
  Fonts fonts_;
  std::unique_ptr<ImGuiPainter> painter_;
};

template <class T>
const T& only(const std::vector<Command>& sent) {
  REQUIRE(sent.size() == 1);
  REQUIRE_MESSAGE(std::holds_alternative<T>(sent[0]), json_of(sent[0]));
  return std::get<T>(sent[0]);
}

}  // namespace lab::test
