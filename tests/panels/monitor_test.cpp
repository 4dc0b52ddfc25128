// The panes of the Monitor: what their controls send.
#include <doctest/doctest.h>
#include <imgui.h>

#include <algorithm>

#include "tests/panels/window.h"
#include "views/figures/rule_text.h"
#include "views/panels/kept.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

namespace {

const command::SetRule& one_rule(const Window& window) { return only<command::SetRule>(window.sent); }

}  // namespace

TEST_CASE("rules: the box of a card switches the rule, and nothing else of it changes") {
  const HandMade made;
  Window window(made, {0, 0, 1400, 90});
  window.click("rules", "check 1");
  CHECK(one_rule(window).index == 1);
  Rule expected = (*made.snapshot.rules)[1];
  expected.on = false;
  CHECK(is_same(one_rule(window).rule, expected));
  window.sent.clear();
  window.click("rules", "check 2");
  CHECK(one_rule(window).rule.on);
}

TEST_CASE("rules: rules that are off come last") {
  HandMade made;
  auto rules = *made.snapshot.rules;
  rules[0].on = false;
  made.snapshot.rules = std::make_shared<const std::vector<Rule>>(rules);
  Window window(made, {0, 0, 1400, 90});
  window.frames("rules");
  CHECK(window.ui.items["rules/rule 0"].x > window.ui.items["rules/rule 1"].x);
  CHECK(window.ui.items["rules/rule 2"].x > window.ui.items["rules/rule 0"].x);
}

TEST_CASE("rules: a preset takes the place of all rules") {
  const HandMade made;
  Window window(made, {0, 0, 1400, 400});
  window.click("rules", "preset");
  window.click("rules", "document 2");
  CHECK(only<command::UseRules>(window.sent).preset == "document 2");
}

TEST_CASE("rules: what happens on alert is set for every rule that is on") {
  const HandMade made;
  Window window(made, {0, 0, 1400, 400});
  window.click("rules", "deed");
  window.click("rules", "Pause and mark");
  REQUIRE(window.sent.size() == 2);
  for (const Command& command : window.sent) CHECK(std::get<command::SetRule>(command).rule.on_alert == "pause");
}

TEST_CASE("rules: a click on a card opens its editor, whose controls send the whole rule") {
  const HandMade made;
  Window window(made, {0, 0, 1400, 600});
  window.click("rules", "rule 0");
  window.click("rules", "on alert");
  window.click("rules", "Roll back");
  CHECK(one_rule(window).index == 0);
  CHECK(one_rule(window).rule.on_alert == "roll_back");
  window.sent.clear();
  window.click("rules", "Remove");
  CHECK(only<command::RemoveRule>(window.sent).index == 0);
}

TEST_CASE("rules: a limit that is typed is yours, and holds in every layer") {
  HandMade made;
  auto rules = *made.snapshot.rules;
  rules[0].layer_limits = {1, 2};
  made.snapshot.rules = std::make_shared<const std::vector<Rule>>(rules);
  Window window(made, {0, 0, 1400, 600});
  window.click("rules", "rule 0");
  window.click("rules", "limit");
  for (const char c : std::string("2.25")) ImGui::GetIO().AddInputCharacter(static_cast<unsigned>(c));
  window.frames("rules", 2);
  const int enter = ImGui::GetIO().KeyMap[ImGuiKey_Enter] = 1;
  ImGui::GetIO().KeysDown[enter] = true;
  window.frame("rules");
  ImGui::GetIO().KeysDown[enter] = false;
  window.frames("rules", 2);
  CHECK(one_rule(window).rule.limit == 2.25);
  CHECK(one_rule(window).rule.layer_limits.empty());
  CHECK(one_rule(window).rule.origin == "yours");
}

TEST_CASE("rules: a rule of one's own goes behind the last one") {
  const HandMade made;
  Window window(made, {0, 0, 1400, 600});
  window.click("rules", "add");
  window.click("rules", "Any recorded statistic");
  CHECK(one_rule(window).index == 3);
  CHECK(one_rule(window).rule.kind == "track");
  CHECK(one_rule(window).rule.limit > 1);
}

TEST_CASE("calibrate: the tokens shown give each rule limits by layer that none of them passes, and say where they are from") {
  const HandMade made;
  Window window(made, {0, 0, 1400, 600});
  window.click("rules", "Calibrate…");
  window.click("rules", "set 0");
  const Rule& rule = one_rule(window).rule;
  REQUIRE(rule.layer_limits.size() == 2);
  CHECK(rule.layer_limits[0] == 1);
  CHECK(rule.layer_limits[1] == 2.5);
  CHECK(rule.origin == "calibrated on hand t 0–4, 1 in 5,000");
  window.sent.clear();
  window.click("rules", "Set all");
  CHECK(window.sent.size() == 2);  // the third one is off
}

TEST_CASE("alerts: a click on a mark goes to its token and layer, one beside it moves the cursor alone") {
  const HandMade made;
  Window window(made, {0, 0, 1000, 200});
  window.frames("alerts");
  const Box lanes = window.ui.items["alerts/lanes"];
  window.click_at("alerts", lanes.x + lanes.w * 0.7f, lanes.y + lanes.h * 0.25f);  // token 3, layer 0
  const auto seek = std::ranges::find_if(window.sent, [](const Command& c) { return std::holds_alternative<command::Seek>(c); });
  REQUIRE(seek != window.sent.end());
  CHECK(std::get<command::Seek>(*seek).token == 3);
  CHECK(std::get<command::Select>(window.sent.back()).layer == 0);
  CHECK(window.memory.rule_in_focus == 1);
  window.sent.clear();
  window.click_at("alerts", lanes.x + lanes.w * 0.5f, lanes.y + lanes.h * 0.25f);  // token 2: nothing there
  CHECK(std::get<command::Seek>(window.sent.front()).token == 2);
}

TEST_CASE("alerts: the wheel zooms time over the lanes and scrolls layers beside them") {
  HandMade made(100);
  Window window(made, {0, 0, 1000, 90});
  made.model->layers.resize(40, made.model->layers[0]);
  made.trace->statistic(0, Statistic::h_norm, 0);
  window.frames("alerts");
  CHECK(window.has_item("alerts/layer 0"));
  const Box gutter = window.ui.items["alerts/layer 1"];
  ImGuiIO& io = ImGui::GetIO();
  io.MousePos = {gutter.middle_x(), gutter.middle_y()};
  window.frames("alerts", 2);
  io.MouseWheel = -3;
  window.frames("alerts", 2);
  CHECK(window.memory.kept->monitor.first_row == 3);
  CHECK_FALSE(window.has_item("alerts/layer 0"));
  CHECK(window.sent.empty());
  const Box lanes = window.ui.items["alerts/lanes"];
  io.MousePos = {lanes.middle_x(), lanes.middle_y()};
  window.frames("alerts", 2);
  io.MouseWheel = 1;
  window.frame("alerts");
  CHECK(only<command::ShowRange>(window.sent).last > 0);
}

TEST_CASE("alerts: a click in the legend chooses the rule whose numbers shade the rows") {
  const HandMade made;
  Window window(made, {0, 0, 1000, 300});
  window.click("alerts", "legend 1");
  CHECK(window.memory.rule_in_focus == 1);
  CHECK(window.sent.empty());
}

TEST_CASE("alert table: newest first; a click goes there and the alert has been seen") {
  const HandMade made;
  Window window(made);
  window.frames("alert-table");
  CHECK(window.ui.items["alert-table/alert 2"].y < window.ui.items["alert-table/alert 0"].y);
  window.click("alert-table", "alert 0");
  CHECK(std::get<command::Seek>(window.sent.at(0)).token == 1);
  CHECK(std::get<command::Select>(window.sent.at(1)).layer == 1);
  CHECK(window.memory.kept->monitor.seen.size() == 1);
}

TEST_CASE("alert table: the filter leaves the alerts of a rule, the search those that hold a text") {
  const HandMade made;
  Window window(made);
  window.click("alert-table", "filter");
  window.click("alert-table", "Context shift, 1");
  window.ui.items.clear();
  window.frames("alert-table");
  CHECK(window.has_item("alert-table/alert 2"));
  CHECK_FALSE(window.has_item("alert-table/alert 1"));
  window.memory.alert_rule = -1, window.memory.alert_search = "again";
  window.ui.items.clear();
  window.frames("alert-table");
  CHECK(window.has_item("alert-table/alert 1"));
  CHECK_FALSE(window.has_item("alert-table/alert 0"));
}

TEST_CASE("alert table: of a hundred thousand alerts only those in view react") {
  HandMade made;
  for (int i = 0; i < 100'000; ++i) made.alerts->alerts.push_back({{4, 1, 2, 1.8, "many"}, 0});
  Window window(made);
  window.frames("alert-table");
  CHECK(window.ui.items.size() < 60);
}

TEST_CASE("alert table: the alert that the panes are about is brought into view, and stays there") {
  HandMade made(60);
  made.alerts->alerts.clear();
  for (int i = 0; i < 60; ++i) made.alerts->alerts.push_back({{i, 1, 2, 1.8, "many"}, 0});
  made.snapshot.selection.cursor_a = 20;
  Window window(made, {0, 0, 800, 260});
  window.frames("alert-table", 6);
  REQUIRE(window.has_item("alert-table/alert 20"));
  const Box row = window.ui.items["alert-table/alert 20"];
  CHECK(row.y > 40);
  CHECK(row.bottom() <= 260);
}

TEST_CASE("evidence: what was found at the same time is a click away") {
  HandMade made;
  made.snapshot.selection.cursor_a = 3, made.snapshot.selection.layer = 0;
  Window window(made, {0, 0, 640, 460});
  window.click("evidence", "near 0");
  CHECK(std::get<command::Seek>(window.sent.at(0)).token == 3);
  CHECK(std::get<command::Select>(window.sent.at(1)).layer == 1);
}

TEST_CASE("evidence: of a change of context it asks for the windows compared, and lists the channels that turned most, the first one first") {
  HandMade made;
  made.snapshot.selection.cursor_a = 3, made.snapshot.selection.layer = 0;
  Window window(made, {0, 0, 640, 640});
  window.frames("evidence");
  REQUIRE(window.memory.windows);
  const TokenWindows asked = *window.memory.windows;
  CHECK(asked == TokenWindows{0, 1, 0, 0, 4});
  made.derived.windows = std::make_shared<const WindowMeans>(
      WindowMeans{asked, {0.5f, 0.5f, NAN, 0.5f}, {0.25f, -1, 3, 0.5f}, {1, 2, 3, 4}});
  window.frames("evidence");
  float above = 0;
  for (const char* row : {"evidence/turned 1", "evidence/turned 0"}) {
    REQUIRE(window.has_item(row));
    CHECK(window.ui.items[row].y > above);
    above = window.ui.items[row].y;
  }
  window.click("evidence", "turned 1");
  CHECK(only<command::Select>(window.sent).channel == 1);
  made.snapshot.selection.cursor_a = 1, made.snapshot.selection.layer = 1;  // a jump of the norm: there is nothing to compare
  window.frames("evidence");
  CHECK_FALSE(window.memory.windows);
  CHECK_FALSE(window.has_item("evidence/turned 1"));
}

TEST_CASE("rules: limits say whether they have been calibrated, by whom") {
  Rule rule = default_rule(*find_rule_kind("norm-jump"));
  CHECK(limit_origin(rule).starts_with("uncalibrated, "));
  rule.origin = "yours";
  CHECK(limit_origin(rule) == "uncalibrated, a number of yours");
  rule.origin = "calibrated on prose, 1 in 5,000";
  CHECK(limit_origin(rule) == rule.origin);
  CHECK(limit_origin(default_rule(*find_rule_kind("context-shift"))).starts_with("self-calibrated, "));
  CHECK_FALSE(limit_origin(default_rule(*find_rule_kind("non-finite"))).starts_with("uncalibrated"));
}

TEST_CASE("response: jump goes to the alert, mute switches its rule off, and inspect leaves the Monitor") {
  HandMade made;
  made.snapshot.selection.cursor_a = 4, made.snapshot.selection.layer = 0;
  Window window(made, {0, 0, 640, 244});
  window.click("response", "jump");
  CHECK(std::get<command::Seek>(window.sent.at(0)).token == 3);
  window.sent.clear();
  window.click("response", "mute");
  CHECK(one_rule(window).index == 1);
  CHECK_FALSE(one_rule(window).rule.on);
  window.memory.show_monitor = true;
  window.click("response", "inspect");
  CHECK_FALSE(window.memory.show_monitor);
}

TEST_CASE("time panel: a click on its lane of alerts goes to the nearest one") {
  const HandMade made;
  Window window(made, {0, 0, 1600, 128});
  window.frames("transport");
  const Box lane = window.ui.items["transport/alerts"];
  window.click_at("transport", lane.x + lane.w * 0.3f, lane.middle_y());  // token 1
  CHECK(std::get<command::Seek>(window.sent.at(0)).token == 1);
}
