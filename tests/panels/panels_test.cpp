// Panes drawn for a few frames by ImGui without a device: what they register, send and keep.
#include <doctest/doctest.h>
#include <imgui.h>

#include <algorithm>
#include <optional>

#include "tests/panels/window.h"
#include "views/panels/kept.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/widgets.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

TEST_CASE(
    "panes: every pane draws large, small and tiny, with a full and an empty snapshot, and sends nothing by itself") {
  const HandMade full;
  HandMade untouched(0);
  untouched.derived = {};
  HandMade closed(0);
  closed.snapshot = {};
  closed.derived = {};
  for (const HandMade* made : {&full, static_cast<const HandMade*>(&untouched), static_cast<const HandMade*>(&closed)})
    for (const Box box : {Box{0, 0, 1600, 800}, Box{0, 0, 252, 180}, Box{0, 0, 40, 30}})
      for (const PaneKind& kind : pane_kinds()) {
        CAPTURE(kind.name);
        CAPTURE(box.w);
        Window window(*made, box);
        window.frames(kind.name);
        CHECK(window.sent.empty());
        CHECK(ImGui::GetDrawData()->TotalVtxCount > 0);
      }
}

TEST_CASE("tokens: a click seeks cursor A, Alt-click cursor B") {
  const HandMade made;
  Window window(made);
  window.click("tokens", "token 3");
  CHECK(only<command::Seek>(window.sent).token == 3);
  CHECK(only<command::Seek>(window.sent).cursor == "a");
  window.sent.clear();
  ImGui::GetIO().KeyAlt = true;
  window.click("tokens", "token 0");
  CHECK(only<command::Seek>(window.sent).cursor == "b");
}

TEST_CASE("tokens: a waiting token is shown after the read ones and cannot be sought") {
  HandMade made;
  made.snapshot.waiting = {2, 1};
  Window window(made);
  window.click("tokens", "token 6");
  CHECK(window.sent.empty());
  CHECK(window.ui.items["tokens/token 5"].x > window.ui.items["tokens/token 4"].right());
}

TEST_CASE(
    "tokens: of thousands only those in view react, the cursor's row among them, and growing keeps what was placed") {
  HandMade made(9000);
  made.snapshot.selection.cursor_a = 4500;
  Window window(made, {0, 0, 800, 72});
  window.frames("tokens");
  CHECK(window.has_item("tokens/token 4500"));
  CHECK(window.ui.items.size() < 200);
  CHECK(!window.has_item("tokens/token 0"));
  const float* before = window.memory.kept->tokens.x.data();
  window.frames("tokens");
  CHECK(window.memory.kept->tokens.x.data() == before);
  made.snapshot.selection.cursor_a = 0;
  window.frames("tokens", 1);
  CHECK(window.has_item("tokens/token 0"));
}

TEST_CASE("tokens: after going back in the run the strip is that of the shorter one") {
  HandMade made(9);
  made.snapshot.waiting = {0, 1, 2};
  Window window(made);
  window.frames("tokens");
  CHECK(window.memory.kept->tokens.laid_out == 12);
  const HandMade shorter(4);
  made.snapshot.tokens = shorter.snapshot.tokens, made.snapshot.trace = shorter.trace, made.snapshot.waiting.clear();
  made.snapshot.selection.cursor_a = 3;
  window.frames("tokens");
  CHECK(window.memory.kept->tokens.laid_out == 4);
  CHECK(!window.has_item("tokens/token 4"));
}

TEST_CASE("layers: a click selects the layer and keeps the cell") {
  const HandMade made;
  Window window(made);
  window.click("layers", "layer 0");
  const auto& select = only<command::Select>(window.sent);
  CHECK(select.layer == 0);
  CHECK(select.channel == -1);
  CHECK(select.state == -1);
}

TEST_CASE("state-at: a click selects channel and state") {
  const HandMade made;
  Window window(made);
  window.frames("state-at");
  const Box map = window.ui.items["state-at/map"];
  window.click_at("state-at", map.x + map.w * 0.25f, map.y + map.h * 0.1f);
  const auto& select = only<command::Select>(window.sent);
  CHECK(select.state == 0);
  CHECK(select.channel == 2);
}

TEST_CASE("pca: a drag turns the picture in three dimensions only") {
  const HandMade made;
  Window window(made);
  const double yaw = FigureOptions().yaw;
  const auto drag = [&] {
    window.frames("pca");
    const Box path = window.ui.items["pca/path"];
    ImGuiIO& io = ImGui::GetIO();
    io.MousePos = {path.middle_x(), path.middle_y()};
    window.frames("pca", 2);
    io.MouseDown[0] = true;
    window.frame("pca");
    io.MousePos.x += 30;
    window.frame("pca");
    io.MouseDown[0] = false;
    window.frames("pca", 2);
  };
  drag();
  CHECK(window.memory.options["pca2d"].yaw == yaw);
  window.click("pca", "3D");
  drag();
  CHECK(window.memory.options["pca3d"].yaw == doctest::Approx(yaw + 0.3));
}

TEST_CASE("pca: the wheel zooms at the pointer, a drag moves what is zoomed, a double click shows all") {
  const HandMade made;
  Window window(made);
  window.frames("pca");
  const Box path = window.ui.items["pca/path"];
  const FigureOptions& options = window.memory.options["pca2d"];
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {path.middle_x(), path.middle_y()};
  window.frames("pca", 2);
  io.MouseWheel = 2;
  window.frame("pca");
  io.MouseWheel = 0;
  window.frame("pca");
  CHECK(options.zoom == doctest::Approx(1.25 * 1.25));
  const double center = options.center_x;
  io.MouseDown[0] = true;
  window.frame("pca");
  io.MousePos.x += 30;
  window.frame("pca");
  io.MouseDown[0] = false;
  window.frames("pca", 2);
  CHECK(options.center_x < center);
  CHECK(window.sent.empty());  // no click
  window.memory.wish_pane = "pca", window.memory.wish = PaneWish::fit;
  window.frames("pca", 2);
  CHECK(options.zoom == 1);
}

TEST_CASE("pca: a box drawn with the right button is shown, and nothing of it lies outside") {
  const HandMade made;
  Window window(made);
  window.frames("pca");
  const Box path = window.ui.items["pca/path"];
  const FigureOptions& options = window.memory.options["pca2d"];
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {path.x + path.w * 0.4f, path.y + path.h * 0.4f};
  window.frames("pca", 2);
  io.MouseDown[1] = true;
  window.frame("pca");
  io.MousePos = {path.x + path.w * 0.6f, path.y + path.h * 0.6f};
  window.frames("pca", 2);
  io.MouseDown[1] = false;
  window.frames("pca", 2);
  CHECK(options.zoom > 2);
  CHECK(options.zoom < 6);
  CHECK(!window.has_item("pca/Show all"));  // it was no click: no menu
}

TEST_CASE("pca: a click on the path moves cursor A to the nearest token, Alt-click cursor B, one beside it nothing") {
  const HandMade made;
  Window window(made);
  window.frames("pca");
  const Box path = window.ui.items["pca/path"];
  const KeptFigure& figure = window.memory.kept->figures["pca2d"];
  const Trajectory& points = *made.derived.trajectory;
  const std::size_t last = points.points.size() - 1;
  const auto place = [&](std::size_t i) {
    const PlotArea& area = figure.page.areas[0];
    return ImVec2{path.x + static_cast<float>(area.place_of_x(points.points[i][0])), path.y + static_cast<float>(area.place_of_y(points.points[i][1]))};
  };
  window.click_at("pca", place(last).x, place(last).y);
  CHECK(only<command::Seek>(window.sent).token == points.first + static_cast<std::int64_t>(last) * points.stride);
  window.sent.clear();
  ImGui::GetIO().KeyAlt = true;
  window.click_at("pca", place(0).x, place(0).y);
  CHECK(only<command::Seek>(window.sent).cursor == "b");
  ImGui::GetIO().KeyAlt = false;
  window.sent.clear();
  window.click_at("pca", path.x + 2, path.y + 2);
  CHECK(window.sent.empty());
}

TEST_CASE("panes: the export button asks for the kind that is shown") {
  const HandMade made;
  Window window(made);
  window.memory.pca_3d = true;
  window.click("pca", "export");
  CHECK(window.exported == "pca3d");
  window.click("next", "export");
  CHECK(window.exported == "next-token");
}

TEST_CASE("lens: rows are layers, the last among them however few fit, and a click selects one") {
  HandMade made;
  Window window(made);
  window.frames("lens");
  CHECK(window.has_item("lens/layer 0"));
  window.click("lens", "layer 1");
  CHECK(only<command::Select>(window.sent).layer == 1);
  window.click("lens", "export");
  CHECK(window.exported == "logit-lens");
  window.ui.items.clear();
  made.lens->rows.assign(64, made.lens->rows[1]);
  for (std::size_t i = 0; i < 64; ++i) made.lens->rows[i].layer = static_cast<std::int64_t>(i);
  window.frames("lens");
  CHECK(window.has_item("lens/layer 63"));
  CHECK_FALSE(window.has_item("lens/layer 0"));
}

TEST_CASE("next: the token that came takes the last row when it is not among the best") {
  HandMade made;
  Window window(made, {0, 0, 256, 170});
  window.frames("next");
  CHECK(window.has_item("next/rank 3"));
  made.next->came = 2, made.next->came_rank = 40;
  window.frames("next");
  CHECK(!window.has_item("next/rank 3"));
  CHECK(window.has_item("next/rank 41"));
}

TEST_CASE("next: a double click reads the token, unless the lab runs") {
  HandMade made;
  Window window(made, {0, 0, 256, 170});
  window.click("next", "rank 2");
  CHECK(window.sent.empty());
  window.click("next", "rank 2");
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::FeedTokens>(window.sent[0]).ids == std::vector<std::int32_t>{0});
  CHECK(std::holds_alternative<command::ReadWaiting>(window.sent[1]));
  window.sent.clear();
  made.snapshot.state = EngineState::running;
  window.frames("next", 60);
  window.click("next", "rank 2");
  window.click("next", "rank 2");
  CHECK(window.sent.empty());
}

TEST_CASE("selection: the edits send what they say, for a layer or for all") {
  HandMade made;
  Window window(made, {0, 0, 312, 760});
  window.memory.edit_value = 0.25;
  window.click("selection", "Apply");
  CHECK(only<command::ScaleState>(window.sent).factor == 0.25);
  CHECK(std::get<command::ScaleState>(window.sent[0]).layer == 1);
  window.sent.clear();
  window.click("selection", "All");
  window.memory.kept->edit = 1;
  window.click("selection", "Apply");
  CHECK(only<command::ZeroState>(window.sent).layer == -1);
  window.sent.clear();
  window.memory.kept->edit = 6;
  made.snapshot.selection.cursor_a = 2;
  window.click("selection", "Apply");
  CHECK(only<command::RestoreState>(window.sent).position == 3);
  window.sent.clear();
  window.click("selection", "Undo");
  CHECK(window.sent.empty());  // nothing to take back
  made.snapshot.undo = {{"zero state", 3}};
  window.click("selection", "Undo");
  only<command::Undo>(window.sent);
}

TEST_CASE("selection: a running lab is not edited") {
  HandMade made;
  made.snapshot.state = EngineState::running;
  Window window(made, {0, 0, 312, 760});
  window.click("selection", "Apply");
  CHECK(window.sent.empty());
}

TEST_CASE("tensors: a click chooses a tensor, a search leaves what has all its words") {
  const HandMade made;
  Window window(made);
  window.click("tensors", "a.weight");
  CHECK(only<command::ShowWeights>(window.sent).tensor == "a.weight");
  window.memory.tensor_search = "Q4 3,4 BLK";
  window.ui.items.clear();
  window.frames("tensors");
  CHECK(window.has_item("tensors/w.weight"));
  CHECK_FALSE(window.has_item("tensors/a.weight"));
}

TEST_CASE("state-at: of a layer of attention the switch shows what it attends to, and a click there moves a cursor") {
  HandMade made;
  Window window(made, {0, 0, 600, 260});
  window.click("state-at", "attention");
  CHECK(window.memory.show_attention);
  window.frames("state-at");
  CHECK(window.has_item("state-at/attention"));
  window.ui.items.clear();
  window.frames("state-at");
  CHECK_FALSE(window.has_item("state-at/map"));
  window.click("state-at", "export");
  CHECK(window.exported == "attention");
  const Box cells = window.ui.items["state-at/cells"];
  window.click_at("state-at", cells.x + cells.w * 0.3f, cells.middle_y());  // of five tokens the second
  CHECK(only<command::Seek>(window.sent).token == 1);
  CHECK(std::get<command::Seek>(window.sent[0]).cursor == "a");
  window.click("state-at", "cache");
  CHECK_FALSE(window.memory.show_attention);
  window.click("state-at", "export");
  CHECK(window.exported == "state-at");
}

TEST_CASE("state-at: other layers have no switch and show their state whatever was chosen") {
  HandMade made;
  made.model->layers[1].points.clear();
  Window window(made, {0, 0, 600, 260});
  window.memory.show_attention = true;
  window.frames("state-at");
  CHECK(window.has_item("state-at/map"));
  CHECK_FALSE(window.has_item("state-at/attention"));
}

TEST_CASE("weights: the error takes the place of the weights, and is what is exported then") {
  const HandMade made;
  Window window(made);
  window.click("weight-map", "error");
  CHECK(window.memory.show_weight_error);
  window.frames("weight-map");
  CHECK(window.has_item("weight-map/weight-error"));
  window.click("weight-map", "export");
  CHECK(window.exported == "weight-error");
}

TEST_CASE("weights: the model compared with is the selection's, also after it has changed elsewhere") {
  HandMade made;
  Window window(made);
  window.frames("weight-values");
  CHECK(window.memory.weights_against == "exact");
  window.memory.weights_against = "typed";
  window.frames("weight-values");
  CHECK(window.memory.weights_against == "typed");
  made.snapshot.selection.against = "other";
  window.frames("weight-values");
  CHECK(window.memory.weights_against == "other");
}

TEST_CASE("weights: both panes export what they show, and a path compares") {
  const HandMade made;
  Window window(made);
  for (const auto& [pane, kind] : {std::pair("weight-map", "weight-heatmap"), std::pair("weight-values", "weight-histogram")}) {
    window.exported.clear();
    window.click(pane, "export");
    CHECK(window.exported == kind);
    CHECK(window.has_item(std::string(pane) + "/" + kind));
  }
  CHECK(window.has_item("weight-values/against"));
}
