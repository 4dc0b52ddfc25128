// The panes that share a time axis: the heatmap and the curves.
#include <doctest/doctest.h>
#include <imgui.h>

#include <algorithm>
#include <optional>

#include "tests/panels/window.h"
#include "views/panels/kept.h"
#include "views/panels/kit/widgets.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

TEST_CASE("state-over-time: a click moves cursor A and selects the channel under it") {
  const HandMade made;
  Window window(made);
  window.frames("state-over-time");
  const Box map = window.ui.items["state-over-time/cells"];
  window.click_at("state-over-time", map.x + map.w * 0.5f, map.y + map.h * 0.9f);  // token 2, the fastest row
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::Seek>(window.sent[0]).token == 2);
  CHECK(std::get<command::Select>(window.sent[1]).channel == 1);
}

TEST_CASE("state-over-time: the wheel zooms in at the pointer, a double click shows everything") {
  const HandMade made(100);
  Window window(made);
  window.frames("state-over-time");
  const Box map = window.ui.items["state-over-time/cells"];
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {map.x + map.w * 0.75f, map.middle_y()};
  window.frames("state-over-time", 2);
  io.MouseWheel = 1;
  window.frame("state-over-time");
  const auto& range = only<command::ShowRange>(window.sent);
  CHECK(range.last - range.first == 80);
  CHECK(range.first == 15);  // three quarters of what was lost lie on the left
  window.sent.clear();
  io.MouseWheel = -1;
  window.frame("state-over-time");
  CHECK(only<command::ShowRange>(window.sent).last == 0);
}

TEST_CASE("state-over-time: a drag in a part of the tokens pans and is no click") {
  HandMade made(100);
  made.snapshot.selection.first = 40, made.snapshot.selection.last = 60;
  Window window(made);
  window.frames("state-over-time");
  const Box map = window.ui.items["state-over-time/cells"];
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {map.middle_x(), map.middle_y()};
  window.frames("state-over-time", 2);
  io.MouseDown[0] = true;
  window.frame("state-over-time");
  io.MousePos.x -= map.w / 4;
  window.frame("state-over-time");
  io.MouseDown[0] = false;
  window.frames("state-over-time", 2);
  const auto& range = only<command::ShowRange>(window.sent);
  CHECK(range.first == 45);
  CHECK(range.last == 65);
}

TEST_CASE("state-over-time: moving a cursor colours nothing again; another channel order does") {
  HandMade made(30);
  Window window(made);
  window.frames("state-over-time");
  const int before = window.textures;
  CHECK(before > 0);
  made.snapshot.number = 2, made.snapshot.selection.cursor_a = 7, made.snapshot.selection.channel = 1;
  made.slab = std::make_shared<StateSlab>(*made.slab);  // made again with the same columns, as the analyst does
  made.slab->version = 99;
  made.derive();
  window.frames("state-over-time");
  CHECK(window.textures == before);
  window.memory.options["state-heatmap"].order = RowOrder::index;
  window.frames("state-over-time");
  CHECK(window.textures > before);
}

TEST_CASE("state-over-time: locking keeps the colour range of that moment") {
  HandMade made;
  Window window(made);
  window.click("state-over-time", "lock");
  const FigureOptions& options = window.memory.options["state-heatmap"];
  CHECK(options.locked);
  CHECK(options.high > 0.4);
  CHECK(options.low == -options.high);
}

TEST_CASE("state-over-time: the lists of the header and the menu of the cells do what they say") {
  const HandMade made;
  Window window(made);
  window.click("state-over-time", "map");
  window.click("state-over-time", "viridis");
  CHECK(window.memory.options["state-heatmap"].map == ColorMap::viridis);
  window.click("state-over-time", "scaling");
  window.click("state-over-time", "linear");
  CHECK(window.memory.options["state-heatmap"].scaling == Scaling::linear);
  const Box cells = window.ui.items["state-over-time/cells"];
  window.click_at("state-over-time", cells.x + cells.w * 0.3f, cells.middle_y(), 1);
  window.click("state-over-time", "Set cursor B here");
  CHECK(only<command::Seek>(window.sent).cursor == "b");
  CHECK(std::get<command::Seek>(window.sent[0]).token == 1);
  window.click_at("state-over-time", cells.middle_x(), cells.middle_y(), 1);
  window.click("state-over-time", "Lock range");
  CHECK(window.memory.options["state-heatmap"].locked);
}

TEST_CASE("state-over-time: a narrow pane keeps what it has no room for in a menu") {
  const HandMade made;
  Window window(made, {0, 0, 600, 300});
  window.frames("state-over-time");
  CHECK(!window.has_item("state-over-time/map"));
  window.click("state-over-time", "more");
  window.click("state-over-time", "Colours: magma");
  CHECK(window.memory.options["state-heatmap"].map == ColorMap::magma);
  window.click("state-over-time", "more");
  window.click("state-over-time", "Scale: log");
  CHECK(window.memory.options["state-heatmap"].scaling == Scaling::log);
}

TEST_CASE("state-over-time and curves: the data begin and end at the same pixels") {
  const HandMade made(30);
  for (const float width : {700.0f, 1032.0f}) {
    Window window(made, {0, 0, width, 300});
    window.frames("state-over-time");
    const Box map = window.ui.items["state-over-time/cells"];
    window.frames("curves");
    const Box plot = window.ui.items["curves/plot"];
    CHECK(map.x == plot.x);
    CHECK(map.right() == plot.right());
  }
}

TEST_CASE("curves: an unchanged pane is not laid out again") {
  const HandMade made(30);
  Window window(made);
  window.frames("curves");
  const auto* before = window.memory.kept->figures["curves"].page.list.ops.data();
  window.frames("curves");
  CHECK(window.memory.kept->figures["curves"].page.list.ops.data() == before);
}

TEST_CASE("curves: the segments choose gates and all layers") {
  const HandMade made;
  Window window(made);
  window.click("curves", "Gates");
  CHECK(window.memory.show_gates);
  window.click("curves", "All layers");
  CHECK(!window.memory.show_gates);
  CHECK(window.memory.options["norms"].all_layers);
}
