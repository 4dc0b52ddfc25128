// What the palette finds, and in which order.
#include <doctest/doctest.h>

#include "app/shell/fuzzy.h"
#include "tests/shell/headless_window.h"

using namespace lab;

TEST_CASE("fuzzy: beginnings of words before other places before scattered letters, in any order and case") {
  const int begins = *match_score("norm", "curves: Norms"), inside = *match_score("orm", "curves: norms");
  const int scattered = *match_score("cvn", "curves: norms");
  CHECK(begins > inside);
  CHECK(inside > scattered);
  CHECK(match_score("NORMS curves", "curves: norms") == match_score("curves norms", "curves: norms"));
  CHECK_FALSE(match_score("norms x", "curves: norms"));
  CHECK(*match_score("2", "layer 2, Mamba-2") > *match_score("2", "layer 0, Mamba-2"));
  CHECK(match_score("", "anything") == 0);
  CHECK(match_score("  ", "anything") == 0);
  CHECK_FALSE(match_score("a", ""));
}

TEST_CASE("palette: finds a layer, a tensor, a token and a view by typing, and Enter does it") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.play({command::FeedText{"The state of the art"}, command::ReadWaiting{}});
  const auto find = [&](const std::u32string& typed) {
    window.press(Key::k, {.control = true});
    window.type(typed);
    window.press(Key::enter);
  };
  find(U"layer 2");
  CHECK(window.snapshot()->selection.layer == 2);
  find(U"5");
  CHECK(window.snapshot()->selection.cursor_a == 5);
  find(U"tensor 1.mixer.in_proj");
  CHECK(window.snapshot()->selection.tensor == "backbone.layers.1.mixer.in_proj.weight");
  find(U"the weights, and back");
  CHECK(window.snapshot()->selection.tensor.empty());
  find(U"pca 3d");
  CHECK(window.shell().item("pca/3D"));
  find(U"model copy");
  CHECK(window.snapshot()->model->name == "copy");
}

TEST_CASE("palette: arrows choose, Esc leaves it without a deed, a click does what it says") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.click("top/search");
  window.type(U"layer");
  CHECK(window.shell().item("palette/row 1"));
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("palette/row 1"));
  CHECK(window.snapshot()->selection.layer == 0);
  window.click("top/search");
  window.type(U"layer mamba");
  window.press(Key::down);
  window.press(Key::enter);
  CHECK(window.snapshot()->selection.layer == 1);
  window.click("top/search");
  window.type(U"layer mamba");
  window.click("palette/row 3");
  CHECK(window.snapshot()->selection.layer == 3);
}

TEST_CASE("palette: without a model there are commands and models") {
  HeadlessWindow window(1600, 1000);
  window.settle();
  window.press(Key::k, {.control = true});
  window.type(U"builtin prose");
  window.press(Key::enter);
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->model->name == "prose");
}

TEST_CASE("palette: forks, goes between runs, steps them side by side, and edits the selected head") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.play({command::FeedText{"The state of the art"}, command::ReadWaiting{}, command::Seek{9, "a"}, command::Select{2, 70, 3}});
  const auto find = [&](const std::u32string& typed) {
    window.press(Key::k, {.control = true});
    window.type(typed);
    window.press(Key::enter);
  };
  find(U"fork after t = 9");
  CHECK(window.snapshot()->count() == 10);
  CHECK(window.snapshot()->active_run == 1);
  find(U"zero head 2");
  REQUIRE(window.snapshot()->edits->size() == 1);
  CHECK(window.snapshot()->edits->back().label == "zero h[2] of layer 2");
  find(U"step all 2 runs by 10");
  CHECK(window.snapshot()->count() == 20);
  find(U"go to main");
  CHECK(window.snapshot()->count() == 30);
  CHECK(window.snapshot()->edits->empty());
  find(U"delete fork 1");
  CHECK(window.snapshot()->runs.size() == 1);
  window.press(Key::z, {.control = true});
  CHECK(window.snapshot()->runs.size() == 2);
}

TEST_CASE("palette: any figure is exported without the mouse") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.play({command::FeedText{"The state of the art"}, command::ReadWaiting{}});
  window.press(Key::k, {.control = true});
  window.type(U"export scree");
  window.press(Key::enter);
  CHECK(window.shell().item("export/file"));
}
