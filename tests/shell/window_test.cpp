#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "model/files/file.h"
#include "tests/shell/headless_window.h"
#include "tests/temporary_folder.h"
#include "views/panels/kit/icons.h"

using namespace lab;

namespace {

constexpr Modifiers kControl{.control = true}, kControlShift{.control = true, .shift = true};

/// A window on the prose model with a prompt read.
HeadlessWindow& with_prompt(HeadlessWindow& window) {
  window.open("prose");
  window.click("tokens/prompt");
  window.type(U"The state of the ");
  window.press(Key::enter);
  REQUIRE(window.snapshot()->count() > 3);
  return window;
}

std::string text_read(const Snapshot& snapshot) {
  std::string text;
  for (std::int64_t i = 0; i < snapshot.count(); ++i) text += snapshot.model->piece(snapshot.tokens[i][0]);
  return text;
}

}  // namespace

TEST_CASE("window: what is typed into the prompt is read when Enter is pressed") {
  HeadlessWindow window;
  with_prompt(window);
  const auto snapshot = window.snapshot();
  CHECK(text_read(*snapshot).find("state") != std::string::npos);
  CHECK(snapshot->waiting.empty());
  CHECK(snapshot->selection.cursor_a == snapshot->count() - 1);
  CHECK(window.shell().title() == "prose – State Lab");
}

TEST_CASE("window: the right arrow steps at the end of the run, and a click on a token moves the cursor there") {
  HeadlessWindow window;
  with_prompt(window);
  window.click_at(840, 20);  // the keyboard leaves the prompt
  const std::int64_t before = window.snapshot()->count();
  window.press(Key::right);
  CHECK(window.snapshot()->count() == before + 1);
  window.click("tokens/token 2");
  CHECK(window.snapshot()->selection.cursor_a == 2);
  window.press(Key::right);
  CHECK(window.snapshot()->selection.cursor_a == 3);
  CHECK(window.snapshot()->count() == before + 1);
}

TEST_CASE("window: Z zeroes the layer that is selected, undo takes it back and redo makes it again") {
  HeadlessWindow window;
  with_prompt(window);
  window.click("layers/layer 1");
  CHECK(window.snapshot()->selection.layer == 1);
  const std::size_t before = window.snapshot()->undo.size();
  window.press(Key::z);
  const auto zeroed = window.snapshot();
  REQUIRE(zeroed->edits->size() == 1);
  CHECK(zeroed->edits->front().layer == 1);
  CHECK(zeroed->undo.size() == before + 1);
  window.press(Key::z, kControl);
  CHECK(window.snapshot()->edits->empty());
  window.press(Key::z, kControlShift);
  CHECK(window.snapshot()->edits->size() == 1);
}

TEST_CASE("window: undo and redo of the bar do what their keys do") {
  HeadlessWindow window;
  with_prompt(window);
  window.click_at(840, 20);
  window.press(Key::z);
  window.click(std::string("top/") + icon::kUndo);
  CHECK(window.snapshot()->edits->empty());
  window.click(std::string("top/") + icon::kRedo);
  CHECK(window.snapshot()->edits->size() == 1);
}

TEST_CASE("window: what is typed right behind a key that opens a text field is not lost") {
  HeadlessWindow window;
  window.open("prose");
  window.input().push(InputEvent::key(Key::l, true, kControl));
  for (const char32_t c : U"In the beginning") window.input().push(InputEvent::text(c));
  window.input().push(InputEvent::key(Key::enter, true));
  window.settle();
  CHECK(text_read(*window.snapshot()) == "In␣the␣beginning");
}

TEST_CASE("window: keys typed into a text field are no shortcuts") {
  HeadlessWindow window;
  with_prompt(window);
  window.press(Key::l, kControl);
  window.press(Key::z);
  CHECK(window.snapshot()->edits->empty());
}

TEST_CASE("window: a figure goes from the export dialog to a file, whole") {
  const test::TemporaryFolder folder;
  HeadlessWindow window;
  with_prompt(window);
  window.press(Key::e, kControl);
  window.click("export/file");
  window.press(Key::a, kControl);
  const std::string path = folder / "figure.pdf";
  window.type(std::u32string(path.begin(), path.end()));
  window.press(Key::enter);
  const auto bytes = read_file(path, 64 << 20);
  REQUIRE(bytes);
  CHECK(bytes->starts_with("%PDF"));
  CHECK(bytes->find("%%EOF") != std::string::npos);
  REQUIRE_FALSE(window.snapshot()->notices.empty());
  CHECK(window.snapshot()->notices.back().text.find(path) != std::string::npos);
  CHECK_FALSE(window.snapshot()->notices.back().is_error);
}

TEST_CASE("window: the export dialog does not write a file it cannot name") {
  const test::TemporaryFolder folder;
  HeadlessWindow window;
  with_prompt(window);
  window.press(Key::e, kControl);
  window.click("export/file");
  window.press(Key::a, kControl);
  const std::string path = folder / "figure.txt";
  window.type(std::u32string(path.begin(), path.end()));
  window.press(Key::enter);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(window.shell().item("export/file"));
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("export/file"));
}

TEST_CASE("window: a model that is refused leaves the open one as it is and says why") {
  HeadlessWindow window;
  with_prompt(window);
  const auto before = window.snapshot();
  window.input().push(InputEvent::drop("/nowhere/model"));
  window.settle();
  const auto after = window.snapshot();
  CHECK(after->model->path == before->model->path);
  CHECK(after->count() == before->count());
  REQUIRE_FALSE(after->notices.empty());
  CHECK(after->notices.back().is_error);
  CHECK(window.shell().item("status/notice"));
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("status/notice"));
}

TEST_CASE("window: a folder that is dropped is opened") {
  HeadlessWindow window;
  window.settle();
  CHECK(window.shell().item("start/builtin:prose"));
  window.input().push(InputEvent::drop(LAB_SOURCE_DIR "/assets/models/copy"));
  window.settle();
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->model->name == "copy");
  CHECK_FALSE(window.shell().item("start/builtin:prose"));
}

TEST_CASE("window: a card of the start page opens its model") {
  HeadlessWindow window;
  window.settle();
  window.click("start/builtin:flipflop");
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->model->path == "builtin:flipflop");
}

TEST_CASE("window: a study of the start page opens its model and does what it says") {
  HeadlessWindow window;
  window.settle();
  window.click("start/" LAB_SOURCE_DIR "/sessions/copy-forgets.statelab.json");
  REQUIRE(window.snapshot()->model);
  CHECK(window.snapshot()->model->path == "builtin:copy");
  CHECK(window.snapshot()->count() == 36);
  CHECK(window.snapshot()->edits->size() == 1);
}

TEST_CASE("window: F11 enlarges the pane under the mouse, and gives the others back") {
  HeadlessWindow window;
  with_prompt(window);
  const Box layer = window.item("layers/layer 0");
  window.move_to(layer.middle_x(), layer.middle_y());
  window.press(Key::f11);
  CHECK(window.item("layers/layer 0").w > 1200);
  CHECK_FALSE(window.shell().item("gutters/2"));
  CHECK(window.shell().item("tokens/token 0"));
  window.press(Key::f11);
  CHECK(window.item("layers/layer 0") == layer);
}

TEST_CASE("window: a gutter follows the mouse, and a double click brings its default back") {
  HeadlessWindow window;
  window.open("prose");
  const Box before = window.item("layers/layer 0"), gutter = window.item("gutters/2");
  const float x = gutter.middle_x(), y = gutter.middle_y();
  window.input().push(InputEvent::move(x, y));
  window.input().push(InputEvent::button(MouseButton::left, true));
  window.input().push(InputEvent::move(x + 64, y));
  window.settle();
  window.input().push(InputEvent::button(MouseButton::left, false));
  window.settle();
  CHECK(window.item("layers/layer 0").w == doctest::Approx(before.w + 64).epsilon(0.02));
  const Box moved = window.item("gutters/2");
  window.input().push(InputEvent::move(moved.middle_x(), moved.middle_y()));
  for (const bool down : {true, false, true, false}) window.input().push(InputEvent::button(MouseButton::left, down));
  window.settle();
  CHECK(window.item("layers/layer 0") == before);
}

TEST_CASE("window: Escape stops a run that has no end") {
  HeadlessWindow window;
  with_prompt(window);
  window.click_at(840, 20);
  window.input().push(InputEvent::key(Key::space, true));
  window.input().push(InputEvent::key(Key::space, false));
  const auto running = [&] { return window.snapshot()->state == EngineState::running; };
  for (int i = 0; i < 20000 && !running(); ++i) {
    if (window.shell().needs_frame(window.input())) window.frame();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  REQUIRE(running());
  window.press(Key::escape);
  CHECK(window.snapshot()->state == EngineState::paused);
}

TEST_CASE("window: nothing is drawn while nothing changes") {
  HeadlessWindow window;
  with_prompt(window);
  for (int i = 0; i < 50; ++i) {
    CHECK_FALSE(window.shell().needs_frame(window.input()));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_CASE("window: what the mouse points at and what a key asks of the engine is in the second picture after it") {
  HeadlessWindow window(1280, 720);
  window.open("prose");
  window.play({command::FeedText{"In the beginning"}, command::ReadWaiting{}});
  const Image at_rest = window.picture();
  window.input().push(InputEvent::move(500, 250));  // over the map of states
  window.frame();
  window.frame();
  CHECK(window.picture().pixels != at_rest.pixels);
  window.settle();
  const Image before = window.picture();
  const std::int64_t cursor = window.snapshot()->selection.cursor_a;
  window.input().push(InputEvent::key(Key::left, true));
  window.frame();
  while (!window.engine().idle()) std::this_thread::sleep_for(std::chrono::microseconds(100));
  window.frame();
  CHECK(window.snapshot()->selection.cursor_a == cursor - 1);
  CHECK(window.picture().pixels != before.pixels);
}

TEST_CASE("window: everything on the device can be made anew, to the same pixels") {
  HeadlessWindow window;
  with_prompt(window);
  window.move_to(1, 1);
  const Image before = window.picture();
  window.shell().rebuild_gl();
  window.move_to(2, 1);
  CHECK(window.picture().pixels == before.pixels);
}

TEST_CASE("window: the keys for size and theme change what is drawn, and their opposites take it back") {
  HeadlessWindow window;
  with_prompt(window);
  window.move_to(1, 1);
  const Image before = window.picture();
  window.press(Key::t, kControl);
  CHECK(window.picture().pixels != before.pixels);
  window.press(Key::t, kControl);
  CHECK(window.picture().pixels == before.pixels);
  window.press(Key::equal, kControl);
  CHECK(window.picture().pixels != before.pixels);
  window.press(Key::zero, kControl);
  CHECK(window.picture().pixels == before.pixels);
}

TEST_CASE("window: it closes when told to") {
  HeadlessWindow window;
  window.settle();
  window.press(Key::q, kControl);
  CHECK(window.shell().wants_to_close());
}

TEST_CASE("window: no size is too small to be drawn") {
  for (const auto& [width, height] : {std::pair(320, 240), std::pair(640, 400), std::pair(64, 48)}) {
    HeadlessWindow window(width, height);
    window.settle();
    window.open("flipflop");
    window.play({command::FeedTokens{{1, 2, 3}}, command::ReadWaiting{}});
    window.press(Key::f1);
    window.press(Key::e, kControl);
    CHECK(window.snapshot()->count() == 3);
  }
}

TEST_CASE("window: W opens the page of weights and closes it, and so do the bar and Escape") {
  HeadlessWindow window;
  window.open("prose");
  window.press(Key::w);
  const std::string first = window.snapshot()->model->tensors.front().name;
  CHECK(window.snapshot()->selection.tensor == first);
  CHECK(window.shell().item("tensors/" + first));
  CHECK_FALSE(window.shell().item("tokens/prompt"));
  window.press(Key::w);
  CHECK(window.snapshot()->selection.tensor.empty());
  CHECK(window.shell().item("tokens/prompt"));
  window.click("top/Weights");
  CHECK(window.snapshot()->selection.tensor == first);
  window.press(Key::escape);
  CHECK(window.snapshot()->selection.tensor.empty());
}

TEST_CASE("window: a tensor is found by words of its name, type and shape, and chosen by key or mouse") {
  HeadlessWindow window;
  window.open("prose");
  window.press(Key::w);
  window.press(Key::f, kControl);
  window.type(U"layers.1 PROJ f32");
  window.press(Key::down);
  CHECK(window.snapshot()->selection.tensor == "backbone.layers.1.mixer.in_proj.weight");
  CHECK_FALSE(window.shell().item("tensors/backbone.layers.0.mixer.in_proj.weight"));
  window.press(Key::down);
  CHECK(window.snapshot()->selection.tensor == "backbone.layers.1.mixer.out_proj.weight");
  window.press(Key::up);
  CHECK(window.snapshot()->selection.tensor == "backbone.layers.1.mixer.in_proj.weight");
  window.click("tensors/backbone.layers.1.mixer.out_proj.weight");
  CHECK(window.snapshot()->selection.tensor == "backbone.layers.1.mixer.out_proj.weight");
}

TEST_CASE("window: Ctrl+E on the page of weights exports the figure under the mouse") {
  const test::TemporaryFolder folder;
  HeadlessWindow window;
  window.open("prose");
  window.press(Key::w);
  const Box histogram = window.item("weight-values/weight-histogram");
  window.move_to(histogram.middle_x(), histogram.middle_y());
  window.press(Key::e, kControl);
  window.click("export/file");
  window.press(Key::a, kControl);
  const std::string path = folder / "values.csv";
  window.type(std::u32string(path.begin(), path.end()));
  window.press(Key::enter);
  const auto bytes = read_file(path, 1 << 20);
  REQUIRE(bytes);
  CHECK(bytes->starts_with("tensor,low,high,count\n" + window.snapshot()->selection.tensor));
}

TEST_CASE("window: V shows what a layer of attention attends to, and of weights their error") {
  HeadlessWindow window;
  window.shell().open(LAB_SOURCE_DIR "/tests/golden/granite-dense");
  window.settle();
  window.play({command::FeedTokens{{3, 14, 15, 92, 65}}, command::ReadWaiting{}, command::Select{0, 0, 0}});
  window.press(Key::v);
  CHECK_FALSE(window.shell().item("state-at/cells"));  // a layer of another kind
  window.play({command::Select{1, 0, 0}});
  window.press(Key::v);
  CHECK(window.shell().item("state-at/cells"));
  window.press(Key::v);
  CHECK_FALSE(window.shell().item("state-at/cells"));
  window.press(Key::w);
  CHECK(window.shell().item("weight-map/weight-heatmap"));
  window.press(Key::v);
  CHECK_FALSE(window.shell().item("weight-map/weight-heatmap"));  // nothing is compared with: it says so instead
}

TEST_CASE("window: another model's path compares the tensor with its twin there, and a wrong one says why not") {
  HeadlessWindow window;
  window.open("prose");
  window.press(Key::w);
  window.click("weight-values/against");
  window.type(U"/nowhere");
  window.press(Key::enter);
  CHECK(window.snapshot()->selection.against == "/nowhere");
  window.click("weight-values/against");
  window.press(Key::a, kControl);
  window.type(U"" LAB_SOURCE_DIR "/assets/models/prose");
  window.press(Key::enter);
  CHECK(window.snapshot()->selection.against == LAB_SOURCE_DIR "/assets/models/prose");
}

TEST_CASE("window: T opens the trials, whose switches hold from the next token on and can be undone") {
  HeadlessWindow window;
  window.open("../../tests/golden/llama");
  window.play({command::FeedTokens{{5, 9, 2}}, command::ReadWaiting{}});
  const auto trials = [&] { return trials_at(*window.snapshot()->edits, window.snapshot()->count()); };
  window.press(Key::t);
  window.click("trials/none");
  window.click("trials/itself alone");
  window.click("trials/layer 0 alone");
  CHECK(trials() == command::SetTrials{.rotary = "none", .no_cache = true, .only_layer = 0});
  window.click("trials/all at one");
  CHECK(trials().at_position == 0);
  CHECK(trials_at(*window.snapshot()->edits, 2) == command::SetTrials());
  window.click("trials/End all trials");
  CHECK(trials() == command::SetTrials());
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("trials/none"));
  window.press(Key::z, kControl);
  CHECK(trials().at_position == 0);
}

TEST_CASE("window: a model without attention offers to try a layer alone only") {
  HeadlessWindow window;
  window.open("prose");
  window.press(Key::t);
  CHECK_FALSE(window.shell().item("trials/none"));
  window.click("trials/layer 0 alone");
  CHECK(trials_at(*window.snapshot()->edits, 0).only_layer == 0);
}

TEST_CASE("window: every kind of model that is dropped is opened and reads tokens") {
  HeadlessWindow window;
  std::vector<std::filesystem::path> models;
  for (const auto& entry : std::filesystem::directory_iterator(LAB_SOURCE_DIR "/tests/golden"))
    if (std::filesystem::exists(entry.path() / "config.json")) models.push_back(entry.path());
  for (const auto& entry : std::filesystem::directory_iterator(LAB_SOURCE_DIR "/tests/golden/gguf"))
    if (entry.path().extension() == ".gguf") models.push_back(entry.path());
  CHECK(models.size() > 30);
  for (const auto& model : models) {
    CAPTURE(model.string());
    window.input().push(InputEvent::drop(model.string()));
    window.settle();
    REQUIRE(window.snapshot()->model);
    CHECK(window.snapshot()->model->path == model.string());
    window.play({command::FeedTokens{{1, 5, 2}}, command::ReadWaiting{}});
    CHECK(window.snapshot()->count() == 3);
    CHECK(window.snapshot()->fault.empty());
  }
}

TEST_CASE("window: Ctrl+3 shows the Monitor, Ctrl+2 the weights, Ctrl+1 the run, and W goes back to where it was") {
  HeadlessWindow window;
  with_prompt(window);
  const auto shown = [&](const char* item) { return window.shell().item(item).has_value(); };
  CHECK(shown("layers/layer 1"));
  window.press(Key::three, kControl);
  CHECK(shown("rules/check 0"));
  CHECK_FALSE(shown("layers/layer 1"));
  window.click_at(840, 20);
  window.press(Key::w);
  CHECK_FALSE(shown("rules/check 0"));
  CHECK_FALSE(window.snapshot()->selection.tensor.empty());
  window.press(Key::w);
  CHECK(shown("rules/check 0"));
  window.press(Key::two, kControl);
  CHECK_FALSE(window.snapshot()->selection.tensor.empty());
  window.press(Key::one, kControl);
  CHECK(window.snapshot()->selection.tensor.empty());
  CHECK(shown("layers/layer 1"));
  window.click("top/Monitor");
  CHECK(shown("rules/check 0"));
  window.click("top/Inspect");
  CHECK(shown("layers/layer 1"));
}

TEST_CASE("window: an alert of the table moves the cursor and the layer; muting its rule switches it off, its box on again") {
  HeadlessWindow window(1600, 1000);
  window.open("prose");
  Rule high = default_rule(*find_rule_kind("norm-high"));
  high.on = true, high.limit = 1;
  window.play({command::UseRules{"document 2"}, command::SetRule{2, high}, command::FeedText{"The state of the art, and so on and on."}, command::ReadWaiting{}});
  window.press(Key::three, kControl);
  REQUIRE(window.shell().item("alert-table/alert 0"));
  window.click("alert-table/alert 0");
  const Selection before = window.snapshot()->selection;
  CHECK(before.cursor_a < window.snapshot()->count() - 1);
  const auto rules_on = [&] { return std::ranges::count_if(*window.snapshot()->rules, &Rule::on); };
  const auto all = rules_on();
  window.click("response/mute");
  CHECK(rules_on() == all - 1);
  const auto& rules = *window.snapshot()->rules;
  const auto muted = std::ranges::find(rules, false, &Rule::on) - rules.begin();
  window.click("rules/check " + std::to_string(muted));
  CHECK(rules_on() == all);
}

TEST_CASE("window: N goes to the next alert and Shift+N to the one before, and stays where there is none") {
  HeadlessWindow window;
  window.open("prose");
  Rule high = default_rule(*find_rule_kind("norm-high"));
  high.on = true, high.limit = 1, high.dead_tokens = 8;
  window.play({command::UseRules{"document 2"}, command::SetRule{2, high}, command::FeedText{"The state of the art, and so on and on."}, command::ReadWaiting{},
               command::Seek{0, "a"}});
  std::vector<std::int64_t> places{0};
  for (int i = 0; i < 50; ++i) {
    window.press(Key::n);
    const std::int64_t at = window.snapshot()->selection.cursor_a;
    if (at == places.back()) break;
    CHECK(at > places.back());
    places.push_back(at);
  }
  REQUIRE(places.size() > 2);
  CHECK(places.size() < 50);
  for (std::size_t i = places.size() - 1; i-- > 0;) {
    window.press(Key::n, {.shift = true});
    CHECK(window.snapshot()->selection.cursor_a == places[i]);
  }
}

TEST_CASE("window: a range is named from the keyboard alone, found by the palette, renamed, removed, and all is undone") {
  HeadlessWindow window;
  window.open("prose");
  window.play({command::FeedText{"The state of the art"}, command::ReadWaiting{}, command::Seek{4, "b"}, command::Seek{8, "a"}});
  window.press(Key::r);
  window.type(U"a word");
  window.press(Key::enter);
  const auto ranges = [&] { return *window.snapshot()->ranges; };
  CHECK(ranges() == std::vector<NamedRange>{{"a word", 4, 9}});
  CHECK(window.shell().item("transport/range 0"));
  window.press(Key::end);
  window.press(Key::k, {.control = true});
  window.type(U"range a word");
  window.press(Key::enter);
  CHECK(window.snapshot()->selection.cursor_a == 4);
  window.press(Key::f2);
  window.press(Key::a, kControl);
  window.type(U"state");
  window.press(Key::enter);
  CHECK(ranges() == std::vector<NamedRange>{{"state", 4, 9}});
  window.press(Key::del);
  CHECK(ranges().empty());
  window.press(Key::z, kControl);
  CHECK(ranges() == std::vector<NamedRange>{{"state", 4, 9}});
  window.press(Key::r);
  window.press(Key::escape);  // leaves the page alone
  CHECK_FALSE(window.shell().item("transport/range name"));
  CHECK(window.snapshot()->selection.cursor_b == 4);
}

TEST_CASE("window: Shift and a drag over tokens open the page that names them, and a click there does it") {
  HeadlessWindow window;
  with_prompt(window);
  const Box from = window.item("tokens/token 4"), to = window.item("tokens/token 8");
  window.input().push(InputEvent::key(Key::left_shift, true));
  window.input().push(InputEvent::move(from.middle_x(), from.middle_y()));
  window.input().push(InputEvent::button(MouseButton::left, true));
  window.input().push(InputEvent::move(to.middle_x(), to.middle_y()));
  window.input().push(InputEvent::button(MouseButton::left, false));
  window.input().push(InputEvent::key(Key::left_shift, false));
  window.settle();
  window.type(U"state");
  window.click("transport/Name");
  CHECK(*window.snapshot()->ranges == std::vector<NamedRange>{{"state", 4, 9}});
}

TEST_CASE("window: the space bar plays to the last token and there lets the model go on; Escape stops it") {
  HeadlessWindow window;
  with_prompt(window);
  window.click_at(840, 20);
  const std::int64_t count = window.snapshot()->count();
  window.press(Key::home);
  window.press(Key::s);
  window.click("transport/rate");
  window.click("transport/full speed");
  window.press(Key::escape);
  window.press(Key::space);  // settles when it has been played
  CHECK(window.snapshot()->selection.cursor_a == count - 1);
  CHECK(window.snapshot()->count() == count);
  window.input().push(InputEvent::key(Key::space, true));
  while (window.snapshot()->count() < count + 3) window.frame();
  window.input().push(InputEvent::key(Key::space, false));
  window.input().push(InputEvent::key(Key::escape, true));
  window.settle();
  CHECK(window.snapshot()->state == EngineState::paused);
  CHECK(window.snapshot()->selection.cursor_a == window.snapshot()->count() - 1);
}

TEST_CASE("window: Ctrl+F searches the tokens; Enter, F3 and Shift+F3 go from place to place; Escape closes the search") {
  HeadlessWindow window;
  window.open("prose");
  window.play({command::FeedText{"the cat and the dog and the owl"}, command::ReadWaiting{}, command::Seek{0, "a"}});
  const auto at = [&] { return window.snapshot()->selection.cursor_a; };
  window.press(Key::f, kControl);
  window.type(U"and the");
  window.press(Key::enter);
  CHECK(at() == 8);
  window.press(Key::enter);
  CHECK(at() == 20);
  window.press(Key::f3);
  CHECK(at() == 8);
  window.press(Key::f3, {.shift = true});
  CHECK(at() == 20);
  window.press(Key::escape);
  CHECK_FALSE(window.shell().item("tokens/token search"));
  CHECK(window.shell().item("tokens/prompt"));
}

TEST_CASE("window: B sets cursor B, X swaps the two, Shift+B and Escape take B away") {
  HeadlessWindow window;
  with_prompt(window);
  window.click_at(840, 20);
  const auto cursors = [&] { return std::pair(window.snapshot()->selection.cursor_a, window.snapshot()->selection.cursor_b); };
  window.click("tokens/token 3");
  window.press(Key::b);
  window.press(Key::right);
  CHECK(cursors() == std::pair<std::int64_t, std::int64_t>{4, 3});
  window.press(Key::x);
  CHECK(cursors() == std::pair<std::int64_t, std::int64_t>{3, 4});
  window.press(Key::b, {.shift = true});
  CHECK(cursors() == std::pair<std::int64_t, std::int64_t>{3, -1});
  window.press(Key::b);
  window.press(Key::escape);
  CHECK(cursors() == std::pair<std::int64_t, std::int64_t>{3, -1});
}

TEST_CASE("window: Escape closes lists, menus and pages, and nothing else with them") {
  HeadlessWindow window;
  with_prompt(window);
  window.click_at(840, 20);
  window.press(Key::b);
  for (const auto& [opens, inside] : {std::pair("tokens/strip-more", "tokens/Swap A and B"), std::pair("tokens/measure", "tokens/entropy"),
                                      std::pair("transport/playback", "transport/Greedy")}) {
    window.click(opens);
    CHECK(window.shell().item(inside));
    window.press(Key::escape);
    CHECK_FALSE(window.shell().item(inside));
    CHECK(window.snapshot()->selection.cursor_b >= 0);
  }
  window.press(Key::escape);
  CHECK(window.snapshot()->selection.cursor_b == -1);
}

TEST_CASE("window: on the layer clock an arrow goes a layer further, and on to the next token") {
  HeadlessWindow window;
  with_prompt(window);
  window.click_at(840, 20);
  window.click("tokens/token 3");
  window.press(Key::c);
  const auto layers = static_cast<std::int64_t>(window.snapshot()->model->layers.size());
  for (std::int64_t i = 0; i < layers - window.snapshot()->selection.layer; ++i) window.press(Key::right);
  for (std::int64_t i = 1; i < layers; ++i) window.press(Key::right);
  CHECK(window.snapshot()->selection.cursor_a == 4);
}

TEST_CASE("window: tokens are coloured by surprise once it has been computed") {
  HeadlessWindow window;
  with_prompt(window);
  const Image before = window.picture();
  window.press(Key::k, kControl);
  window.type(U"coloured by surprise");
  window.press(Key::enter);
  CHECK(window.picture().pixels != before.pixels);
}

TEST_CASE("window: / filters the layers, O sorts them, and [ and ] walk through what the list shows") {
  HeadlessWindow window(1600, 1000);
  with_prompt(window);
  window.play({command::Select{3, 0, 0}});
  window.press(Key::slash);
  window.type(U"l1-2");
  CHECK(window.shell().item("layers/layer 1"));
  CHECK_FALSE(window.shell().item("layers/layer 3"));
  window.click("state-over-time/cells");  // takes the keyboard from the field
  window.press(Key::right_bracket);
  CHECK(window.snapshot()->selection.layer == 1);
  window.press(Key::right_bracket);
  CHECK(window.snapshot()->selection.layer == 2);
  window.press(Key::right_bracket);
  CHECK(window.snapshot()->selection.layer == 2);
  window.press(Key::o);
  const auto& trace = *window.snapshot()->trace;
  const auto norm = [&](int layer) { return trace.statistic(layer, Statistic::h_norm, window.snapshot()->selection.cursor_a).mean; };
  CHECK((window.item("layers/layer 1").y < window.item("layers/layer 2").y) == (norm(1) >= norm(2)));
}

TEST_CASE("window: Up and Down select the row above and below, comma and point the state index, with Shift the head") {
  HeadlessWindow window;
  with_prompt(window);
  window.play({command::Select{1, 40, 5}});  // heads of 32 channels
  window.press(Key::period);
  CHECK(window.snapshot()->selection.state == 6);
  window.press(Key::comma);
  window.press(Key::comma);
  CHECK(window.snapshot()->selection.state == 4);
  window.press(Key::period, {.shift = true});
  CHECK(window.snapshot()->selection.channel == 72);
  window.press(Key::comma, {.shift = true});
  CHECK(window.snapshot()->selection.channel == 40);
  window.press(Key::down);
  const std::int64_t below = window.snapshot()->selection.channel;
  CHECK(below != 40);
  window.press(Key::up);
  CHECK(window.snapshot()->selection.channel == 40);
}

TEST_CASE("window: I opens the index map, and an offset typed there goes to its token and cell") {
  HeadlessWindow window(1600, 1000);
  with_prompt(window);
  window.play({command::Select{1, 0, 0}});
  window.press(Key::i);
  const std::int64_t cells = 12 * 32 * 32;
  const std::string typed = std::to_string(3 * cells + (2 * 32 + 7) * 32 + 9);
  window.press(Key::a, kControl);
  window.type(std::u32string(typed.begin(), typed.end()));
  window.press(Key::enter);
  const Selection& at = window.snapshot()->selection;
  CHECK((at.cursor_a == 3 && at.channel == 2 * 32 + 7 && at.state == 9));
}

TEST_CASE("window: L keeps the range of the pane under the mouse, E explains it, Shift+F10 opens its menu") {
  HeadlessWindow window(1600, 1000);
  with_prompt(window);
  const Box cells = window.item("state-over-time/cells");
  window.move_to(cells.middle_x(), cells.middle_y());
  window.press(Key::f10, {.shift = true});
  CHECK(window.shell().item("state-over-time/Lock range"));
  window.press(Key::escape);
  window.click_at(cells.middle_x(), cells.y + 5);
  window.press(Key::l);
  window.press(Key::f10, {.shift = true});
  CHECK(window.shell().item("state-over-time/Unlock range"));
}

TEST_CASE("window: F6 takes panes in hand one after the other, keys are about that one, and the mouse takes over when it moves") {
  HeadlessWindow window(1600, 1000);
  with_prompt(window);
  const Box cells = window.item("state-over-time/cells");
  window.move_to(cells.middle_x(), cells.middle_y());
  const auto menu_of = [&](const char* item) {
    window.press(Key::f10, {.shift = true});
    const bool is_there = window.shell().item(item).has_value();
    window.press(Key::escape);
    return is_there;
  };
  CHECK(menu_of("state-over-time/Lock range"));
  int panes = 0;
  while (++panes < 20) {
    window.press(Key::f6);
    if (menu_of("pca/Show all")) break;
  }
  CHECK(panes < 12);
  CHECK_FALSE(menu_of("state-over-time/Lock range"));
  window.press(Key::f6, {.shift = true});
  CHECK_FALSE(menu_of("pca/Show all"));
  window.move_to(cells.middle_x() + 5, cells.middle_y());
  CHECK(menu_of("state-over-time/Lock range"));
}

TEST_CASE("window: the heatmap, the curves and the lanes below have one time axis to the pixel, zoomed in too") {
  for (const auto& [width, height] : {std::pair{1600, 1000}, {1280, 800}, {1920, 1080}}) {
    CAPTURE(width);
    HeadlessWindow window(width, height);
    with_prompt(window);
    for (const command::ShowRange range : {command::ShowRange{0, 0}, {3, 17}}) {
      window.play({range});
      const Box cells = window.item("state-over-time/cells"), curves = window.item("curves/plot"), lanes = window.item("transport/time");
      CHECK((cells.x == curves.x && cells.right() == curves.right()));
      CHECK((cells.x == lanes.x && cells.right() == lanes.right()));
      for (const Box& pane : {cells, curves}) {
        window.click_at(pane.x + pane.w * 0.55f, pane.middle_y());
        const std::int64_t token = window.snapshot()->selection.cursor_a, first = range.first, last = range.last > 0 ? range.last : window.snapshot()->count();
        CHECK(token == first + static_cast<std::int64_t>(std::floor(0.55 * static_cast<double>(last - first))));
      }
    }
  }
}

TEST_CASE("window: a rule is added, measured beside its controls, switched off and removed, and all but the measuring is undone") {
  HeadlessWindow window(1600, 1000);
  window.open("copy");
  window.play({command::FeedText{"· · A · · · C · · B · · · · N · · · · · · · · · · · · · · · · · ? ? ? ?"}, command::SetIntervention{0, {.operation = "block_write", .layers = "1", .first = 2, .last = 6}},
               command::ReadWaiting{}});
  window.press(Key::k, {.control = true});
  window.type(U"edits and interventions");
  window.press(Key::enter);
  CHECK(window.shell().item("interventions/rule 0"));
  window.click("interventions/rule 0");
  window.click("interventions/run");
  CHECK(window.snapshot()->controls == command::RunControls{0, 3});
  CHECK(window.shell().item("interventions/run"));  // it has been measured: nothing is left to stop
  CHECK_FALSE(window.shell().item("interventions/stop"));
  const auto present = [&] { return *interventions_at(*window.snapshot()->edits, window.snapshot()->count()); };
  window.click("interventions/on 0");
  CHECK_FALSE(present()[0].on);
  window.press(Key::z, {.control = true});
  CHECK(present()[0].on);
  window.press(Key::k, {.control = true});
  window.type(U"remove block the write");
  window.press(Key::enter);
  CHECK(present().empty());
}
