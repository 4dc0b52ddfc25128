// The editor of the state in the whole window: by key, from the palette, from another run, of a box.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/shell/headless_window.h"

using namespace lab;

namespace {

constexpr Modifiers kShift{.shift = true}, kControl{.control = true};

HeadlessWindow& with_text(HeadlessWindow& window) {
  window.open("prose");
  window.play({command::FeedText{"The keeper of the light house wrote."}, command::ReadWaiting{}, command::Select{1, 70, 3}});
  return window;
}

std::string last_edit_label(const HeadlessWindow& window) {
  const auto snapshot = window.snapshot();
  return snapshot->edits->empty() ? "" : snapshot->edits->back().label;
}

}  // namespace

TEST_CASE("window: Shift+E opens the editor on the chosen part, Enter applies what was typed, Ctrl+Z takes it back") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  window.click("selection/Channel");
  window.press(Key::e, kShift);
  CHECK(window.shell().item("state-editor/Apply"));
  window.type(U"0.125");
  window.press(Key::enter);
  CHECK_FALSE(window.shell().item("state-editor/Apply"));
  CHECK(last_edit_label(window) == "scale h[2, 6] of layer 1 by 0.125");
  window.press(Key::z, kControl);
  CHECK(window.snapshot()->edits->empty());
  window.press(Key::e, kShift);
  window.type(U"x");
  window.press(Key::enter);
  CHECK(window.shell().item("state-editor/Apply"));
  CHECK(window.snapshot()->edits->empty());
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("state-editor/Apply"));
  window.press(Key::three, kControl);  // not on other pages
  window.press(Key::e, kShift);
  CHECK_FALSE(window.shell().item("state-editor/Apply"));
}

TEST_CASE("window: Ctrl+Enter in the editor makes the edit in a fork at cursor A") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  window.click("tokens/token 10");
  window.press(Key::e, kShift);
  window.press(Key::enter, kControl);
  REQUIRE(window.snapshot()->runs.size() == 2);
  CHECK(window.snapshot()->runs[0].edits->empty());
  REQUIRE(window.snapshot()->edits->size() == 1);
  CHECK(window.snapshot()->edits->front().position == 11);
}

TEST_CASE("window: the palette leads to every operation, and a state is taken from another run at its token") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  window.play({command::Fork{8, "left", false}, command::FeedText{"gone "}, command::ReadWaiting{}});
  REQUIRE(window.snapshot()->active_run == 1);
  const auto find = [&](const std::u32string& typed) {
    window.press(Key::k, kControl);
    window.type(typed);
    window.press(Key::enter);
    CHECK(window.shell().item("state-editor/Apply"));
  };
  find(U"edit the state: add noise");
  CHECK(window.shell().item("state-editor/seed"));
  window.press(Key::escape);
  find(U"edit the state: take from main");
  window.type(U"2, 0:4");  // the elements
  window.click("state-editor/after token");
  window.press(Key::a, kControl);
  window.type(U"20");
  window.press(Key::enter);
  CHECK(last_edit_label(window) == "take h[2, 0:4] of layer 1 from position 21 of run 0");
  CHECK(window.snapshot()->notices.empty());
}

TEST_CASE("window: a box of cells is picked in State at t, edited as one, and taken back as one") {
  HeadlessWindow window(1600, 1000);
  with_text(window);
  const Box map = window.item("state-at/map");
  window.input().push(InputEvent::key(Key::left_shift, true));
  window.input().push(InputEvent::move(map.x + map.w * 0.2f, map.y + map.h * 0.2f));
  window.input().push(InputEvent::button(MouseButton::left, true));
  window.input().push(InputEvent::move(map.x + map.w * 0.6f, map.y + map.h * 0.5f));
  window.settle();
  window.input().push(InputEvent::button(MouseButton::left, false));
  window.input().push(InputEvent::key(Key::left_shift, false));
  window.settle();
  REQUIRE(window.shell().item("selection/Box"));
  window.click("selection/Apply");
  REQUIRE(window.snapshot()->edits->size() == 1);
  CHECK(last_edit_label(window).find("apply scale h[box ") == 0);
  window.press(Key::z, kControl);
  CHECK(window.snapshot()->edits->empty());
  window.press(Key::e, kShift);
  window.type(U"0");
  window.click("state-editor/Apply");
  CHECK(window.snapshot()->edits->size() == 1);
}

TEST_CASE("window: rows of a cache are edited by their numbers, and a cell of a layer of vectors in its own vector") {
  HeadlessWindow window(1600, 1000);
  window.open("../../tests/golden/granite-moe");
  window.play({command::FeedTokens{{5, 9, 2, 7, 7, 1, 3, 8}}, command::ReadWaiting{}});
  const auto& layers = window.snapshot()->model->layers;
  const auto cache = static_cast<std::int64_t>(std::ranges::find_if(layers, &LayerInfo::has_cache) - layers.begin());
  REQUIRE(cache < std::ssize(layers));
  window.play({command::Select{cache, 0, -1}});
  window.press(Key::e, kShift);
  CHECK_FALSE(window.shell().item("state-editor/Cell"));
  window.click("state-editor/elements");
  window.type(U"2:4, 0");
  window.press(Key::enter);
  CHECK(last_edit_label(window) == "scale h[2:4, 0] of layer " + std::to_string(cache) + " by 0.5");

  window.open("../../tests/golden/rwkv4");
  window.play({command::FeedTokens{{5, 9, 2}}, command::ReadWaiting{}, command::Select{1, 3, 1}});
  window.click("selection/Cell");
  window.click("selection/Apply");
  CHECK(last_edit_label(window) == "scale att.bb[3] of layer 1 by 0.5");
}
