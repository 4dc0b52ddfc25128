// Settings, layout, tour and refusals in the window, with the mouse and with the keyboard alone.
#include <doctest/doctest.h>

#include <fstream>

#include "app/shell/preferences.h"
#include "app/shell/tour.h"
#include "tests/shell/headless_window.h"
#include "tests/temporary_folder.h"
#include "views/panels/kit/icons.h"

using namespace lab;

namespace {

constexpr Modifiers kControl{.control = true}, kShift{.shift = true}, kControlAlt{.control = true, .alt = true},
    kControlAltShift{.control = true, .shift = true, .alt = true};

ShellOptions with_settings(const std::string& file) {
  ShellOptions options;
  options.settings_file = file;
  return options;
}

Preferences kept(const std::string& file) {
  std::vector<std::string> problems;
  const Preferences preferences = read_preferences(file, problems);
  CHECK(problems.empty());
  return preferences;
}

void drag(HeadlessWindow& window, const Box& from, float dx, float dy) {
  window.input().push(InputEvent::move(from.middle_x(), from.middle_y()));
  window.input().push(InputEvent::button(MouseButton::left, true));
  window.input().push(InputEvent::move(from.middle_x() + dx, from.middle_y() + dy));
  window.settle();
  window.input().push(InputEvent::button(MouseButton::left, false));
  window.settle();
}

}  // namespace

TEST_CASE("settings: a click changes the look at once, and the next window begins with it") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  Image light;
  {
    HeadlessWindow window(1280, 800, with_settings(file));
    window.settle();
    window.move_to(1, 1);
    const Image dark = window.picture();
    window.click(std::string("top/") + icon::kGear);
    window.click("settings/light");
    window.press(Key::escape);
    window.move_to(1, 1);
    light = window.picture();
    CHECK(light.pixels != dark.pixels);
    CHECK(kept(file).settings.theme == 1);
  }
  HeadlessWindow next(1280, 800, with_settings(file));
  next.settle();
  next.move_to(1, 1);
  CHECK(next.picture().pixels == light.pixels);
}

TEST_CASE("settings: the keyboard alone finds a setting and changes it") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  HeadlessWindow window(1280, 800, with_settings(file));
  window.settle();
  window.press(Key::comma, kControl);
  window.type(U"motion");
  CHECK(window.shell().item("settings/reduced_motion"));
  CHECK_FALSE(window.shell().item("settings/size"));
  CHECK(window.shell().seconds_between_frames() == doctest::Approx(1.0 / 30));
  window.press(Key::right);
  CHECK(window.shell().seconds_between_frames() == doctest::Approx(0.25));
  CHECK(kept(file).settings.reduced_motion);
  window.press(Key::left);
  CHECK_FALSE(kept(file).settings.reduced_motion);
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("settings/search"));
}

TEST_CASE("settings: the arrows walk through them, also to those that have to be scrolled to") {
  HeadlessWindow window(1280, 480);
  window.settle();
  window.press(Key::comma, kControl);
  for (std::size_t i = 0; i < all_settings().size(); ++i) window.press(Key::down);
  const Box last = window.item("settings/remember_recent");
  CHECK(last.y > 100);
  CHECK(last.bottom() < 480 - 60);
}

TEST_CASE("settings: a number is typed, and one that cannot be is not taken") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  HeadlessWindow window(1280, 800, with_settings(file));
  window.settle();
  window.press(Key::comma, kControl);
  const auto enter = [&](const std::u32string& text) {
    window.click("settings/threads");
    window.press(Key::a, kControl);
    window.type(text);
    window.press(Key::enter);
  };
  enter(U"3");
  CHECK(kept(file).settings.threads == 3);
  enter(U"a lot");
  CHECK(kept(file).settings.threads == 3);
  window.click("settings/Reset all");
  CHECK(kept(file).settings == Settings());
}

TEST_CASE("settings: the palette sets them, and the keys for size and theme are kept like the rest") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  HeadlessWindow window(1280, 800, with_settings(file));
  window.settle();
  window.press(Key::k, kControl);
  window.type(U"theme high contrast");
  window.press(Key::enter);
  CHECK(kept(file).settings.theme == 2);
  window.press(Key::t, kControl);
  CHECK(kept(file).settings.theme == 0);
  window.press(Key::equal, kControl);
  CHECK(kept(file).settings.factor() == 1.125f);
  window.press(Key::k, kControl);
  window.type(U"setting threads");
  window.press(Key::enter);
  CHECK(window.shell().item("settings/search"));
}

TEST_CASE("settings: a broken file opens the window as the program comes, and says so") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  std::ofstream(file) << "{ no";
  HeadlessWindow window(1280, 800, with_settings(file));
  window.settle();
  REQUIRE_FALSE(window.snapshot()->notices.empty());
  CHECK(window.snapshot()->notices.back().is_error);
  CHECK(window.snapshot()->notices.back().text.find("settings.json") != std::string::npos);
  CHECK(window.shell().item("status/notice"));
}

TEST_CASE("settings: without a file nothing is kept, and nothing is asked of the disk") {
  HeadlessWindow window(1280, 800);
  window.settle();
  window.press(Key::t, kControl);
  CHECK(window.shell().settled());
}

TEST_CASE("layout: dragging a line is one step that Ctrl+Alt+Z takes back and Ctrl+Alt+Shift+Z makes again") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  HeadlessWindow window(1600, 1000, with_settings(file));
  window.open("prose");
  const auto width = [&] { return window.item("layers/layer 0").w; };
  const float before = width();
  drag(window, window.item("gutters/2"), 64, 0);
  const float after = width();
  CHECK(after == doctest::Approx(before + 64).epsilon(0.02));
  CHECK(kept(file).layout.sizes.size() == 1);
  window.press(Key::z, kControlAlt);
  CHECK(width() == before);
  CHECK(kept(file).layout == PaneLayout());
  window.press(Key::z, kControlAltShift);
  CHECK(width() == after);
  window.press(Key::zero, kControlAlt);
  CHECK(width() == before);
  window.press(Key::z, kControlAlt);
  CHECK(width() == after);
  CHECK(window.snapshot()->undo.empty());  // the state has an undo of its own
}

TEST_CASE("layout: the title of a pane opens a menu of views, and the next window shows the one that was chosen") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  Box pca;
  {
    HeadlessWindow window(1600, 1000, with_settings(file));
    window.open("prose");
    window.play({command::FeedText{"The state of the art"}, command::ReadWaiting{}});
    pca = window.item("pca/title");
    window.click("pca/title");
    window.click("pca/Alerts by layer");
    CHECK_FALSE(window.shell().item("pca/title"));
    CHECK(window.item("alerts/title").x == pca.x);
  }
  HeadlessWindow next(1600, 1000, with_settings(file));
  next.open("prose");
  CHECK_FALSE(next.shell().item("pca/title"));
  CHECK(next.item("alerts/title").x == pca.x);
  next.press(Key::f11);
  next.press(Key::f11);
  next.press(Key::zero, kControlAlt);
  CHECK(next.item("pca/title") == pca);
}

TEST_CASE("layout: F10 and the palette change the view of the pane under the mouse without a click") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  const Box lens = window.item("lens/title");
  window.move_to(lens.middle_x(), lens.middle_y() + 60);
  window.press(Key::f10);
  window.type(U"attention");
  window.press(Key::enter);
  CHECK_FALSE(window.shell().item("lens/title"));
  CHECK(window.item("attention/title").x == lens.x);
  window.press(Key::z, kControlAlt);
  CHECK(window.item("lens/title") == lens);
}

TEST_CASE("layout: an enlarged pane is kept, and undo gives the others back") {
  const test::TemporaryFolder folder;
  const std::string file = folder / "settings.json";
  {
    HeadlessWindow window(1280, 800, with_settings(file));
    window.open("prose");
    const Box layer = window.item("layers/layer 0");
    window.move_to(layer.middle_x(), layer.middle_y());
    window.press(Key::f11);
  }
  HeadlessWindow next(1280, 800, with_settings(file));
  next.open("prose");
  CHECK(next.item("layers/layer 0").w > 1200);
  next.press(Key::f11);
  CHECK(next.item("layers/layer 0").w < 400);
  next.press(Key::z, kControlAlt);
  CHECK(next.item("layers/layer 0").w > 1200);
}

TEST_CASE("layout: every view can be shown in a small pane and in a tall one") {
  HeadlessWindow window(1400, 520);
  window.open("../../tests/golden/granite-dense");
  window.play({command::FeedTokens{{3, 14, 15, 92, 65}}, command::ReadWaiting{}});
  for (const char* place : {"pca", "selection"})
    for (const PaneKind& kind : pane_kinds()) {
      if (!kind.view || std::string(kind.name) == place) continue;
      CAPTURE(place);
      CAPTURE(kind.name);
      window.click(std::string(place) + "/title");
      window.click(std::string(place) + "/" + kind.view);
      CHECK(window.shell().item(std::string(kind.name) + "/title"));
      window.press(Key::zero, kControlAlt);
      REQUIRE(window.shell().item(std::string(place) + "/title"));
    }
}

TEST_CASE("tour: from the start page through all steps with the mouse, each beside its pane") {
  HeadlessWindow window(1600, 1000);
  window.settle();
  window.click("start/Start the tour");
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->count() > 10);
  for (std::size_t i = 0; i < tour_steps().size(); ++i) {
    REQUIRE(window.shell().item("tour/next"));
    window.click("tour/next");
  }
  CHECK_FALSE(window.shell().item("tour/next"));
}

TEST_CASE("tour: the keyboard alone goes on, back and out, and the keys of the window work beside it") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.play({command::FeedText{"The state"}, command::ReadWaiting{}});
  const std::int64_t before = window.snapshot()->count();
  window.press(Key::f1, kShift);
  const Box first = window.item("tour/next");
  window.press(Key::enter);
  const Box second = window.item("tour/next");
  CHECK(second != first);
  window.press(Key::right);
  CHECK(window.snapshot()->count() == before + 1);
  window.press(Key::backspace);
  CHECK(window.item("tour/next") == first);
  CHECK(window.snapshot()->count() == before + 1);  // the tour's Backspace, not the run's
  window.press(Key::enter);
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("tour/next"));
  CHECK(window.snapshot()->count() == before + 1);
}

TEST_CASE("tour: help leads to it, from every page, and it leaves the run as it is") {
  HeadlessWindow window(1280, 800);
  window.open("prose");
  window.play({command::FeedText{"The state"}, command::ReadWaiting{}});
  const std::int64_t before = window.snapshot()->count();
  window.press(Key::w);
  window.press(Key::f1);
  window.click("help/Take the tour");
  CHECK(window.shell().item("tour/next"));
  CHECK(window.snapshot()->selection.tensor.empty());
  CHECK(window.snapshot()->count() == before);
}

TEST_CASE("help: in a small window it keeps inside and scrolls by keys to its end and back") {
  HeadlessWindow window(700, 450);
  window.open("prose");
  window.press(Key::f1);
  const Box tour = window.item("help/Take the tour");
  CHECK(tour.x > 0);
  CHECK(tour.right() < 700);
  CHECK(tour.y > 40);
  const Image top = window.picture();
  window.press(Key::page_down);
  const Image below = window.picture();
  CHECK(below.pixels != top.pixels);
  for (int i = 0; i < 20; ++i) window.press(Key::page_down);
  const Image end = window.picture();
  window.press(Key::down);
  CHECK(window.picture().pixels == end.pixels);  // there is no more
  for (int i = 0; i < 20; ++i) window.press(Key::page_up);
  CHECK(window.picture().pixels == top.pixels);
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("help/Take the tour"));
}

TEST_CASE("tour: no step covers what it points at, where there is room beside it") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.press(Key::f1, kShift);
  for (const TourStep& step : tour_steps()) {
    CAPTURE(step.name);
    const Box next = window.item("tour/next");
    if (std::string(step.pane) == "tokens") CHECK(next.y > 112);
    if (std::string(step.pane) == "transport") CHECK(next.bottom() < 1000 - 24 - 128);
    if (std::string(step.pane) == "selection") CHECK(next.right() < 1600 - 312);
    if (std::string(step.pane) == "top") CHECK(next.y > 40);
    window.press(Key::enter);
  }
}

TEST_CASE("refusals: the start page says what was expected and found, and the message can be put away") {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "config.json") << "{\"model_type\": \"nothing\"}";
  HeadlessWindow window(1280, 800);
  window.settle();
  window.input().push(InputEvent::drop(folder.path.string()));
  window.settle();
  CHECK_FALSE(window.snapshot()->model);
  REQUIRE_FALSE(window.snapshot()->notices.empty());
  REQUIRE(window.snapshot()->notices.back().error);
  CHECK(window.shell().item("start/Copy message"));
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("start/Copy message"));
}
