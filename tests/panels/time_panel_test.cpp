// The time panel: what moves, the lanes, named ranges, both cursors in numbers.
#include <doctest/doctest.h>
#include <imgui.h>

#include <cmath>

#include "tests/panels/window.h"
#include "views/panels/clock.h"
#include "views/panels/kept.h"
#include "views/panels/ranges.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

namespace {

constexpr Box kWide{0, 0, 1600, 360}, kNarrow{0, 0, 1280, 100};  // lists and pages open within

/// Two named ranges, the second within the first.
void name_two(HandMade& made) {
  made.snapshot.ranges = std::make_shared<const std::vector<NamedRange>>(std::vector<NamedRange>{{"chapter", 0, 20}, {"verse", 5, 10}});
}

/// Seconds at which tokens had been read: pairs read at once.
void time_pairs(HandMade& made) {
  RowLog<double> times;
  for (std::int64_t t = 0; t < made.snapshot.count(); ++t) times.append()[0] = 0.5 * static_cast<double>(t / 2);
  made.snapshot.times = times.view();
}

/// Presses at one place with Shift held, and lets go at another.
void shift_drag(Window& window, const char* pane, float x0, float x1, float y) {
  ImGuiIO& io = ImGui::GetIO();
  io.KeyShift = true;
  io.MousePos = {x0, y};
  window.frames(pane, 2);
  io.MouseDown[0] = true;
  window.frame(pane);
  io.MousePos.x = x1;
  window.frames(pane, 2);
  io.MouseDown[0] = false;
  window.frames(pane, 2);
  io.KeyShift = false;
}

/// Types into the field that has the keyboard.
void type(Window& window, const char* text) {
  window.frames("transport");
  ImGui::GetIO().AddInputCharactersUTF8(text);
  window.frames("transport");
}

std::vector<std::string> texts(const std::vector<Command>& sent) {
  std::vector<std::string> all;
  for (const Command& command : sent) all.push_back(json_of(command));
  return all;
}

}  // namespace

TEST_CASE("transport: step goes to the next token, and at the end steps the model") {
  HandMade made;
  made.snapshot.selection.cursor_a = 1;
  Window window(made, kWide);
  window.click("transport", "step");
  CHECK(only<command::Seek>(window.sent).token == 2);
  window.sent.clear();
  made.snapshot.selection.cursor_a = 4;
  window.click("transport", "step");
  CHECK(only<command::Step>(window.sent).count == 1);
}

TEST_CASE("transport: the large button plays what is there, lets the model go on at its end, pauses what moves") {
  HandMade made;
  Window window(made, kWide);
  window.memory.rate = 4;
  window.click("transport", "run");
  CHECK(only<command::Run>(window.sent).rate == 4);
  window.sent.clear();
  made.snapshot.selection.cursor_a = 2;
  window.click("transport", "run");
  CHECK(only<command::Play>(window.sent).rate == 4);
  window.sent.clear();
  made.snapshot.plays = true;
  window.click("transport", "run");
  only<command::Pause>(window.sent);
  window.sent.clear();
  made.snapshot.plays = false, made.snapshot.state = EngineState::running;
  window.click("transport", "run");
  only<command::Pause>(window.sent);
}

TEST_CASE("time state: three states, and a fourth while the run grows and the cursor looks elsewhere") {
  HandMade made;
  Snapshot& snapshot = made.snapshot;
  CHECK(time_state(snapshot) == TimeState::paused);
  snapshot.state = EngineState::running;
  CHECK(time_state(snapshot) == TimeState::follow);
  snapshot.selection.cursor_a = 2;
  CHECK(time_state(snapshot) == TimeState::away);
  snapshot.plays = true;
  CHECK(time_state(snapshot) == TimeState::play);
  snapshot.state = EngineState::paused;
  CHECK(time_state(snapshot) == TimeState::play);
}

TEST_CASE("transport: Paused, Play and Follow do what they say; Play has no way at the last token") {
  HandMade made;
  made.snapshot.selection.cursor_a = 1;
  Window window(made, kWide);
  window.click("transport", "Paused");
  CHECK(window.sent.empty());
  window.click("transport", "Play");
  CHECK(only<command::Play>(window.sent).by == "token");
  window.sent.clear();
  window.click("transport", "Follow");
  CHECK(texts(window.sent) == std::vector<std::string>{json_of(command::Seek{4, "a"}), json_of(command::Run{8, 0})});
  window.sent.clear();
  made.snapshot.state = EngineState::running;
  window.click("transport", "Paused");
  only<command::Pause>(window.sent);
  window.sent.clear();
  made.snapshot.selection.cursor_a = 4;
  window.click("transport", "Play");
  CHECK(window.sent.empty());
}

TEST_CASE("transport: the button beside the large one plays back, pauses that, and has no way before the first token") {
  HandMade made;
  made.snapshot.selection.cursor_a = 3;
  Window window(made, kWide);
  window.memory.rate = 4;
  window.click("transport", "play-back");
  CHECK(texts(window.sent) == std::vector<std::string>{json_of(command::Play{4, "token", true})});
  window.sent.clear();
  made.snapshot.plays = made.snapshot.plays_back = true;
  CHECK(time_state(made.snapshot) == TimeState::back);
  window.click("transport", "rate");
  window.click("transport", "2 tok/s");
  CHECK(only<command::Play>(window.sent).back);  // another speed, the same way
  window.sent.clear();
  window.click("transport", "play-back");
  only<command::Pause>(window.sent);
  window.sent.clear();
  made.snapshot.plays = made.snapshot.plays_back = false, made.snapshot.selection.cursor_a = -1;
  window.click("transport", "play-back");
  CHECK(window.sent.empty());
}

TEST_CASE("transport: a narrow one has the states in a list") {
  HandMade made;
  made.snapshot.selection.cursor_a = 1;
  Window window(made, {0, 0, 1280, 300});
  window.click("transport", "state");
  window.click("transport", "Play");
  CHECK_FALSE(only<command::Play>(window.sent).back);
  window.sent.clear();
  window.click("transport", "state");
  window.click("transport", "Play back");
  CHECK(only<command::Play>(window.sent).back);
}

TEST_CASE("transport: another speed holds at once for what plays and for what runs") {
  HandMade made;
  Window window(made, kWide);
  window.click("transport", "rate");
  window.click("transport", "32 tok/s");
  CHECK(window.memory.rate == 32);
  CHECK(window.sent.empty());
  made.snapshot.plays = true;
  window.click("transport", "rate");
  window.click("transport", "2 tok/s");
  CHECK(only<command::Play>(window.sent).rate == 2);
}

TEST_CASE("playback: sampling is sent when it was changed, and the way back is there") {
  const HandMade made;
  Window window(made, kWide);
  window.memory.playback = true;
  window.frames("transport");
  window.click("transport", "Greedy");
  CHECK(only<command::SetSampling>(window.sent).sampling.greedy);
  window.sent.clear();
  window.click("transport", "Take back");
  CHECK(only<command::TakeBack>(window.sent).count == 1);
  window.sent.clear();
  window.click("transport", "Reset");
  only<command::Reset>(window.sent);
}

TEST_CASE("clock: layer steps count every layer of every token, and seconds those until a token had been read") {
  HandMade made(9);
  time_pairs(made);
  const Snapshot& s = made.snapshot;
  CHECK(clock_text(s, TimeClock::token, 7) == "7");
  CHECK(clock_text(s, TimeClock::layer, 7) == "15");  // two layers, the second is selected
  CHECK(clock_text(s, TimeClock::wall, 7) == "1.50 s");
  CHECK(clock_text(s, TimeClock::wall, -1) == "start");
  CHECK(token_at(s, TimeClock::layer, 14) == 7);
  CHECK(token_at(s, TimeClock::wall, 1.5) == 6);  // the first that had been read by then
  CHECK(token_at(s, TimeClock::wall, 1.6) == 8);
  CHECK(std::isnan(clock_value(HandMade(3).snapshot, TimeClock::wall, 1)));  // no times were recorded
  CHECK(seconds_text(0.0423) == "42.3 ms");
  CHECK(seconds_text(205.4) == "205 s");
}

TEST_CASE("transport: every clock draws its axis, with times and without") {
  HandMade timed(30);
  time_pairs(timed);
  const HandMade untimed(30);
  for (const HandMade* made : {static_cast<const HandMade*>(&timed), &untimed})
    for (const TimeClock clock : {TimeClock::token, TimeClock::layer, TimeClock::wall}) {
      Window window(*made, kWide);
      window.memory.clock = clock;
      window.frames("transport");
      CHECK(window.has_item("transport/time"));
      CHECK(window.sent.empty());
    }
}

TEST_CASE("transport: the time axis continues that of the heatmap above") {
  const HandMade made(30);
  Window window(made, {0, 0, 1600, 300});
  window.frames("transport");
  window.memory.kept->time = {330, 1230, -0.5, 29.5};
  window.frames("transport");
  const Box axis = window.ui.items["transport/time"];
  CHECK(axis.x == 330);
  CHECK(axis.right() == 1230);
  window.click_at("transport", 330 + 900 * (10.5f / 30), axis.middle_y());
  CHECK(std::get<command::Seek>(window.sent.front()).token == 10);
}

TEST_CASE("lanes: an edit can be pointed at, a reset of the whole state has a lane of its own, a trial is a bar") {
  HandMade made(30);
  made.snapshot.edits = std::make_shared<const std::vector<EditEvent>>(
      std::vector<EditEvent>{{5, "zero state of layer 1", 1, {}, "zero L1"}, {9, "zero state of all layers", -1, {}, "zero", true},
                             {12, "no cache", -1, command::SetTrials{.no_cache = true}, "no cache"}, {18, "end trials", -1, command::SetTrials{}, "end trials"}});
  {
    Window window(made, kWide);
    window.frames("transport");
    CHECK(window.has_item("transport/start"));
    CHECK(window.has_item("transport/edit 0"));
    CHECK(window.has_item("transport/reset 1"));
    CHECK_FALSE(window.has_item("transport/edit 1"));
    CHECK_FALSE(window.has_item("transport/edit 3"));
    const Box axis = window.ui.items["transport/time"], bar = window.ui.items["transport/edit 2"];
    const float token = axis.w / 30;
    CHECK(bar.x == doctest::Approx(axis.x + 12 * token));
    CHECK(bar.right() == doctest::Approx(axis.x + 18 * token));
  }
  Window low(made, kNarrow);  // no room for two lanes
  low.frames("transport");
  CHECK(low.has_item("transport/edit 1"));
  CHECK_FALSE(low.has_item("transport/reset 1"));
}

TEST_CASE("ranges: a Shift-drag on the time axis opens a page, and what is typed there names the tokens") {
  HandMade made(30);
  made.snapshot.ranges = std::make_shared<const std::vector<NamedRange>>();
  Window window(made, kWide);
  window.frames("transport");
  const Box axis = window.ui.items["transport/time"];
  const float token = axis.w / 30;
  shift_drag(window, "transport", axis.x + 20.5f * token, axis.x + 12.5f * token, axis.middle_y());  // backwards
  CHECK(window.sent.empty());
  REQUIRE(window.memory.draft.is_open);
  CHECK(window.memory.draft.first == 12);
  CHECK(window.memory.draft.last == 21);
  window.click("transport", "Name");
  CHECK(window.sent.empty());  // it has no name yet
  window.memory.draft.name = "bread";
  window.click("transport", "Name");
  CHECK(texts(window.sent) == std::vector<std::string>{json_of(command::SetRange{0, "bread", 12, 21})});
  CHECK_FALSE(window.memory.draft.is_open);
  CHECK(window.memory.range == 0);
}

TEST_CASE("ranges: the tokens can be typed, and what is no range cannot be named") {
  HandMade made(30);
  name_two(made);
  Window window(made, kWide);
  window.frames("transport");
  begin_naming(window.memory.draft, 3, 8);
  window.frames("transport");
  type(window, "it");
  for (const auto& [first, last] : {std::pair("8", "7"), std::pair("-1", "4"), std::pair("2", "30"), std::pair("2", "x"), std::pair("", "4")}) {
    window.memory.kept->first_text = first, window.memory.kept->last_text = last;
    window.click("transport", "Name");
    CHECK(window.sent.empty());
  }
  window.memory.kept->first_text = "7", window.memory.kept->last_text = "7";
  window.click("transport", "Name");
  CHECK(json_of(only<command::SetRange>(window.sent)) == json_of(command::SetRange{2, "it", 7, 8}));
}

TEST_CASE("ranges: a click goes to one, also where another lies below; a double click shows nothing else") {
  HandMade made(30);
  name_two(made);
  Window window(made, kWide);
  window.frames("transport");
  CHECK(window.ui.items["transport/range 1"].x > window.ui.items["transport/range 0"].x);
  window.click("transport", "range 1");
  CHECK(only<command::Seek>(window.sent).token == 5);
  CHECK(window.memory.range == 1);
  window.frames("transport", 40);
  window.sent.clear();
  const Box chapter = window.ui.items["transport/range 0"];
  window.click_at("transport", chapter.x + 5, chapter.middle_y());
  CHECK(only<command::Seek>(window.sent).token == 0);
  CHECK(window.memory.range == 0);
  window.sent.clear();
  window.click_at("transport", chapter.x + 5, chapter.middle_y());
  REQUIRE_FALSE(window.sent.empty());
  CHECK(std::get<command::ShowRange>(window.sent[0]).last == 20);
}

TEST_CASE("ranges: the menu puts the cursors on the ends, renames and removes") {
  HandMade made(30);
  name_two(made);
  Window window(made, kWide);
  const auto choose = [&](const char* item) {
    window.frames("transport");
    const Box verse = window.ui.items["transport/range 1"];
    window.click_at("transport", verse.middle_x(), verse.middle_y(), 1);
    window.click("transport", item);
  };
  choose("Cursors to its ends");
  CHECK(texts(window.sent) == std::vector<std::string>{json_of(command::Seek{5, "b"}), json_of(command::Seek{9, "a"})});
  window.sent.clear();
  choose("Rename…");
  window.frames("transport");
  CHECK(window.memory.draft.name == "verse");
  type(window, "line");  // what was there is selected
  window.click("transport", "Rename");
  CHECK(json_of(only<command::SetRange>(window.sent)) == json_of(command::SetRange{1, "line", 5, 10}));
  window.sent.clear();
  choose("Remove the name");
  CHECK(only<command::RemoveRange>(window.sent).index == 1);
}

TEST_CASE("ranges: one beyond the end of a run that was taken back is not drawn, one across it ends with the run") {
  HandMade made(8);
  made.snapshot.ranges = std::make_shared<const std::vector<NamedRange>>(std::vector<NamedRange>{{"all", 2, 40}, {"gone", 9, 12}});
  Window window(made, kWide);
  window.frames("transport");
  const Box axis = window.ui.items["transport/time"], all = window.ui.items["transport/range 0"];
  CHECK(all.right() <= axis.right());
  CHECK_FALSE(window.has_item("transport/range 1"));
}

TEST_CASE("ranges: their numbers are those of the tokens within, without what is no number") {
  HandMade made(30);
  made.trace->nan_at = 7;
  Window window(made, kWide);
  window.frames("transport");
  int unused = 0;
  ImGuiPainter painter(std::make_unique<lab::test::CountedTextures>(unused));
  PaneContext context{made.snapshot, made.derived, window.memory, painter, [](Command) {}, [](const std::string&) {}};
  const RangeNumbers numbers = numbers_of(context, Statistic::h_norm, 5, 10);
  const double at_5 = static_cast<double>(made.trace->statistic(1, Statistic::h_norm, 5).mean);
  CHECK(numbers.low == at_5);
  CHECK(numbers.high == at_5 + 1);
  CHECK(numbers.mean == doctest::Approx(at_5 + (0 + 0.25 + 0.75 + 1) / 4));
  CHECK(std::isnan(numbers_of(context, Statistic::h_norm, 7, 8).mean));
}

TEST_CASE("cursor table: the cosine of what was computed for these cursors, and a dash until it is") {
  HandMade made(30);
  auto pair = std::make_shared<CursorPair>();
  auto b = std::make_shared<StateFrame>(*made.frame);
  b->position = made.snapshot.selection.cursor_b + 1;
  pair->a = made.frame, pair->b = b, pair->cosine = 0.399, pair->distance = 2;
  made.derived.pair = pair;
  Window window(made, kWide);
  window.frames("transport");
  CHECK(window.has_item("transport/cosine"));
  name_two(made);
  window.memory.range = 1;
  window.frames("transport");
  CHECK(window.has_item("transport/range numbers"));
  made.snapshot.selection.cursor_b = -1;
  window.ui.items.clear();
  window.frames("transport");
  CHECK_FALSE(window.has_item("transport/cosine"));
}
