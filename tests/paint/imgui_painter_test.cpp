// Display lists in an ImGui draw list, without a window.
#include <doctest/doctest.h>
#include <imgui.h>

#include <cmath>
#include <set>

#include "views/paint/imgui_painter.h"

using namespace lab;

namespace {

class CountedTextures final : public ImGuiPainter::Textures {
 public:
  explicit CountedTextures(std::set<std::uintptr_t>& alive) : alive_(alive) {}
  std::uintptr_t make(const Pixels&) override {
    alive_.insert(++last_);
    return last_;
  }
  void remove(std::uintptr_t texture) override { alive_.erase(texture); }

 private:
  std::set<std::uintptr_t>& alive_;
  std::uintptr_t last_ = 0;
};

/// ImGui with its own font and no device, in the middle of a frame.
class Stage {
 public:
  explicit Stage(float scale = 1) : painter(std::make_unique<CountedTextures>(textures)) {
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;
    ImGui::GetIO().DisplaySize = ImVec2(400, 300);
    ImFont* font = ImGui::GetIO().Fonts->AddFontDefault();
    unsigned char* pixels = nullptr;
    int width = 0, height = 0;
    ImGui::GetIO().Fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
    ImGui::NewFrame();
    const ScreenFont each{font, 13};
    const ScreenFont fonts[4] = {each, each, each, each};
    painter.set_fonts(fonts, scale);
  }
  ~Stage() {
    ImGui::EndFrame();
    ImGui::DestroyContext();
  }

  /// The box around everything that an operation adds, as x0, y0, x1, y1.
  ImVec4 box_of(const DrawOp& op, float x = 0, float y = 0) {
    ImDrawList* list = ImGui::GetForegroundDrawList();
    const int from = list->VtxBuffer.Size;
    painter.paint(DisplayList{100, 100, {op}}, list, x, y);
    ImVec4 box(1e9f, 1e9f, -1e9f, -1e9f);
    for (int i = from; i < list->VtxBuffer.Size; ++i) {
      const ImVec2 at = list->VtxBuffer[i].pos;
      box = ImVec4(std::fmin(box.x, at.x), std::fmin(box.y, at.y), std::fmax(box.z, at.x), std::fmax(box.w, at.y));
    }
    return box;
  }

  std::set<std::uintptr_t> textures;
  ImGuiPainter painter;
};

}  // namespace

TEST_CASE("imgui painter: rectangles and level lines lie on whole pixels at their scaled places") {
  Stage stage(1.5f);
  const ImVec4 rect = stage.box_of(FillRect{{10, 10, 5, 3}, rgba(0xFFFFFF)}, 100, 50);
  CHECK((rect.x == 115 && rect.y == 65 && rect.z == 123 && rect.w == 70));
  const ImVec4 line = stage.box_of(StrokeLine{{{10.3, 20.2}, {30, 20.2}}, rgba(0xFFFFFF), 0.6});
  CHECK(line.w - line.y == 1);
  CHECK(line.y == std::round(line.y));
}

TEST_CASE("imgui painter: dashes are runs that end where the line ends") {
  Stage stage;
  ImDrawList* list = ImGui::GetForegroundDrawList();
  const int from = list->VtxBuffer.Size;
  const ImVec4 box = stage.box_of(StrokeLine{{{10, 0}, {10, 24}}, rgba(0xFFFFFF), 1, 4, 3});
  CHECK(list->VtxBuffer.Size - from == 4 * 4);  // 0-4, 7-11, 14-18, 21-24
  CHECK(box.y == 0);
  CHECK(box.w == 24);
}

TEST_CASE("imgui painter: text that runs upwards covers the turned box of level text") {
  Stage stage;
  const DrawText level{{100, 100}, "State norm", TextFace::label, 8, rgba(0xFFFFFF)};
  DrawText turned = level;
  turned.upwards = true;
  const ImVec4 a = stage.box_of(level), b = stage.box_of(turned);
  CHECK(b.z - b.x == doctest::Approx(a.w - a.y));
  CHECK(b.w - b.y == doctest::Approx(a.z - a.x));
  CHECK(b.w <= 101);  // it starts at its base point and goes up
  CHECK(b.y < 50);
}

TEST_CASE("imgui painter: text that runs upwards is not cut by the clip of the level text") {
  Stage stage;
  const DrawText turned{{10, 100}, "a long label of an axis", TextFace::label, 8, rgba(0xFFFFFF), TextAlign::left, true};
  const ImVec4 whole = stage.box_of(turned);
  ImGui::GetForegroundDrawList()->PushClipRect(ImVec2(0, 0), ImVec2(20, 400));
  const ImVec4 clipped = stage.box_of(turned);
  ImGui::GetForegroundDrawList()->PopClipRect();
  CHECK(clipped.y == whole.y);
}

TEST_CASE("imgui painter: alignment moves text by its measured width") {
  Stage stage(2);
  DrawText text{{50, 20}, "1234", TextFace::tick, 8, rgba(0xFFFFFF)};
  const float left = stage.box_of(text).x;
  text.align = TextAlign::right;
  const double width = stage.painter.width(TextFace::tick, 8, "1234");
  CHECK(width == doctest::Approx(4 * 7 / 2.0));  // the built-in font has characters of 7 pixels
  CHECK(left - stage.box_of(text).x == doctest::Approx(2 * width));
}

TEST_CASE("imgui painter: a picture has one texture while it is painted, and none after") {
  Stage stage;
  const auto pixels = std::make_shared<Pixels>(Pixels{1, 1, {rgba(0xFF0000)}});
  const auto other = std::make_shared<Pixels>(Pixels{1, 1, {rgba(0x00FF00)}});
  for (int frame = 0; frame < 3; ++frame) {
    stage.box_of(DrawImage{{0, 0, 10, 10}, pixels});
    stage.box_of(DrawImage{{20, 0, 10, 10}, pixels});
    if (frame == 1) stage.box_of(DrawImage{{0, 0, 10, 10}, other});
    stage.painter.end_frame();
    CHECK(stage.textures.size() == (frame == 1 ? 2 : 1));
    CHECK(*stage.textures.begin() == 1);  // never made anew
  }
  stage.painter.end_frame();
  CHECK(stage.textures.empty());
}

TEST_CASE("imgui painter: polygons may turn either way, and clips are balanced") {
  Stage stage;
  ImDrawList* list = ImGui::GetForegroundDrawList();
  const std::vector<PointF> points{{0, 0}, {10, 0}, {10, 10}, {0, 10}};
  const ImVec4 a = stage.box_of(FillPolygon{points, rgba(0xFFFFFF)});
  const ImVec4 b = stage.box_of(FillPolygon{{points.rbegin(), points.rend()}, rgba(0xFFFFFF)});
  CHECK((a.x == b.x && a.y == b.y && a.z == b.z && a.w == b.w));
  const ImVec2 before = list->GetClipRectMax();
  stage.painter.paint(DisplayList{100, 100, {Clip{{0, 0, 10, 10}}, Clip{{}, false}}}, list, 0, 0);
  CHECK(list->GetClipRectMax().x == before.x);
}
