// The panes of Compare: what their controls send, and what they say.
#include <doctest/doctest.h>
#include <imgui.h>

#include <algorithm>
#include <utility>

#include "tests/panels/hand_compared.h"
#include "tests/panels/window.h"
#include "views/panels/compare.h"

using namespace lab;
using lab::test::HandCompared;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

namespace {

constexpr Box kMap{0, 0, 460, 344};
constexpr const char* kPanes[] = {"compare-bar",  "compare-tokens", "compare-a",      "compare-b",           "compare-difference", "compare-norms",
                                  "compare-next", "compare-pca",    "compare-layers", "compare-differences", "compare-time"};

}  // namespace

TEST_CASE("compare: every pane draws in every size, of two runs, of one, of none, and while nothing is known yet") {
  for (const Box box : {Box{0, 0, 1600, 400}, Box{0, 0, 430, 340}, Box{0, 0, 250, 120}, Box{0, 0, 100, 40}})
    for (const char* pane : kPanes)
      for (int state = 0; state < 5; ++state) {
        HandCompared made;
        if (state == 1) made.derived.comparison.reset(), made.derived.compared_next.reset();
        if (state == 2) made.snapshot.runs.pop_back();
        if (state == 3) made.snapshot = Snapshot(), made.derived = Derived();
        if (state == 4) made.paired.reset(), made.paths.reset(), made.both.reset(), made.derive_comparison();
        CAPTURE(pane);
        CAPTURE(box.w);
        CAPTURE(state);
        Window window(made, box);
        window.frames(pane);
        CHECK(window.sent.empty());
      }
}

namespace {

/// A recorded trace as B in the place of the fork: it has no history of its own.
void put_trace_in_place_of_fork(HandCompared& made) {
  made.snapshot.guests = {{.run = {.id = kFirstGuest, .name = "reference", .run = 7, .tokens = made.snapshot.runs[1].tokens, .edits = std::make_shared<const std::vector<EditEvent>>()}, .file = "reference.npz"}};
  made.snapshot.runs.pop_back();
  made.snapshot.selection.compare = {0, kFirstGuest, "position", 0};
  made.derived.compared_b = kFirstGuest;
}

}  // namespace

TEST_CASE("compare: a recorded trace stands beside a run in every pane, with norms as they were compared and a colour of its own") {
  for (const char* pane : kPanes) {
    CAPTURE(pane);
    HandCompared made;
    put_trace_in_place_of_fork(made);
    Window window(made, {0, 0, 1600, 400});
    window.frames(pane);
    CHECK(window.sent.empty());
  }
  HandCompared made;
  put_trace_in_place_of_fork(made);
  const RunPair pair = runs_to_compare(made.snapshot);
  REQUIRE((pair.a && pair.b));
  CHECK(norm_at(*made.runs, *pair.b, true, 1, 3) == 2);  // of the table
  CHECK(norm_at(*made.runs, *pair.a, false, 1, 3) == static_cast<double>(made.trace->statistic(1, Statistic::h_norm, 3).mean));
  CHECK(run_ink(made.snapshot, kFirstGuest) == Ink::run_d);
  CHECK(run_ink(made.snapshot, kFirstGuest - 1) == Ink::run_c);
}

TEST_CASE("compare: what a file differs by within the tolerance is no difference to go to") {
  HandCompared made;
  put_trace_in_place_of_fork(made);
  made.snapshot.selection.cursor_a = 0;
  for (PointDifferences& point : made.runs->table.points)
    if (point.point.name == "L1.mix.h") point.summary.first_beyond = 6;
  const auto next = [&] {
    Window window(made, {0, 0, 1600, 40});
    window.click("compare-bar", "next difference");
    return only<command::Seek>(window.sent).token;
  };
  CHECK(next() == HandCompared::kForked);
  made.runs->table.tolerance = {.exact = false, .point = 1e-4, .logits = 1e-3};
  CHECK(next() == HandCompared::kApart);
}

TEST_CASE("compare: a token that only a file has takes the cursor nowhere") {
  HandCompared made;
  put_trace_in_place_of_fork(made);
  made.alignment->columns.push_back({-1, HandCompared::kTokens});
  std::vector<std::int32_t> longer = *made.runs->b.tokens;
  longer.push_back(0);
  made.runs->b.tokens = std::make_shared<const std::vector<std::int32_t>>(std::move(longer));
  Window window(made, {0, 0, 1600, 200});
  window.click("compare-tokens", "column 2");
  CHECK(only<command::Seek>(window.sent).token == 2);
  window.sent.clear();
  window.click("compare-tokens", "column " + std::to_string(HandCompared::kTokens));
  CHECK(window.sent.empty());
}

TEST_CASE("compare bar: a file is asked for beside one run, and among those that B can be") {
  HandCompared made;
  {
    HandCompared alone;
    alone.snapshot.runs.pop_back();
    Window window(alone, {0, 0, 1600, 400});
    window.click("compare-bar", "file");
    CHECK(std::exchange(window.memory.compare.asks_file, false));
    window.click("compare-b", "file here");
    CHECK(window.memory.compare.asks_file);
  }
  put_trace_in_place_of_fork(made);
  made.snapshot.runs.push_back(made.snapshot.runs[0]);
  made.snapshot.runs.back().id = 1, made.snapshot.runs.back().name = "other";
  Window window(made, {0, 0, 1600, 300});
  window.click("compare-bar", "run b");
  window.click("compare-bar", "a file…");
  CHECK(window.memory.compare.asks_file);
  CHECK(window.sent.empty());
  window.click("compare-bar", "run a");
  CHECK_FALSE(window.has_item("compare-bar/reference, file 1"));  // it is B
  window.click("compare-bar", "other");
  CHECK(only<command::Compare>(window.sent) == command::Compare{1, kFirstGuest, "position", 0});
}

TEST_CASE("compare: the difference of every run at once, with one cursor; the menu chooses the runs") {
  HandCompared made;
  made.snapshot.runs.push_back(made.snapshot.runs[1]);
  made.snapshot.runs.back().id = 2, made.snapshot.runs.back().name = "third";
  made.snapshot.runs.push_back(made.snapshot.runs[1]);
  made.snapshot.runs.back().id = 3, made.snapshot.runs.back().name = "fourth";
  *made.multiples = {.a = 0, .name = "main", .tokens = HandCompared::kTokens, .last = HandCompared::kTokens, .layer = 1,
                     .runs = {{.run = 1, .name = "zeroed", .apart = 5, .alignment = made.alignment, .slab = made.paired}, {.run = 2, .name = "third", .alignment = made.alignment, .slab = made.paired}}};
  made.derived.multiples = made.multiples;
  made.snapshot.selection.compare = {0, 1, "position", 0};
  Window window(made, {0, 0, 600, 344});
  window.frames("compare-difference");
  CHECK(window.has_item("compare-difference/cells"));
  window.click("compare-difference", "All");
  REQUIRE(window.memory.compare.shows_all);
  window.frames("compare-difference");
  for (const char* item : {"cells 1", "cells 2"}) CHECK_MESSAGE(window.has_item(std::string("compare-difference/") + item), item);
  const Box cells = window.ui.items["compare-difference/cells 2"];
  window.sent.clear();
  window.click_at("compare-difference", cells.x + cells.w * 2.5f / HandCompared::kTokens, cells.middle_y());
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::Seek>(window.sent[0]).token == 2);
  CHECK(std::holds_alternative<command::Select>(window.sent[1]));
  window.click_at("compare-difference", cells.middle_x(), cells.middle_y(), 1);
  window.click("compare-difference", "Show zeroed");
  CHECK(window.memory.compare.left_out == std::vector<std::int64_t>{1});
  CHECK(multiples_query(made.snapshot, window.memory.compare).runs == RunList{2, 3, -1, -1, -1});
  window.click_at("compare-difference", cells.middle_x(), cells.middle_y(), 1);
  window.click("compare-difference", "Show zeroed");
  CHECK(window.memory.compare.left_out.empty());
  window.click("compare-difference", "B");
  CHECK_FALSE(window.memory.compare.shows_all);
}

TEST_CASE("compare: of every run there are five at most beside A, and with two runs there is no such choice") {
  HandCompared made;
  CompareMemory memory{.shows_all = true};
  CHECK_FALSE(shows_multiples(made.snapshot, memory));
  for (std::int64_t id = 2; id < 9; ++id) made.snapshot.runs.push_back(made.snapshot.runs[1]), made.snapshot.runs.back().id = id;
  CHECK(shows_multiples(made.snapshot, memory));
  made.snapshot.selection.compare = {4, 1, "offset", 3};
  const MultiplesQuery query = multiples_query(made.snapshot, memory);
  CHECK((query.a == 4 && query.by == AlignBy::offset && query.offset == 3));
  CHECK(query.runs == RunList{0, 1, 2, 3, 5});
}

TEST_CASE("compare bar: with one run it offers a fork after the token at the cursor, or at the end") {
  HandCompared made;
  made.snapshot.runs.pop_back();
  {
    Window window(made, {0, 0, 1600, 40});
    window.click("compare-bar", "fork");
    CHECK(only<command::Fork>(window.sent).position == HandCompared::kForked + 1);
  }
  made.snapshot.selection.cursor_a = HandCompared::kTokens - 1;
  Window window(made, {0, 0, 1600, 400});
  window.click("compare-b", "fork here");
  CHECK(only<command::Fork>(window.sent).position == -1);
}

TEST_CASE("compare bar: swap, alignment and runs are one command, which keeps what it does not change") {
  HandCompared made;
  made.snapshot.selection.compare = {0, 1, "offset", 3};
  made.snapshot.runs.push_back(made.snapshot.runs[1]);
  made.snapshot.runs.back().id = 2, made.snapshot.runs.back().name = "third";
  Window window(made, {0, 0, 1600, 300});
  window.click("compare-bar", "swap");
  CHECK(only<command::Compare>(window.sent) == command::Compare{1, 0, "offset", -3});
  window.sent.clear();
  window.click("compare-bar", "First difference");
  CHECK(only<command::Compare>(window.sent) == command::Compare{0, 1, "first-difference", 3});
  window.sent.clear();
  window.click("compare-bar", "run b");
  window.click("compare-bar", "third, fork at 4");
  CHECK(only<command::Compare>(window.sent) == command::Compare{0, 2, "offset", 3});
}

TEST_CASE("compare bar: both step, and the switches are the window's own") {
  const HandCompared made;
  Window window(made, {0, 0, 1600, 40});
  window.click("compare-bar", "step both");
  CHECK(only<command::StepAll>(window.sent).count == 1);
  window.sent.clear();
  window.click("compare-bar", "Link range");
  window.click("compare-bar", "Link time word");
  CHECK_FALSE(window.memory.compare.link_range);
  CHECK_FALSE(window.memory.compare.link_time);
  CHECK(window.sent.empty());
}

TEST_CASE("compare bar: in a narrow window the switches are in a menu, and no control lies over another") {
  const HandCompared made;
  Window window(made, {0, 0, 900, 200});
  window.frames("compare-bar");
  CHECK_FALSE(window.has_item("compare-bar/Link range"));
  std::vector<Box> boxes;
  for (const auto& [name, box] : window.ui.items) {
    CAPTURE(name);
    for (const Box& other : boxes) CHECK((box.x >= other.right() - 0.5f || other.x >= box.right() - 0.5f));
    boxes.push_back(box);
    CHECK(box.right() <= 900);
  }
  window.click("compare-bar", "compare-more");
  window.click("compare-bar", "Link time");
  CHECK_FALSE(window.memory.compare.link_time);
}

TEST_CASE("compare bar: next and previous difference go from the edit to the text that differs, and no further") {
  HandCompared made;
  Window window(made, {0, 0, 1600, 40});
  window.click("compare-bar", "next difference");
  CHECK(only<command::Seek>(window.sent).token == HandCompared::kApart);
  window.sent.clear();
  made.snapshot.selection.cursor_a = HandCompared::kApart;
  window.click("compare-bar", "next difference");
  CHECK(window.sent.empty());
  window.click("compare-bar", "previous difference");
  CHECK(only<command::Seek>(window.sent).token == HandCompared::kForked);
  window.sent.clear();
  made.snapshot.selection.cursor_a = HandCompared::kForked;
  window.click("compare-bar", "previous difference");
  CHECK(window.sent.empty());
}

TEST_CASE("compare: a run has the colour that it has in all other panes") {
  HandCompared made;
  for (std::int64_t id = 2; id < 6; ++id) made.snapshot.runs.push_back(made.snapshot.runs[1]), made.snapshot.runs.back().id = id;
  std::swap(made.snapshot.runs[1], made.snapshot.runs[3]);  // their places do not matter
  for (const Theme* theme : {&kDarkTheme, &kLightTheme})
    for (std::int64_t id = 0; id < 6; ++id) CHECK(plot_style(*theme).color(run_ink(made.snapshot, id)) == run_color(*theme, made.snapshot, id));
}

TEST_CASE("compare tokens: a click moves the cursor; a token that only the other run has makes that one active") {
  HandCompared made;
  Window window(made, {0, 0, 1600, 104});
  window.click("compare-tokens", "column 2");
  CHECK(only<command::Seek>(window.sent).token == 2);
  window.sent.clear();
  auto longer = *made.runs->b.tokens;
  longer.push_back(0);
  made.runs->b.tokens = std::make_shared<const std::vector<std::int32_t>>(longer);
  made.alignment->columns.push_back({-1, 8});
  made.alignment->columns[6].b = -1;
  window.click("compare-tokens", "column 8");
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::SwitchRun>(window.sent[0]).run == 1);
  CHECK(std::get<command::Seek>(window.sent[1]).token == 8);
  window.sent.clear();
  made.snapshot.active_run = 1;
  window.click("compare-tokens", "column 6");  // B has none there
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::SwitchRun>(window.sent[0]).run == 0);
  CHECK(std::get<command::Seek>(window.sent[1]).token == 6);
}

TEST_CASE("compare tokens: of ten thousand columns only those in view react, and the cursor is among them") {
  HandCompared made;
  made.lengthen(10'000);
  Window window(made, {0, 0, 1600, 104});
  window.frames("compare-tokens");
  CHECK(window.ui.items.size() < 30);
  CHECK(window.has_item("compare-tokens/column 4"));
}

TEST_CASE("compare maps: a click moves the cursor and chooses the channel, in each of the three") {
  const HandCompared made;
  for (const char* pane : {"compare-a", "compare-b", "compare-difference"}) {
    CAPTURE(pane);
    Window window(made, kMap);
    window.frames(pane);
    const Box cells = window.ui.items[std::string(pane) + "/cells"];
    window.click_at(pane, cells.x + cells.w * 2.5f / 8, cells.y + cells.h * 0.125f);  // column 2, the slowest channel
    REQUIRE(window.sent.size() == 2);
    CHECK(std::get<command::Seek>(window.sent[0]).token == 2);
    CHECK(std::get<command::Select>(window.sent[1]).channel == 2);
    CHECK(std::get<command::Select>(window.sent[1]).layer == 1);
  }
}

TEST_CASE("compare maps: A and B lie on one axis with the norms below A, and have one range of colours while it is linked") {
  const HandCompared made;
  Window window(made, kMap);
  const auto figure = [&](const char* pane) -> const KeptFigure& {
    window.frames(pane);
    return window.memory.kept->figures.at(pane);
  };
  const auto scale = [&](const char* pane) { return std::get<HeatLayer>(figure(pane).figure.plots[0].layers[0]).scale; };
  CHECK(scale("compare-a") == scale("compare-b"));
  CHECK(figure("compare-a").page.areas[0].frame.x == figure("compare-norms").page.areas[0].frame.x);
  CHECK(figure("compare-a").page.areas[0].frame.w == figure("compare-norms").page.areas[0].frame.w);
  CHECK(figure("compare-b").page.areas[0].frame.h == figure("compare-a").page.areas[0].frame.h);
  CHECK(scale("compare-difference").high < scale("compare-a").high);
  CHECK(scale("compare-difference").low == -scale("compare-difference").high);
  const double shared = scale("compare-b").high;
  window.memory.compare.link_range = false;
  CHECK(scale("compare-b").high < shared);  // from token 4 on B holds half
}

TEST_CASE("compare maps: while they are flipped B is where A was, and the pictures are made once") {
  HandCompared made;
  Window window(made, kMap);
  window.frames("compare-a");
  const auto shown = [&] { return window.memory.kept->figures.at("compare-a").figure.plots[0].title; };
  CHECK(shown() == "main");
  window.memory.compare.is_flipped = true;
  window.frames("compare-a");
  CHECK(shown() == "zeroed");
  window.memory.compare.is_flipped = false;
  window.frames("compare-a");
  CHECK(shown() == "main");
  const int pictures = window.textures;
  made.snapshot.selection.cursor_a = 2;
  window.frames("compare-a");
  CHECK(window.textures == pictures);  // a cursor lies on top
}

TEST_CASE("compare maps: a column of the picture that a run has no token in is not drawn, and differs in nothing") {
  HandCompared made;
  made.paired->has_b[6] = made.paired->has_both[6] = 0;
  const Plot b = compare_map(made.snapshot, *made.runs, CompareMap::b, {}, true, 0, 8), difference = compare_map(made.snapshot, *made.runs, CompareMap::difference, {}, true, 0, 8);
  const auto column = [](const Plot& plot, std::int64_t i) { return std::get<HeatLayer>(plot.layers[0]).column(i); };
  CHECK(column(b, 6) == nullptr);
  CHECK(column(difference, 6) == nullptr);
  REQUIRE(column(b, 5));
  CHECK(column(b, 5)[1] == made.paired->b[5 * 4 + 1]);
}

TEST_CASE("compare: the wheel on the time axis zooms the tokens shown around the mouse") {
  HandCompared made;
  made.lengthen(200);
  made.snapshot.selection.first = 50, made.snapshot.selection.last = 100;
  Window window(made, {0, 0, 1600, 40});
  window.frames("compare-time");
  const Box time = window.ui.items["compare-time/time"];
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {time.x + time.w * 0.375f, time.y + 4};
  window.frames("compare-time", 2);
  io.MouseWheel = 1;
  window.frame("compare-time");
  const auto& zoomed = only<command::ShowRange>(window.sent);
  CHECK(zoomed.last - zoomed.first == 40);
  CHECK(zoomed.first > 50);
  CHECK(zoomed.last < 100);
}

TEST_CASE("compare norms: a layer that is pinned stays when another one is selected") {
  HandCompared made;
  Window window(made, {0, 0, 460, 400});
  window.click("compare-norms", "pin");
  CHECK(window.memory.compare.pinned == std::vector<std::int64_t>{1});
  window.click("compare-norms", "pin");
  CHECK(window.memory.compare.pinned.empty());
}

TEST_CASE("compare norms: A is solid in its colour, B dashed in its own, the space between has B's") {
  HandCompared made;
  const int layers[] = {1};
  const Figure figure = compare_norms(made.snapshot, *made.runs, layers, 0, 8);
  REQUIRE(figure.plots.size() == 1);
  REQUIRE(figure.plots[0].layers.size() == 3);
  const auto line = [&](std::size_t i) { return std::get<LineLayer>(figure.plots[0].layers[i]); };
  CHECK(line(0).ink == Ink::run_b);
  CHECK(line(0).y.empty());
  CHECK(line(0).low.size() == 8);
  CHECK(line(1).ink == Ink::run_a);
  CHECK_FALSE(line(1).dashed);
  CHECK(line(2).ink == Ink::run_b);
  CHECK(line(2).dashed);
  CHECK(line(1).y[3] == made.trace->statistic(1, Statistic::h_norm, 3).mean);
}

TEST_CASE("compare next: ranks or values") {
  const HandCompared made;
  Window window(made, {0, 0, 430, 400});
  window.frames("compare-next");
  CHECK(window.has_item("compare-next/a 1"));
  CHECK(window.has_item("compare-next/b 3"));
  window.click("compare-next", "Values");
  CHECK(window.memory.compare.shows_values);
  window.ui.items.clear();
  window.frames("compare-next");
  CHECK_FALSE(window.has_item("compare-next/a 1"));
}

TEST_CASE("compare PCA: the basis is chosen, and a click on a path goes there") {
  const HandCompared made;
  Window window(made, {0, 0, 430, 400});
  window.click("compare-pca", "B");
  CHECK(window.memory.compare.basis == TrajectoryBasis::b);
  CHECK(window.sent.empty());
}

TEST_CASE("compare layers: a click chooses the layer; they are sorted by index, first difference, difference") {
  const HandCompared made;
  Window window(made, {0, 0, 272, 300});
  window.click("compare-layers", "layer 0");
  CHECK(only<command::Select>(window.sent).layer == 0);
  CHECK(window.ui.items["compare-layers/layer 0"].y < window.ui.items["compare-layers/layer 1"].y);
  window.click("compare-layers", "sort");
  window.frames("compare-layers");
  CHECK(window.ui.items["compare-layers/layer 1"].y < window.ui.items["compare-layers/layer 0"].y);  // it differs from token 4 on
}

TEST_CASE("compare differences: the first of each point in the order of time; a click goes to its token and layer") {
  const HandCompared made;
  Window window(made, {0, 0, 272, 300});
  window.frames("compare-differences");
  const KeptCompare& kept = window.memory.kept->compare;
  CHECK(kept.total == 4 + 3 + 3);
  REQUIRE(kept.listed.size() == 3);
  CHECK(kept.listed[0].place == TablePlace{HandCompared::kForked, 1});
  window.click("compare-differences", "difference 1");
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::Seek>(window.sent[0]).token == HandCompared::kApart);
  CHECK(std::get<command::Select>(window.sent[1]).layer == 0);
}

TEST_CASE("compare differences: heads sort, the search leaves what it names, and all of them are a choice away") {
  const HandCompared made;
  Window window(made, {0, 0, 272, 300});
  const auto listed = [&]() -> const std::vector<ListedDifference>& {
    window.frames("compare-differences");
    return window.memory.kept->compare.listed;
  };
  window.click("compare-differences", "by size");
  CHECK(listed().front().place.point == 2);  // the tokens: nothing to divide by
  window.click("compare-differences", "by point");
  CHECK(listed().front().place.point == 0);
  window.memory.compare.search = "L1";
  CHECK(listed().size() == 1);
  window.memory.compare.search.clear();
  window.memory.compare.lists_all = true;
  CHECK(listed().size() == 10);
}

TEST_CASE("compare time: scrubbing moves the cursor, a double click on the range shows all") {
  HandCompared made;
  Window window(made, {0, 0, 1600, 40});
  window.frames("compare-time");
  const Box time = window.ui.items["compare-time/time"];
  window.click_at("compare-time", time.x + time.w * 2.5f / 8, time.y + 6);
  REQUIRE_FALSE(window.sent.empty());
  CHECK(std::get<command::Seek>(window.sent[0]).token == 2);
}

TEST_CASE("compare: the facts of the status bar name both runs, what they share and where they part") {
  HandCompared made;
  const auto facts = compare_facts(made.snapshot, made.derived);
  REQUIRE(facts.size() == 5);
  CHECK(facts[0] == "A main, 8 tokens");
  CHECK(facts[1] == "B zeroed, 8 tokens");
  CHECK(facts[2] == "4 shared steps");
  CHECK(facts[3] == "first difference: L1.mix.h at t = 4");
}
