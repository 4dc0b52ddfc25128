// The pictures of what rules have found.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/figures/hand_made.h"
#include "views/figures/alert_limits.h"
#include "views/figures/alerts.h"
#include "views/figures/figure.h"
#include "views/figures/rule_text.h"
#include "views/plot/layout.h"

using namespace lab;
using lab::test::HandMade;

namespace {

Figure figure_of(const char* kind, const HandMade& made, const FigureOptions& options = {}) {
  auto figure = find_figure(kind)->make(made.snapshot, made.derived, options);
  REQUIRE_MESSAGE(figure, (figure ? "" : figure.error().text()));
  return figure.take();
}

template <class T>
std::vector<T> layers_of(const Figure& figure) {
  std::vector<T> out;
  for (const Layer& layer : figure.plots[0].layers)
    if (const auto* found = std::get_if<T>(&layer)) out.push_back(*found);
  return out;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("alerts: a stroke for each, in the row of its layer and the ink of its rule, and a shade for each row") {
  const HandMade made;
  const Figure figure = figure_of("alerts", made);
  const auto marks = layers_of<LineLayer>(figure);
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].ink == Ink::run_b);
  CHECK(marks[0].x == std::vector<double>{1, 1, 1, 3, 3, 3});
  CHECK((marks[0].y[0] + marks[0].y[1]) / 2 == doctest::Approx(1));
  CHECK(marks[1].ink == Ink::run_a);
  CHECK((marks[1].y[0] + marks[1].y[1]) / 2 == doctest::Approx(0));
  CHECK(layers_of<HeatLayer>(figure).size() == 2);
}

TEST_CASE("alerts: a row is shaded from what is usual to its limit, on the side on which the rule finds something") {
  const HandMade made;
  FigureOptions options;
  options.rule = 0;
  const auto jump = layers_of<HeatLayer>(figure_of("alerts", made, options))[1];
  CHECK(jump.scale.low == doctest::Approx(1.25));
  CHECK(jump.scale.high == doctest::Approx(1.8));
  CHECK_FALSE(jump.scale.reversed);
  options.rule = 1;
  const auto shift = layers_of<HeatLayer>(figure_of("alerts", made, options))[0];
  CHECK(shift.scale.low == doctest::Approx(0.36));
  CHECK(shift.scale.high == doctest::Approx(0.75));
  CHECK(shift.scale.reversed);
  CHECK(shift.scale.color(0.3) == shift.scale.shade);
}

TEST_CASE("alerts: where a rule has nothing to say the ground shows, not the colour of NaN") {
  const HandMade made;
  FigureOptions options;
  options.rule = 2;  // off
  for (const HeatLayer& row : layers_of<HeatLayer>(figure_of("alerts", made, options))) CHECK(row.column(0) == nullptr);
}

TEST_CASE("alerts: what was found in the whole model has a row above the layers") {
  HandMade made;
  CHECK(alert_rows(*made.alerts, 2) == std::vector{0, 1});
  made.alerts->alerts.push_back({{4, -1, 1, 0, "logits"}, 0});
  CHECK(alert_rows(*made.alerts, 2) == std::vector{-1, 0, 1});
  const auto marks = layers_of<LineLayer>(figure_of("alerts", made));
  CHECK((marks[0].y[0] + marks[0].y[1]) / 2 == doctest::Approx(2));  // layer 1, one row lower
}

TEST_CASE("alerts: names of rules, layers and tokens are on paper") {
  const HandMade made;
  FigureOptions options;
  options.on_screen = options.cursors = false;
  const std::string text = text_of(lay_out(figure_of("alerts", made, options), 400, 300, print_style(), FixedMeasure()).list);
  for (const char* part : {"Norm jump", "Context shift", "layer", "token", "3 alerts"}) CHECK_MESSAGE(has(text, part), part);
}

TEST_CASE("alerts: their table has a line for each of the tokens shown") {
  HandMade made;
  const auto csv = [&] { return csv_of("alerts", made.snapshot, made.derived, {}); };
  CHECK(has(csv(), "3,0,context-shift,0.25,0.36,cos,␣the,the text changed\n"));
  CHECK(std::ranges::count(csv(), '\n') == 4);
  made.snapshot.selection.first = 2, made.snapshot.selection.last = 5;
  CHECK(std::ranges::count(csv(), '\n') == 3);
}

TEST_CASE("alerts: hovering tells what was found at a token and what the rule in focus measured") {
  const HandMade made;
  const std::string text = value_at("alerts", made.snapshot, made.derived, {}, 0, 3, 1);
  CHECK(has(text, "layer 1\tt = 3"));
  CHECK(has(text, "Norm jump\t2.50 ×, > 1.80 ×"));
  CHECK(value_at("alerts", made.snapshot, made.derived, {}, 0, 99, 1).empty());
}

TEST_CASE("chosen alert: the one at the cursor and layer, else at the cursor, else the last before in the layer, else the first") {
  const HandMade made;
  const auto chosen = [&](std::int64_t cursor, std::int64_t layer) { return chosen_alert(*made.alerts, {.cursor_a = cursor, .layer = layer}, -1); };
  CHECK(chosen(3, 1) == 1);
  CHECK(chosen(3, 0) == 2);
  CHECK(chosen(1, 0) == 0);
  CHECK(chosen(2, 1) == 0);
  CHECK(chosen(4, 1) == 1);
  CHECK(chosen(4, 0) == 2);
  CHECK(chosen(0, 1) == 0);
  CHECK(chosen_alert(AlertLog{.rules = made.alerts->rules}, {.cursor_a = 3}, -1) == -1);
}

TEST_CASE("evidence: the numbers of the layer lie on top of the others', with the limit and the alert") {
  HandMade made;
  made.snapshot.selection.cursor_a = 3, made.snapshot.selection.layer = 0;
  const Figure figure = figure_of("alert-evidence", made);
  const auto lines = layers_of<LineLayer>(figure);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ink == Ink::faint);
  CHECK(lines[1].name == "layer 0");
  CHECK(lines[1].y[3] == 0.25f);
  const auto rules = layers_of<RuleLayer>(figure);
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].at == doctest::Approx(0.36));
  CHECK(rules[1].at == 3);
  CHECK(figure.plots[0].y.low < 0.25);
}

TEST_CASE("evidence: without an alert it says so") {
  HandMade made;
  made.alerts->alerts.clear();
  const auto figure = find_figure("alert-evidence")->make(made.snapshot, made.derived, {});
  REQUIRE(!figure);
  CHECK(figure.error().message == "No rule has found anything.");
}

TEST_CASE("limits: the share beyond a limit, of the layer and of all layers") {
  HandMade made;
  made.snapshot.selection.cursor_a = 3, made.snapshot.selection.layer = 1;
  const LimitShares shares = limit_shares(made.snapshot, *made.alerts, {});
  CHECK(shares.limit == doctest::Approx(1.8));
  CHECK(shares.own == doctest::Approx(0.4));  // two of five tokens
  CHECK(shares.all == doctest::Approx(0.2));
  made.snapshot.selection.layer = 0;  // the context shift, found below its limit
  CHECK(limit_shares(made.snapshot, *made.alerts, {}).own == doctest::Approx(0.2));
  CHECK(limit_shares(made.snapshot, *made.alerts, {}, 0.1).own == doctest::Approx(0));
}

TEST_CASE("limits: a rule that is off says to switch it on") {
  const HandMade made;
  FigureOptions options;
  options.rule = 2;
  const auto figure = find_figure("alert-limits")->make(made.snapshot, made.derived, options);
  REQUIRE(!figure);
  CHECK(figure.error().next == "Switch it on.");
}

TEST_CASE("rule texts: limits have their unit, their side and what is by layer") {
  Rule rule = default_rule(*find_rule_kind("closed-gates"));
  CHECK(limit_text(rule) == "> 50.0 %");
  rule.layer_limits = {0.25, 0.75};
  CHECK(limit_text(rule) == "> 25.0 to 75.0 %");
  CHECK(limit_text(default_rule(*find_rule_kind("context-shift"))) == "< −12.0 dev");
  CHECK(limit_text(default_rule(*find_rule_kind("non-finite"))) == "any");
  CHECK(measured_text(default_rule(*find_rule_kind("norm-jump")), 3.276) == "3.28 ×");
  CHECK(is_same(rule, rule));
  CHECK_FALSE(is_same(rule, default_rule(*find_rule_kind("closed-gates"))));
}
