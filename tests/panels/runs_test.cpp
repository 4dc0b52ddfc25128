// Who wrote a state, the tree of runs, notes, breakpoints and the ruler of how far back a cell sees.
#include <doctest/doctest.h>
#include <imgui.h>

#include <cmath>

#include "tests/panels/window.h"
#include "views/panels/edit_target.h"
#include "views/panels/kept.h"
#include "views/panels/notes.h"
#include "views/panels/run_look.h"
#include "views/panels/strip.h"
#include "views/panels/who_wrote.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

namespace {

constexpr Box kTall{0, 0, 640, 740}, kTime{0, 0, 1600, 360}, kTree{0, 0, 980, 420};

template <class T>
const T& sent_at(const Window& window, std::size_t i) {
  REQUIRE(i < window.sent.size());
  REQUIRE_MESSAGE(std::holds_alternative<T>(window.sent[i]), json_of(window.sent[i]));
  return std::get<T>(window.sent[i]);
}

void type(Window& window, const char* pane, const char* text) {
  window.frames(pane);
  ImGui::GetIO().AddInputCharactersUTF8(text);
  window.frames(pane);
}

}  // namespace

TEST_CASE("lanes: edits of all runs are marks in the colours of their runs, each once, and a click goes to the run of one") {
  HandMade made(30);
  made.fork_one();
  Snapshot& snapshot = made.snapshot;
  const EditEvent early{1, "zero state of layer 0", 0, {}, "zero L0"}, late{9, "zero state of layer 1", 1, {}, "zero L1"};
  const EditEvent forked{5, "no cache", -1, command::SetTrials{.no_cache = true}, "no cache"}, reset{7, "zero state of all layers", -1, {}, "zero", true};
  snapshot.runs[0].edits = snapshot.edits = std::make_shared<const std::vector<EditEvent>>(std::vector<EditEvent>{early, late});
  snapshot.runs[1].edits = std::make_shared<const std::vector<EditEvent>>(std::vector<EditEvent>{early, forked, reset});
  CHECK(maker_of(snapshot, snapshot.runs[1], early) == 0);
  CHECK(maker_of(snapshot, snapshot.runs[1], forked) == 1);
  Window window(made, kTime);
  const auto mark = [&](const char* name) { return window.ui.items["transport/" + std::string(name)]; };
  window.frames("transport");
  for (const char* own : {"edit 0", "edit 1"}) {
    CHECK(window.has_ink(mark(own), run_color(kDarkTheme, snapshot, 0)));
    CHECK_FALSE(window.has_ink(mark(own), run_color(kDarkTheme, snapshot, 1)));
  }
  for (const char* other : {"edit 1 of run 1", "edit 2 of run 1"}) CHECK(window.has_ink(mark(other), run_color(kDarkTheme, snapshot, 1)));
  CHECK_FALSE(window.has_item("transport/edit 0 of run 1"));  // of the past that both share
  window.click("transport", "edit 2 of run 1");
  CHECK(only<command::SwitchRun>(window.sent).run == 1);
  snapshot.active_run = 1, snapshot.edits = snapshot.runs[1].edits;
  window.frames("transport");
  CHECK(window.has_ink(mark("edit 0"), run_color(kDarkTheme, snapshot, 0)));  // made in the first run, before the fork
  CHECK(window.has_ink(mark("edit 1"), run_color(kDarkTheme, snapshot, 1)));
  CHECK(window.has_ink(mark("edit 1 of run 0"), run_color(kDarkTheme, snapshot, 0)));
  CHECK_FALSE(window.has_item("transport/edit 0 of run 0"));
}

TEST_CASE("lanes: rules of all runs are bars in the colours of their runs, and one run alone has the usual ones") {
  HandMade made(30);
  made.fork_one();
  Snapshot& snapshot = made.snapshot;
  const auto held = [](std::int64_t position, std::int64_t first, std::int64_t last) {
    EditEvent edit{position, "intervene", -1};
    edit.interventions = std::make_shared<const std::vector<Intervention>>(std::vector<Intervention>{{.first = first, .last = last}});
    return edit;
  };
  snapshot.runs[0].edits = snapshot.edits = std::make_shared<const std::vector<EditEvent>>(std::vector<EditEvent>{held(0, 10, 14)});
  snapshot.runs[1].edits = std::make_shared<const std::vector<EditEvent>>(std::vector<EditEvent>{held(2, 20, 24)});
  Window window(made, kTime);
  window.frames("transport");
  CHECK(window.has_ink(window.ui.items["transport/intervention 0"], run_color(kDarkTheme, snapshot, 0)));
  CHECK(window.has_ink(window.ui.items["transport/intervention 0 of run 1"], run_color(kDarkTheme, snapshot, 1)));
  snapshot.runs.pop_back();
  window.frames("transport");
  CHECK(window.has_ink(window.ui.items["transport/intervention 0"], kDarkTheme.good));
}

TEST_CASE("who wrote: the text, the curve and the table name every token, the one that gives most first") {
  const HandMade made;
  Window window(made, kTall);
  window.frames("who-wrote");
  for (int t = 0; t < 5; ++t) {
    CHECK(window.has_item("who-wrote/word " + std::to_string(t)));
    CHECK(window.has_item("who-wrote/writer " + std::to_string(t)));
  }
  CHECK(window.ui.items["who-wrote/writer 4"].y < window.ui.items["who-wrote/writer 0"].y);
  CHECK(window.ui.items["who-wrote/writer 2"].y < window.ui.items["who-wrote/writer 1"].y);  // 0.25 before −0.125
  CHECK(window.has_item("who-wrote/bars"));
  CHECK(window.has_item("who-wrote/sums"));
  const std::string tip = writer_tip(made.snapshot, *made.content, 1);
  CHECK(tip == "␣cat\tt = 1\nits part\t−0.125\nshare\t−8.33 %\nwritten\t0.25\nleft of it\t50 %");
}

TEST_CASE("who wrote: a token is chosen by a click, forgotten at the end of the run or in a fork, and jumped to") {
  HandMade made;
  Window window(made, kTall);
  window.click("who-wrote", "forget");
  CHECK(only<command::EditState>(window.sent).edit == StateEdit{.operation = "forget", .layer = 1, .at = "2, 1", .position = 4});
  window.sent.clear();
  window.click("who-wrote", "word 1");
  CHECK(window.memory.writer == 1);
  window.click("who-wrote", "Channel");
  CHECK(window.memory.options["content"].part == StatePart::channel);
  Query query{.content = StatePart::cell};
  complete(query, window.memory);
  CHECK(query.content == StatePart::channel);
  made.snapshot.selection.cursor_a = 2;
  window.click("who-wrote", "forget");
  REQUIRE(window.sent.size() == 2);
  CHECK(sent_at<command::Fork>(window, 0).position == 3);
  CHECK(sent_at<command::Fork>(window, 0).keep);
  CHECK(sent_at<command::EditState>(window, 1).edit == StateEdit{.operation = "forget", .layer = 1, .at = "2", .position = 1});
  window.sent.clear();
  window.click("who-wrote", "jump");
  CHECK(only<command::Seek>(window.sent).token == 1);
  window.click("who-wrote", "export");
  CHECK(window.exported == "content");
  made.snapshot.state = EngineState::running;
  window.sent.clear();
  window.click("who-wrote", "forget");
  CHECK(window.sent.empty());
}

TEST_CASE("who wrote: heads are offered where there are some, and what has no answer says why") {
  HandMade made;
  {
    Window window(made, kTall);
    window.frames("who-wrote");
    CHECK_FALSE(window.has_item("who-wrote/Head"));
  }
  made.model->layers[1].heads = 2, made.model->layers[1].head_dim = 2;
  Window window(made, kTall);
  window.frames("who-wrote");
  CHECK(window.has_item("who-wrote/Head"));
  CHECK(slice_of_part(made.snapshot, StatePart::cell) == "1, 0, 1");
  CHECK(slice_of_part(made.snapshot, StatePart::head) == "1");
  made.model->layers[1].parts = {"k", "v"};
  made.derived.content.reset();
  window.frames("who-wrote");
  CHECK_FALSE(window.has_item("who-wrote/word 0"));
  CHECK_FALSE(slice_of_part(made.snapshot, StatePart::layer));
}

TEST_CASE("who wrote: in a small pane there is still the text, in a low one the verdict") {
  const HandMade made;
  for (const Box box : {Box{0, 0, 344, 212}, Box{0, 0, 250, 180}, Box{0, 0, 300, 90}, Box{0, 0, 200, 60}}) {
    Window window(made, box);
    window.frames("who-wrote");
    CHECK(window.has_item("who-wrote/verdict"));
    CHECK(window.has_item("who-wrote/word 4") == (box.h >= 180));
  }
}

TEST_CASE("selection: it lists who wrote the cell, and edits its parts, here or as a fork") {
  HandMade made;
  Window window(made, {0, 0, 312, 760});
  window.frames("selection");
  CHECK(window.has_item("selection/writer 0"));
  window.click("selection", "writer 1");
  CHECK(window.memory.writer == 0);  // the second of them is token 0
  window.click("selection", "Channel");
  window.click("selection", "Apply");
  CHECK(only<command::EditState>(window.sent).edit == StateEdit{.operation = "scale", .layer = 1, .at = "2", .value = 0.5});
  window.sent.clear();
  window.click("selection", "Cell");
  window.memory.kept->edit = 7;
  window.click("selection", "Apply");
  CHECK(only<command::EditState>(window.sent).edit == StateEdit{.operation = "forget", .layer = 1, .at = "2, 1", .position = 4});
  window.sent.clear();
  window.click("selection", "Layer");
  window.memory.kept->edit = 1;
  made.snapshot.selection.cursor_a = 2;
  window.click("selection", "apply-fork");
  REQUIRE(window.sent.size() == 2);
  CHECK(sent_at<command::Fork>(window, 0).position == 3);
  CHECK(sent_at<command::Fork>(window, 0).name == "zero L1");
  CHECK(sent_at<command::ZeroState>(window, 1).layer == 1);
}

TEST_CASE("run tree: cards and strips of all runs, a click goes there, a menu does the rest") {
  HandMade made;
  made.fork_one();
  Window window(made, kTree);
  window.frames("run-tree");
  for (const char* item : {"run 0", "run 1", "strip 0", "strip 1"}) CHECK_MESSAGE(window.has_item(std::string("run-tree/") + item), item);
  window.click("run-tree", "run 1");
  CHECK(only<command::SwitchRun>(window.sent).run == 1);
  window.sent.clear();
  const Box strip = window.ui.items["run-tree/strip 1"];
  window.click_at("run-tree", strip.x + strip.w * 0.5f, strip.bottom() - 3);
  CHECK(sent_at<command::SwitchRun>(window, 0).run == 1);
  CHECK(sent_at<command::Seek>(window, 1).token == 3);
  CHECK(sent_at<command::Select>(window, 2).layer == 1);
  window.sent.clear();
  window.click("run-tree", "fork");
  CHECK(only<command::Fork>(window.sent).position == -1);
  window.sent.clear();
  const auto from_menu = [&](const char* item) {
    const Box card = window.ui.items["run-tree/run 1"];
    window.click_at("run-tree", card.x + 20, card.y + 10, 1);
    window.click("run-tree", item);
  };
  from_menu("Delete");
  CHECK(only<command::DeleteRun>(window.sent).run == 1);
  window.sent.clear();
  from_menu("Promote: the first place and its name");
  CHECK(only<command::PromoteRun>(window.sent).run == 1);
  window.sent.clear();
  from_menu("Continue: read what waits");
  CHECK(sent_at<command::SwitchRun>(window, 0).run == 1);
  sent_at<command::ReadWaiting>(window, 1);
  window.sent.clear();
  CHECK_FALSE(window.memory.show_compare);
  from_menu("Compare with the active run");
  CHECK(only<command::Compare>(window.sent) == command::Compare{0, 1, "position", 0});
  CHECK(window.memory.show_compare);
  window.sent.clear();
  from_menu("Rename…");
  type(window, "run-tree", " two");
  window.click("run-tree", "Rename");
  CHECK(only<command::RenameRun>(window.sent).name.find("two") != std::string::npos);
}

TEST_CASE("run tree: what differs is said, runs keep their colours, values are copied as a table") {
  HandMade made;
  made.fork_one();
  const Snapshot& snapshot = made.snapshot;
  CHECK(difference_text(snapshot, snapshot.runs[0]) == "5 tokens");
  CHECK(difference_text(snapshot, snapshot.runs[1]) == "at 2, another text from t = 2");
  auto edits = std::make_shared<std::vector<EditEvent>>();
  edits->push_back({2, "zero state of layer 1", 1});
  edits->back().brief = "zero L1";
  made.snapshot.runs[0].edits = edits;
  CHECK(difference_text(snapshot, snapshot.runs[1]) == "at 2; main: zero L1");
  made.snapshot.runs[0].edits = std::make_shared<const std::vector<EditEvent>>(std::vector<EditEvent>{{4, "later", 1}});
  CHECK(difference_text(snapshot, snapshot.runs[1]) == "at 2, another text from t = 2");
  made.snapshot.runs[0].edits = std::make_shared<const std::vector<EditEvent>>();
  made.snapshot.runs[1].edits = edits;
  CHECK(difference_text(snapshot, snapshot.runs[1]) == "at 2: zero L1");
  CHECK(own_tokens(snapshot.runs[1]) == 3);
  CHECK(run_color(kDarkTheme, snapshot, 0) == kDarkTheme.accent);
  CHECK(run_color(kDarkTheme, snapshot, 1) == kDarkTheme.run_b);
  Window window(made, kTree);
  static std::string clipboard;
  ImGui::GetIO().SetClipboardTextFn = [](void*, const char* text) { clipboard = text; };
  window.memory.wish_pane = "run-tree", window.memory.wish = PaneWish::copy;
  window.frames("run-tree", 1);
  CHECK(clipboard.find("run\ttoken\tlayer\trelative difference\nother\t2\t0\t0.5\n") == 0);
}

TEST_CASE("run tree: pictures are made once, and small panes show the cards alone") {
  HandMade made;
  made.fork_one();
  {
    Window window(made, kTree);
    window.frames("run-tree", 5);
    CHECK(window.textures == 2);
  }
  Window small(made, {0, 0, 250, 180});
  small.frames("run-tree");
  CHECK(small.has_item("run-tree/run 0"));
  CHECK_FALSE(small.has_item("run-tree/strip 0"));
}

TEST_CASE("time panel: forks are lines that a click goes to, and notes are flags") {
  HandMade made;
  made.fork_one();
  made.snapshot.notes = std::make_shared<const std::vector<TokenNote>>(std::vector<TokenNote>{{3, "here it turns"}, {1, ""}});
  Window window(made, kTime);
  window.frames("transport");
  window.click("transport", "run 1");
  CHECK(only<command::SwitchRun>(window.sent).run == 1);
  CHECK_FALSE(window.has_item("transport/run 0"));  // along the active one the cursor moves
  window.sent.clear();
  window.click("transport", "note 0");
  CHECK(only<command::Seek>(window.sent).token == 3);
  CHECK(neighbour_note(made.snapshot, 1, true) == 3);
  CHECK(neighbour_note(made.snapshot, 3, false) == 1);
  CHECK_FALSE(neighbour_note(made.snapshot, 3, true));
}

TEST_CASE("time panel: a note is written at cursor A, and the one that is there is rewritten or removed") {
  HandMade made;
  made.snapshot.notes = std::make_shared<const std::vector<TokenNote>>();
  made.snapshot.selection.cursor_a = 3;
  Window window(made, kTime);
  begin_note(window.memory.note, made.snapshot);
  type(window, "transport", "here");
  window.click("transport", "Leave it");
  CHECK(only<command::SetNote>(window.sent).token == 3);
  CHECK(std::get<command::SetNote>(window.sent[0]).text == "here");
  CHECK(std::get<command::SetNote>(window.sent[0]).index == 0);
  window.sent.clear();
  made.snapshot.notes = std::make_shared<const std::vector<TokenNote>>(std::vector<TokenNote>{{1, "a"}, {3, "here"}});
  begin_note(window.memory.note, made.snapshot);
  CHECK(window.memory.note.index == 1);
  window.frames("transport");
  window.click("transport", "Remove");
  CHECK(only<command::RemoveNote>(window.sent).index == 1);
}

TEST_CASE("time panel: breakpoints are typed, suggested, switched and removed; what is not understood is not sent") {
  HandMade made;
  made.snapshot.breakpoints = std::make_shared<const std::vector<Breakpoint>>(std::vector<Breakpoint>{{"t = 3", true}});
  Window window(made, kTime);
  window.memory.stops = true;
  type(window, "transport", "norm(L1) >");
  window.click("transport", "Add");
  CHECK(window.sent.empty());
  type(window, "transport", " ");
  window.memory.kept->stop_text = "norm(L1) > 8";
  window.click("transport", "Add");
  CHECK(only<command::SetBreakpoint>(window.sent).when == "norm(L1) > 8");
  CHECK(std::get<command::SetBreakpoint>(window.sent[0]).index == 1);
  window.sent.clear();
  window.click("transport", "same token");
  window.click("transport", "Add");
  CHECK(only<command::SetBreakpoint>(window.sent).when == "token = 1");
  window.sent.clear();
  window.click("transport", "stop 0");
  CHECK_FALSE(only<command::SetBreakpoint>(window.sent).on);
  window.sent.clear();
  window.click("transport", "remove stop 0");
  CHECK(only<command::RemoveBreakpoint>(window.sent).index == 0);
}

TEST_CASE("time panel: the ruler asks for reaches, and is drawn from the cursor back") {
  HandMade made;
  made.reach->tenth = made.reach->horizon;
  Window window(made, kTime);
  Query query;
  complete(query, window.memory);
  CHECK_FALSE(query.reach);
  window.memory.show_reach = true;
  complete(query, window.memory);
  CHECK(query.reach);
  window.frames("transport");
}

TEST_CASE("strip: tokens can be coloured by what cursor A reads of them") {
  HandMade made;
  Window window(made);
  const auto measures = token_measures();
  const auto hidden = std::ranges::find(measures, TokenMeasure::Source::attention, &TokenMeasure::source);
  REQUIRE(hidden != measures.end());
  window.memory.token_measure = static_cast<int>(hidden - measures.begin());
  Query query;
  complete(query, window.memory);
  CHECK(query.hidden);
  window.frames("tokens");
  const KeptSeries& series = window.memory.kept->hidden;
  REQUIRE(series.values.size() == 5);
  CHECK(series.values[1] == doctest::Approx(0.4f));  // |−2/5|
  CHECK(series.high == doctest::Approx(1));
  made.snapshot.selection.cursor_a = 2;
  window.frames("tokens");
  CHECK(std::isnan(window.memory.kept->hidden.values[3]));
  CHECK(window.memory.kept->hidden.values[1] == doctest::Approx(2.0f / 3));
}

TEST_CASE("half-life and hidden attention: panes of one figure with exact values and a menu") {
  const HandMade made;
  for (const auto& [pane, kind] : {std::pair{"half-life", "half-life"}, {"hidden-attention", "attention-map"}}) {
    Window window(made, {0, 0, 600, 500});
    window.frames(pane);
    CHECK(window.has_item(std::string(pane) + "/plot"));
    window.click(pane, "export");
    CHECK(window.exported == kind);
  }
  Window window(made, {0, 0, 600, 500});
  window.frames("hidden-attention");
  const Box plot = window.ui.items["hidden-attention/plot"];
  window.click_at("hidden-attention", plot.x + 3, plot.bottom() - 3);
  CHECK(only<command::Seek>(window.sent).token == 4);
}
