// Compare as a person uses it: a fork, an edit, both runs stepped, from difference to difference.
#include <algorithm>

#include "model/files/file.h"
#include "tests/shell/headless_window.h"
#include "tests/temporary_folder.h"

using namespace lab;

namespace {

constexpr Modifiers kControl{.control = true}, kShift{.shift = true};

/// A run of some tokens that goes on greedily, and a fork of it without the state of layer 2, shown side by side.
HeadlessWindow& with_fork(HeadlessWindow& window) {
  window.open("prose");
  window.play({command::SetSampling{{.greedy = true}}, command::FeedText{"The keeper of the light house wrote down every word, and "}, command::ReadWaiting{}, command::Step{40},
               command::Fork{60, "zeroed", false}, command::ZeroState{2}, command::Step{30}, command::Select{2, -1, -1}});
  window.press(Key::four, kControl);
  return window;
}

std::int64_t cursor(const HeadlessWindow& window) { return window.snapshot()->selection.cursor_a; }
const std::string kModel = LAB_SOURCE_DIR "/tests/golden/mamba2", kReference = kModel + "/reference.safetensors";

std::vector<std::int32_t> ids_of(const RunFacts& run) {
  std::vector<std::int32_t> ids;
  for (std::int64_t t = 0; t < run.tokens.count(); ++t) ids.push_back(run.tokens[t][0]);
  return ids;
}

bool shown(const HeadlessWindow& window, const char* item) { return const_cast<HeadlessWindow&>(window).shell().item(item).has_value(); }

}  // namespace

TEST_CASE("compare window: with one run it offers a fork, and with two it shows both") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.play({command::FeedText{"The state of the art, and so on."}, command::ReadWaiting{}, command::Seek{20, "a"}});
  window.click("top/Compare");
  CHECK(shown(window, "compare-bar/fork"));
  CHECK_FALSE(shown(window, "compare-bar/swap"));
  window.click("compare-b/fork here");
  const auto forked = window.snapshot();
  REQUIRE(forked->runs.size() == 2);
  CHECK(forked->runs[1].forked_at == 21);
  CHECK(shown(window, "compare-bar/swap"));
  CHECK(shown(window, "compare-difference/cells"));
  CHECK(shown(window, "compare-layers/layer 3"));
  window.press(Key::one, kControl);
  CHECK_FALSE(shown(window, "compare-bar/swap"));
  CHECK(shown(window, "layers/layer 1"));
}

TEST_CASE("compare window: N goes from the edit on through what begins to differ, Shift+N back, and both stop at the ends") {
  HeadlessWindow window(1600, 1000);
  with_fork(window);
  window.play({command::Seek{30, "a"}});
  std::vector<std::int64_t> forth;
  for (int i = 0; i < 40; ++i) {
    const std::int64_t before = cursor(window);
    window.press(Key::n);
    if (cursor(window) == before) break;
    forth.push_back(cursor(window));
  }
  REQUIRE(forth.size() > 1);
  CHECK(forth.size() < 40);
  CHECK(forth.front() == 60);  // the first token that found the state zeroed
  CHECK(std::ranges::is_sorted(forth));
  std::vector<std::int64_t> back;
  for (std::size_t i = 0; i + 1 < forth.size(); ++i) window.press(Key::n, kShift), back.push_back(cursor(window));
  std::ranges::reverse(back);
  CHECK(std::equal(back.begin(), back.end(), forth.begin()));
}

TEST_CASE("compare window: X and the bar exchange A and B by one command, which is nothing to undo") {
  HeadlessWindow window(1600, 1000);
  with_fork(window);
  const std::size_t undoable = window.snapshot()->undo.size();
  window.press(Key::x);
  CHECK(window.snapshot()->selection.compare == command::Compare{1, 0, "position", 0});
  window.click("compare-bar/swap");
  CHECK(window.snapshot()->selection.compare == command::Compare{0, 1, "position", 0});
  window.click("compare-bar/Token");
  CHECK(window.snapshot()->selection.compare.align == "token");
  CHECK(window.snapshot()->undo.size() == undoable);
}

TEST_CASE("compare window: A steps both runs, and every key of the cursor works there") {
  HeadlessWindow window(1600, 1000);
  with_fork(window);
  const auto counts = [&] {
    const auto snapshot = window.snapshot();
    return std::pair{snapshot->runs[0].tokens.count(), snapshot->runs[1].tokens.count()};
  };
  const auto before = counts();
  window.press(Key::a);
  CHECK(counts() == std::pair{before.first + 1, before.second + 1});
  window.click("compare-bar/step both");
  CHECK(counts() == std::pair{before.first + 2, before.second + 2});
  window.press(Key::home);
  CHECK(cursor(window) == 0);
  window.press(Key::right);
  CHECK(cursor(window) == 1);
  window.press(Key::right_bracket);
  CHECK(window.snapshot()->selection.layer == 3);
}

TEST_CASE("compare window: while F is held A and B change places, and let go they are where they were") {
  HeadlessWindow window(1600, 1000);
  with_fork(window);
  window.move_to(2, 2);
  const Image before = window.picture();
  window.input().push(InputEvent::key(Key::f, true));
  window.settle();
  const Image held = window.picture();
  CHECK(held.pixels != before.pixels);
  window.input().push(InputEvent::key(Key::f, true, {}, true));  // as a key does that stays down
  window.settle();
  CHECK(window.picture().pixels == held.pixels);
  window.input().push(InputEvent::key(Key::f, false));
  window.settle();
  CHECK(window.picture().pixels == before.pixels);
  window.input().push(InputEvent::key(Key::f, true));
  window.settle();
  window.input().push(InputEvent::focus(false));
  window.settle();
  CHECK(window.picture().pixels == before.pixels);
}

TEST_CASE("compare window: a click in the token rows, on a map and in the lists moves one cursor, also to where only one run is") {
  HeadlessWindow window(1600, 1000);
  with_fork(window);
  window.click("compare-differences/difference 0");
  CHECK(cursor(window) == 60);
  const Box cells = window.item("compare-a/cells");
  window.click_at(cells.right() - 3, cells.middle_y());  // main is longer than the fork
  const auto snapshot = window.snapshot();
  CHECK(snapshot->selection.cursor_a >= snapshot->runs[1].tokens.count());
  CHECK(snapshot->active_run == 0);
  window.click("compare-layers/layer 1");
  CHECK(window.snapshot()->selection.layer == 1);
  window.press(Key::home);
  window.click("compare-tokens/column 3");
  CHECK(cursor(window) == 3);
}

TEST_CASE("compare window: the palette compares any two runs") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  window.play({command::FeedText{"And the river kept the rest."}, command::ReadWaiting{}, command::Fork{10, "left", true}, command::SwitchRun{0}, command::Fork{12, "right", true}});
  window.press(Key::k, kControl);
  window.type(U"compare main with left");
  window.press(Key::enter);
  CHECK(shown(window, "compare-bar/swap"));
  CHECK(window.snapshot()->selection.compare == command::Compare{0, 1, "position", 0});
}

TEST_CASE("compare window: in every size, theme and state of the runs it comes to rest") {
  for (const auto& [width, height, scale] : {std::tuple{1280, 720, 1.0f}, {800, 480, 1.0f}, {200, 150, 1.0f}, {1600, 1000, 2.0f}}) {
    ShellOptions options;
    options.dark = width != 800;
    options.scale = scale;
    HeadlessWindow window(width, height, options);
    with_fork(window);
    window.play({command::Compare{0, 1, "token", 0}, command::ShowRange{40, 80}, command::SwitchRun{0}, command::Reset{}, command::Compare{1, 0, "first-difference", 0},
                 command::DeleteRun{1}, command::Undo{}, command::Compare{0, 1, "offset", 5000}});
    window.press(Key::f11);
    window.press(Key::f11);
    CHECK(window.snapshot()->fault.empty());
  }
}

TEST_CASE("compare window: opened with a model and a recorded trace it reads its tokens and shows both") {
  for (const bool trace_is_a : {false, true}) {
    HeadlessWindow window(1600, 1000);
    window.shell().open_beside(trace_is_a ? kReference : kModel, trace_is_a ? kModel : kReference);
    window.settle();
    const auto snapshot = window.snapshot();
    REQUIRE(snapshot->guests.size() == 1);
    CHECK(snapshot->selection.compare == (trace_is_a ? command::Compare{kFirstGuest, 0, "position", 0} : command::Compare{0, kFirstGuest, "position", 0}));
    CHECK(ids_of(snapshot->guests[0].run) == ids_of(snapshot->runs[0]));
    for (const char* item : {"compare-bar/swap", "compare-difference/cells", "compare-layers/layer 1", "compare-norms/plot"}) CHECK_MESSAGE(shown(window, item), item);
    window.press(Key::x);
    CHECK(window.snapshot()->selection.compare.a == (trace_is_a ? 0 : kFirstGuest));
  }
}

TEST_CASE("compare window: opened with two models the second reads along with what is typed for the first") {
  HeadlessWindow window(1600, 1000);
  window.shell().open_beside("builtin:prose", "builtin:prose");
  window.settle();
  REQUIRE(window.snapshot()->guests.size() == 1);
  CHECK(shown(window, "compare-bar/swap"));
  window.play({command::FeedText{"The keeper of the light house"}, command::ReadWaiting{}, command::Step{5}});
  CHECK(window.snapshot()->count() == 34);
  CHECK(ids_of(window.snapshot()->guests[0].run) == ids_of(window.snapshot()->runs[0]));
  CHECK(shown(window, "compare-difference/cells"));
  window.press(Key::a);
  CHECK(window.snapshot()->guests[0].run.tokens.count() == 35);
}

TEST_CASE("compare window: opened with a model and a session the session goes on, and A stays A") {
  HeadlessWindow window(1600, 1000);
  window.shell().open_beside("builtin:copy", LAB_SOURCE_DIR "/sessions/copy-fork.statelab.json");
  window.settle();
  const auto snapshot = window.snapshot();
  REQUIRE(snapshot->guests.size() == 1);
  CHECK(snapshot->runs.size() == 2);
  CHECK(snapshot->selection.compare.a == kFirstGuest);
  CHECK(snapshot->selection.compare.b == snapshot->active_run);
  CHECK(ids_of(snapshot->guests[0].run) == ids_of(*snapshot->find_run(snapshot->active_run)));
}

TEST_CASE("compare window: a first file that is refused is told, and the second is left") {
  HeadlessWindow window(1600, 1000);
  window.shell().open_beside("/nowhere/model", kReference);
  window.settle();
  CHECK_FALSE(window.snapshot()->model);
  REQUIRE(window.snapshot()->notices.size() == 1);
  CHECK(window.snapshot()->notices[0].text.find("/nowhere/model") != std::string::npos);
}

TEST_CASE("compare window: a file dropped there stands beside the run, elsewhere it takes its place; what is refused changes nothing") {
  HeadlessWindow window(1600, 1000);
  window.shell().open(kModel);
  window.settle();
  window.play({command::FeedTokens{{1, 2, 3, 4}}, command::ReadWaiting{}});
  window.press(Key::four, kControl);
  const auto drop = [&](const std::string& path) {
    window.input().push(InputEvent::drop(path));
    window.settle();
  };
  drop(LAB_SOURCE_DIR "/tests/golden/mamba1");
  CHECK(window.snapshot()->guests.empty());
  REQUIRE(window.snapshot()->notices.back().error);
  CHECK(window.snapshot()->notices.back().error->field == "points");
  drop(kReference);
  REQUIRE(window.snapshot()->guests.size() == 1);
  CHECK(window.snapshot()->count() == 4);
  CHECK(shown(window, "compare-bar/swap"));
  window.press(Key::one, kControl);
  drop(LAB_SOURCE_DIR "/tests/golden/mamba1");
  CHECK(window.snapshot()->guests.empty());
  CHECK(window.snapshot()->model->path == LAB_SOURCE_DIR "/tests/golden/mamba1");
}

TEST_CASE("compare window: Ctrl+Shift+O asks for a file to compare with, a recorded trace too, and the palette lets it go") {
  HeadlessWindow window(1600, 1000);
  window.shell().open(kModel);
  window.settle();
  window.play({command::FeedTokens{{1, 2, 3, 4}}, command::ReadWaiting{}});
  constexpr Modifiers kControlShift{.control = true, .shift = true};
  window.press(Key::o, kControlShift);
  CHECK(shown(window, "open/choose"));
  window.press(Key::enter);  // the open model is chosen at first
  REQUIRE(window.snapshot()->guests.size() == 1);
  CHECK_FALSE(shown(window, "open/choose"));
  CHECK(window.snapshot()->guests[0].run.name == "mamba2");
  CHECK(ids_of(window.snapshot()->guests[0].run) == std::vector<std::int32_t>{1, 2, 3, 4});
  CHECK(shown(window, "compare-bar/swap"));
  window.press(Key::o, kControlShift);
  window.type(std::u32string(kReference.begin(), kReference.end()));
  window.press(Key::enter);
  REQUIRE(window.snapshot()->guests.size() == 2);
  window.press(Key::k, kControl);
  window.type(U"compare no longer with mamba2");
  window.press(Key::enter);
  REQUIRE(window.snapshot()->guests.size() == 1);
  CHECK(window.snapshot()->guests[0].run.id == kFirstGuest - 1);
}

TEST_CASE("compare window: with one run its buttons ask for a file") {
  HeadlessWindow window(1600, 1000);
  window.shell().open(kModel);
  window.settle();
  window.press(Key::four, kControl);
  window.click("compare-bar/file");
  CHECK(shown(window, "open/choose"));
  window.press(Key::escape);
  CHECK_FALSE(shown(window, "open/choose"));
  window.click("compare-b/file here");
  CHECK(shown(window, "open/choose"));
}

TEST_CASE("compare window: all runs are shown beside A at once, exported as they are, and one cursor goes through all") {
  const test::TemporaryFolder folder;
  HeadlessWindow window(1600, 1000);
  with_fork(window);
  window.play({command::SwitchRun{0}, command::Fork{50, "scaled", false}, command::ScaleState{1, 0.5}, command::Step{30}, command::SwitchRun{0}, command::CompareWith{"builtin:prose", "b"}, command::Compare{0, 1, "position", 0}});
  window.click("compare-difference/All");
  for (const char* item : {"cells 1", "cells 2", "cells -2"}) CHECK_MESSAGE(shown(window, (std::string("compare-difference/") + item).c_str()), item);
  const Box cells = window.item("compare-difference/cells -2");
  window.click_at(cells.x + cells.w * 10.5f / static_cast<float>(window.snapshot()->count()), cells.middle_y());
  CHECK(cursor(window) == 10);
  CHECK(window.snapshot()->active_run == 0);
  window.move_to(cells.middle_x(), cells.middle_y());
  window.press(Key::e, kControl);
  window.click("export/file");
  window.press(Key::a, kControl);
  const std::string path = folder / "all.csv";
  window.type(std::u32string(path.begin(), path.end()));
  window.press(Key::enter);
  const auto bytes = read_file(path, 64 << 20);
  REQUIRE(bytes);
  CHECK(bytes->starts_with("run,layer,n,token,channel,a,b,difference\nzeroed,"));
  for (const char* name : {"\nscaled,", "\nbuiltin:prose,"}) CHECK_MESSAGE(bytes->find(name) != std::string::npos, name);
}
