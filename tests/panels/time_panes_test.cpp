// The panes that share a time axis: the heatmap and the curves.
#include <doctest/doctest.h>
#include <imgui.h>

#include <algorithm>
#include <optional>

#include "tests/panels/window.h"
#include "views/panels/kept.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/pane_menu.h"

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

TEST_CASE("state-over-time and curves: a Shift-drag begins a name for the tokens under it, and neither pans nor moves a cursor") {
  const HandMade made(30);
  for (const auto& [pane, item] : {std::pair{"state-over-time", "state-over-time/cells"}, std::pair{"curves", "curves/plot"}}) {
    Window window(made);
    window.frames(pane);
    const Box data = window.ui.items[item];
    ImGuiIO& io = ImGui::GetIO();
    io.KeyShift = true;
    io.MousePos = {data.x + data.w * 4.5f / 30, data.middle_y()};
    window.frames(pane, 2);
    io.MouseDown[0] = true;
    window.frame(pane);
    io.MousePos.x = data.x + data.w * 9.5f / 30;
    window.frames(pane, 2);
    io.MouseDown[0] = false;
    window.frames(pane, 2);
    CHECK(window.sent.empty());
    CHECK(window.memory.draft.is_open);
    CHECK(window.memory.draft.first == 4);
    CHECK(window.memory.draft.last == 10);
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
  CHECK(window.memory.curves == CurveSet::gates);
  window.click("curves", "All layers");
  CHECK(window.memory.curves == CurveSet::norms);
  CHECK(window.memory.options["norms"].all_layers);
  window.click("curves", "Drivers");
  CHECK_FALSE(window.memory.options["norms"].all_layers);
  window.click("curves", "Channel");
  CHECK(window.memory.curves == CurveSet::channel);
}

namespace {

/// Presses a button at a place, moves and releases it.
void drag(Window& window, const char* pane, ImVec2 from, ImVec2 to, int button) {
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = from;
  window.frames(pane, 2);
  io.MouseDown[button] = true;
  window.frame(pane);
  io.MousePos = to;
  window.frames(pane, 2);
  io.MouseDown[button] = false;
  window.frames(pane, 2);
}

}  // namespace

TEST_CASE("state-over-time: a drag with the right button zooms to a box and opens no menu, F shows all again") {
  const HandMade made(100);
  Window window(made);
  window.frames("state-over-time");
  const Box map = window.ui.items["state-over-time/cells"];
  drag(window, "state-over-time", {map.x + map.w * 0.25f, map.y + map.h * 0.1f}, {map.x + map.w * 0.75f, map.y + map.h * 0.9f}, 1);
  CHECK(only<command::ShowRange>(window.sent).first == 25);
  CHECK(std::get<command::ShowRange>(window.sent[0]).last == 75);
  CHECK_FALSE(window.has_item("state-over-time/Copy value"));
  window.sent.clear();
  window.memory.wish = PaneWish::fit, window.memory.wish_pane = "state-over-time";
  window.frames("state-over-time", 2);
  CHECK(only<command::ShowRange>(window.sent).last == 0);
  CHECK(window.memory.wish == PaneWish::none);
}

TEST_CASE("state-over-time: with Ctrl the wheel zooms rows only, with Shift tokens only") {
  HandMade made(100);
  const std::int64_t rows = 64;
  RowLog<float> columns(rows, 4);
  for (int t = 0; t < 100; ++t) std::ranges::fill(columns.append(), static_cast<float>(t));
  *made.slab = {.layer = 1, .state = 1, .shape = {rows, 2}, .start = 1, .step = 2, .rows = rows, .columns = columns.view(), .mean = std::vector<float>(rows), .deviation = std::vector<float>(rows, 1), .version = 3};
  Window window(made);
  window.memory.options["state-heatmap"].order = RowOrder::index;
  window.frames("state-over-time");
  const Box map = window.ui.items["state-over-time/cells"];
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {map.middle_x(), map.y + map.h * 0.75f};
  window.frames("state-over-time", 2);
  io.KeyCtrl = true, io.MouseWheel = 1;
  window.frame("state-over-time");
  CHECK(window.sent.empty());
  const FigureOptions& options = window.memory.options["state-heatmap"];
  CHECK(options.rows == 51);
  CHECK(options.first_row == 3);  // the quarter from the bottom stays where it is: 16 - 0.8 * 16
  io.KeyCtrl = false, io.KeyShift = true, io.MouseWheel = 1;
  window.frame("state-over-time");
  io.KeyShift = false;
  CHECK(only<command::ShowRange>(window.sent).last - std::get<command::ShowRange>(window.sent[0]).first == 80);
  CHECK(options.rows == 51);
}

TEST_CASE("state-over-time: the badge of NaN goes to the first of them") {
  HandMade made;
  Window window(made);
  window.frames("state-over-time");
  CHECK_FALSE(window.has_item("state-over-time/nan"));
  made.put_nan(2, 0);
  window.click("state-over-time", "nan");
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::Seek>(window.sent[0]).token == 2);
  CHECK(std::get<command::Select>(window.sent[1]).channel == 0);
  CHECK(std::get<command::Select>(window.sent[1]).state == 1);
}

TEST_CASE("state-over-time: the page of axes chooses what goes down and steps through the others") {
  const HandMade made;
  Window window(made);
  window.click("state-over-time", "axes");
  window.click("state-over-time", "n");
  CHECK(window.memory.options["state-heatmap"].rows_axis == 1);
  Query query{.slab = true};
  complete(query, window.memory);
  CHECK(query.rows_axis == 1);
  window.click("state-over-time", "channel before");
  CHECK(only<command::Select>(window.sent).channel == 1);
  CHECK(std::get<command::Select>(window.sent[0]).state == 1);
}

TEST_CASE("panes: a right click offers the same everywhere, and keys do what it says") {
  const HandMade made;
  for (const auto& [pane, kind] : {std::pair{"state-over-time", "state-heatmap"}, {"curves", "drivers"}, {"state-at", "attention"}, {"pca", "pca2d"}, {"lens", "logit-lens"}, {"next", "next-token"}, {"layers", "norms"}, {"selection", "channel"}, {"weight-map", "weight-heatmap"}, {"weight-values", "weight-histogram"}, {"alerts", "alerts"}, {"evidence", "alert-evidence"}}) {
    CAPTURE(pane);
    Window window(made, {0, 0, 600, 740});
    window.memory.show_attention = true;
    window.click_at(pane, 300, 370, 1);
    for (const char* item : {"Copy value", "Copy values as TSV", "Lock range", "Show all", "Export…", "Explain"}) CHECK_MESSAGE(window.has_item(std::string(pane) + "/" + item), item);
    window.click(pane, "Export…");
    CHECK(window.exported == kind);
    window.memory.wish_pane = pane, window.memory.wish = PaneWish::explain;
    window.frames(pane, 2);
    CHECK(window.memory.wish == PaneWish::none);
    CHECK(ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel));
  }
}

TEST_CASE("panes: Ctrl+C copies what the mouse points at, or the values of the pane as a table") {
  const HandMade made;
  Window window(made);
  static std::string clipboard;
  ImGui::GetIO().SetClipboardTextFn = [](void*, const char* text) { clipboard = text; };
  window.frames("state-over-time");
  const Box map = window.ui.items["state-over-time/cells"];
  ImGui::GetIO().MousePos = {map.x + map.w * 0.5f, map.y + 2};
  window.frames("state-over-time", 2);
  const auto copy = [&](const char* pane) {
    window.memory.wish_pane = pane, window.memory.wish = PaneWish::copy;
    window.frames(pane, 1);
    return clipboard;
  };
  CHECK(copy("state-over-time").rfind("h[2, 1]\t", 0) == 0);
  ImGui::GetIO().MousePos = {-1, -1};
  window.frames("state-over-time", 2);
  CHECK(copy("state-over-time").rfind("layer\ttoken\tchannel\tn\tvalue\n1\t0\t0\t1\t", 0) == 0);
}

TEST_CASE("panes: cells of a table hold commas and quotes when they are copied with tabs") {
  CHECK(tab_separated("a,\"b,\"\"c\"\"\",d\n1,2,3\n") == "a\tb,\"c\"\td\n1\t2\t3\n");
}
