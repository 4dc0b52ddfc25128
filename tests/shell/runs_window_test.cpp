// Forks, notes and breakpoints in the whole window, with keys and the mouse.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/shell/headless_window.h"

using namespace lab;

namespace {

constexpr Modifiers kShift{.shift = true}, kControl{.control = true};

HeadlessWindow& with_text(HeadlessWindow& window) {
  window.open("prose");
  window.play({command::FeedText{"The keeper of the light house wrote."}, command::ReadWaiting{}});
  return window;
}

void show(HeadlessWindow& window, const char* place, const char* view) {
  window.click(std::string(place) + "/title");
  window.click(std::string(place) + "/" + view);
}

}  // namespace

TEST_CASE("window: P forks at cursor A, G and the list of runs go from one to the other") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  const std::int64_t count = window.snapshot()->count();
  window.click("tokens/token 10");
  window.press(Key::p);
  REQUIRE(window.snapshot()->runs.size() == 2);
  CHECK(window.snapshot()->active_run == 1);
  CHECK(window.snapshot()->count() == 11);
  CHECK(std::ssize(window.snapshot()->waiting) == count - 11);
  window.press(Key::g);
  CHECK(window.snapshot()->active_run == 0);
  CHECK(window.snapshot()->count() == count);
  window.click("top/runs");
  window.click("top/fork 1");
  CHECK(window.snapshot()->active_run == 1);
  window.press(Key::z, kControl);
  CHECK(window.snapshot()->runs.size() == 1);
}

TEST_CASE("window: Shift+G shows the active run beside the others in turn, with one run it says what to do") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  window.press(Key::g, kShift);
  CHECK_FALSE(window.shell().item("compare-bar/swap"));
  CHECK(window.snapshot()->notices.back().text.find("There is one run.") == 0);
  window.play({command::Fork{8, "left", true}, command::SwitchRun{0}, command::Fork{12, "right", true}});
  window.press(Key::g, kShift);
  CHECK(window.shell().item("compare-bar/swap"));
  CHECK(window.snapshot()->selection.compare == command::Compare{2, 0, "position", 0});
  window.press(Key::g, kShift);
  CHECK(window.snapshot()->selection.compare == command::Compare{2, 1, "position", 0});
}

TEST_CASE("window: an edit is applied as a fork from cursor A, and the tree shows how far it is from the first run") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  window.click("tokens/token 10");
  window.click("selection/apply-fork");
  REQUIRE(window.snapshot()->runs.size() == 2);
  CHECK(window.snapshot()->runs[1].name == "× 0.5 L0");
  CHECK(window.snapshot()->runs[0].edits->empty());
  REQUIRE(window.snapshot()->edits->size() == 1);
  CHECK(window.snapshot()->edits->front().position == 11);
  window.play({command::ReadWaiting{}});
  show(window, "state-over-time", "Run tree");
  CHECK(window.shell().item("run-tree/strip 1"));
  window.click("run-tree/run 0");
  CHECK(window.snapshot()->active_run == 0);
}

TEST_CASE("window: K opens lanes, U and Ctrl+U read in them, Shift+U resets those that have read all, and Ctrl+Z takes each back") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.press(Key::k);
  window.type(U"In the beginning");
  window.click("transport/lane text 1");
  window.type(U"And");
  window.press(Key::enter);
  const auto read = [&] {
    std::vector<std::int64_t> counts;
    const auto snapshot = window.snapshot();
    for (const RunFacts& run : snapshot->runs) counts.push_back(run.tokens.count());
    return counts;
  };
  REQUIRE(window.snapshot()->runs.size() == 3);
  CHECK_FALSE(window.shell().item("transport/lane text 0"));
  for (int i = 0; i < 4; ++i) window.press(Key::u);
  CHECK(read() == std::vector<std::int64_t>{0, 4, 3});
  window.press(Key::u, kShift);
  CHECK(window.snapshot()->runs[1].edits->empty());
  REQUIRE(window.snapshot()->runs[2].edits->size() == 1);
  CHECK(window.snapshot()->runs[2].edits->front().is_reset);
  window.press(Key::u, kShift);  // it is reset already, and no other has read all
  CHECK(window.snapshot()->runs[2].edits->size() == 1);
  window.press(Key::u, kControl);
  CHECK(read() == std::vector<std::int64_t>{0, 16, 3});
  show(window, "state-over-time", "Lanes");
  CHECK(window.shell().item("lanes/strip 1"));
  CHECK(window.shell().item("lanes/event 2 0"));
  window.click("lanes/lane 1");
  CHECK(window.snapshot()->active_run == 1);
  window.press(Key::z, kControl);
  CHECK(read() == std::vector<std::int64_t>{0, 4, 3});
  CHECK(window.snapshot()->active_run == 2);  // an undo goes to the run that was active then
  window.press(Key::z, kControl);
  CHECK(window.snapshot()->runs[2].edits->empty());
  for (int i = 0; i < 5; ++i) window.press(Key::z, kControl);
  CHECK(window.snapshot()->runs.size() == 1);
}

TEST_CASE("window: who wrote a cell is shown, and a token forgotten and taken back") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  show(window, "state-over-time", "Who wrote this");
  const std::int64_t last = window.snapshot()->count() - 1;
  REQUIRE(window.shell().item("who-wrote/word " + std::to_string(last)));
  window.click("who-wrote/Channel");
  window.click("who-wrote/word " + std::to_string(last - 1));
  const std::uint64_t before = window.snapshot()->trace->revision();
  window.click("who-wrote/forget");
  REQUIRE(window.snapshot()->edits->size() == 1);
  CHECK(window.snapshot()->edits->front().label.find("forget token " + std::to_string(last - 1)) == 0);
  CHECK(window.snapshot()->trace->revision() != before);
  window.press(Key::z, kControl);
  CHECK(window.snapshot()->edits->empty());
}

TEST_CASE("window: M leaves a note at cursor A, J and Shift+J go from note to note") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  for (const int token : {5, 12}) {
    window.click("tokens/token " + std::to_string(token));
    window.press(Key::m);
    if (token == 12) window.type(U"here");
    window.press(Key::enter);
  }
  CHECK(*window.snapshot()->notes == std::vector<TokenNote>{{5, ""}, {12, "here"}});
  window.press(Key::j, kShift);
  CHECK(window.snapshot()->selection.cursor_a == 5);
  window.press(Key::j);
  CHECK(window.snapshot()->selection.cursor_a == 12);
  CHECK(window.shell().item("transport/note 1"));
}

TEST_CASE("window: D opens the breakpoints, and a run pauses where one holds") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  const std::int64_t count = window.snapshot()->count();
  window.press(Key::d);
  const std::string when = "t = " + std::to_string(count + 4);
  window.type(std::u32string(when.begin(), when.end()));
  window.press(Key::enter);
  REQUIRE(window.snapshot()->breakpoints->size() == 1);
  window.press(Key::escape);
  window.play({command::Step{20}});
  CHECK(window.snapshot()->count() == count + 5);
  CHECK(std::ranges::any_of(window.snapshot()->notices, [&](const Notice& notice) { return notice.text.find("paused at t = " + std::to_string(count + 4)) == 0; }));
}
