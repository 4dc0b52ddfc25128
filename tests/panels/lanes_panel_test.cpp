// The view of lanes: which there are, what each has read, where it was reset, and what can be done to them.
#include <doctest/doctest.h>
#include <imgui.h>

#include "tests/panels/window.h"
#include "views/panels/lane_page.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

namespace {

constexpr Box kWide{0, 0, 980, 420}, kTime{0, 0, 1600, 420};

/// A run without tokens, and three lanes of five: one that is through, one in which three wait, one that was reset before its third
/// token and softened before its fifth.
void make_lanes(HandMade& made) {
  const auto none = std::make_shared<const std::vector<EditEvent>>();
  auto resets = std::make_shared<std::vector<EditEvent>>();
  resets->push_back({.position = 2, .label = "reset lane 3", .brief = "reset", .is_reset = true, .kept = 0});
  resets->push_back({.position = 4, .label = "let lane 3 keep 0.5", .brief = "keep 0.5", .kept = 0.5});
  Snapshot& snapshot = made.snapshot;
  snapshot.runs = {{.id = 0, .name = "main", .run = 1, .trace = made.trace, .edits = none},
                   {.id = 1, .name = "lane 1", .run = 2, .tokens = snapshot.tokens, .trace = made.trace, .edits = none},
                   {.id = 2, .name = "lane 2", .run = 3, .tokens = snapshot.tokens, .waiting = 3, .trace = made.trace, .edits = none},
                   {.id = 3, .name = "lane 3", .run = 4, .tokens = snapshot.tokens, .trace = made.trace, .edits = resets}};
  snapshot.active_run = 3;
  made.derive();
}

}  // namespace

TEST_CASE("lanes: a card and a strip for each, a mark where it was reset; a click goes to the lane, and to its token") {
  HandMade made;
  make_lanes(made);
  Window window(made, kWide);
  window.frames("lanes");
  CHECK_FALSE(window.has_item("lanes/lane 0"));  // it has nothing to show
  for (const char* item : {"lane 1", "lane 2", "lane 3", "strip 1", "strip 3", "event 3 0", "event 3 1"}) CHECK_MESSAGE(window.has_item(std::string("lanes/") + item), item);
  CHECK_FALSE(window.has_item("lanes/event 1 0"));
  const Box strip = window.ui.items["lanes/strip 1"], waits = window.ui.items["lanes/strip 2"];
  CHECK(strip.w == doctest::Approx(waits.w));
  const Box reset = window.ui.items["lanes/event 3 0"];
  CHECK(reset.middle_x() == doctest::Approx(strip.x + strip.w * 2 / 5));  // before token 2 of five
  window.click("lanes", "lane 1");
  CHECK(only<command::SwitchRun>(window.sent).run == 1);
  window.sent.clear();
  window.click_at("lanes", strip.x + strip.w * 0.7f, strip.bottom() - 3);
  REQUIRE(window.sent.size() == 3);
  CHECK(json_of(window.sent[0]) == json_of(command::SwitchRun{1}));
  CHECK(json_of(window.sent[1]) == json_of(command::Seek{3, "a"}));
  CHECK(json_of(window.sent[2]) == json_of(command::Select{1, -1, -1}));
}

TEST_CASE("lanes: only those that are through are reset together, and each by its own menu") {
  HandMade made;
  make_lanes(made);
  CHECK(finished_lanes(made.snapshot) == std::vector<std::int64_t>{1, 3});
  Window window(made, kWide);
  window.click("lanes", "reset");
  CHECK(json_of(only<command::ResetLanes>(window.sent)) == json_of(command::ResetLanes{{1, 3}, 0}));
  window.sent.clear();
  window.memory.lane_keeps = 0.25;
  window.click("lanes", "reset");
  CHECK(only<command::ResetLanes>(window.sent).kept == 0.25);
  window.sent.clear();
  const auto from_menu = [&](const char* item) {
    const Box card = window.ui.items["lanes/lane 2"];
    window.click_at("lanes", card.x + 20, card.y + 10, 1);
    window.click("lanes", item);
  };
  from_menu("Reset: it forgets everything");
  CHECK(json_of(only<command::ResetLanes>(window.sent)) == json_of(command::ResetLanes{{2}, 0}));
  window.sent.clear();
  from_menu("Soft reset: it keeps half");
  CHECK(json_of(only<command::ResetLanes>(window.sent)) == json_of(command::ResetLanes{{2}, 0.5}));
  auto edits = std::make_shared<std::vector<EditEvent>>();
  edits->push_back({.position = 5, .label = "reset lane 1", .is_reset = true});
  made.snapshot.runs[1].edits = edits;
  CHECK(finished_lanes(made.snapshot) == std::vector<std::int64_t>{3});  // reset already, and has read nothing since
}

TEST_CASE("lanes: they step and read while tokens wait in one of them") {
  HandMade made;
  make_lanes(made);
  Window window(made, kWide);
  window.click("lanes", "step");
  CHECK(only<command::StepLanes>(window.sent).count == 1);
  window.sent.clear();
  window.click("lanes", "read");
  CHECK(only<command::StepLanes>(window.sent).count == 0);
  window.sent.clear();
  made.snapshot.runs[2].waiting = 0;
  CHECK_FALSE(any_lane_waits(made.snapshot));
  window.click("lanes", "step");
  made.snapshot.state = EngineState::loading;
  window.click("lanes", "reset");
  CHECK(window.sent.empty());
}

TEST_CASE("lanes: the page asks for a text each, as many as there are, and opens them") {
  HandMade made;
  make_lanes(made);
  Window window(made, kTime);
  window.frames("transport");
  CHECK_FALSE(window.has_item("transport/lane text 0"));
  window.memory.lanes.is_open = true;
  window.frames("transport");
  REQUIRE(window.has_item("transport/lane text 1"));
  CHECK_FALSE(window.has_item("transport/lane text 2"));
  window.click("transport", "open lanes");
  CHECK(window.sent.empty());  // no text, no lane
  window.memory.lanes.texts = {"the first", "", "the third"};
  window.frames("transport");
  CHECK(window.has_item("transport/lane text 3"));  // there is always a free one
  window.click("transport", "open lanes");
  CHECK(only<command::OpenLanes>(window.sent).texts == std::vector<std::string>{"the first", "the third"});
  CHECK_FALSE(window.memory.lanes.is_open);
}

TEST_CASE("lanes: with one run there is a way to open some, small panes show cards alone, and pictures are made once") {
  HandMade made;
  {
    Window window(made, kWide);
    made.snapshot.runs = {{.id = 0, .name = "main", .run = 1, .tokens = made.snapshot.tokens, .trace = made.trace, .edits = made.snapshot.edits}};
    window.frames("lanes");
    CHECK_FALSE(window.has_item("lanes/lane 0"));
    window.click("lanes", "open");
    CHECK(window.memory.lanes.is_open);
  }
  make_lanes(made);
  {
    Window window(made, kWide);
    window.frames("lanes", 5);
    CHECK(window.textures == 3);
  }
  Window small(made, {0, 0, 250, 180});
  small.frames("lanes");
  CHECK(small.has_item("lanes/lane 1"));
  CHECK_FALSE(small.has_item("lanes/strip 1"));
}

TEST_CASE("lanes: where each stands is copied as a table") {
  HandMade made;
  make_lanes(made);
  Window window(made, kWide);
  static std::string clipboard;
  ImGui::GetIO().SetClipboardTextFn = [](void*, const char* text) { clipboard = text; };
  window.memory.wish_pane = "lanes", window.memory.wish = PaneWish::copy;
  window.frames("lanes", 1);
  CHECK(clipboard.find("lane\ttokens\twaiting\tnorm of layer 1\treset before tokens\nlane 1\t5\t0\t") == 0);
  CHECK(clipboard.find("lane 3\t5\t0\t11\t2\n") != std::string::npos);
}
