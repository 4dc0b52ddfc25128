// The table of edits and interventions: what a click on it asks for, and what it shows of controls.
#include "tests/panels/window.h"

#include "views/panels/intervention_table.h"

namespace lab::test {
namespace {

const Intervention kBlock{.operation = "block_write", .layers = "1", .first = 2, .last = 4};
const Intervention kScale{.name = "halve", .on = false, .operation = "scale", .layers = "0", .first = 4, .last = 0, .value = 0.5};

EditEvent holding(std::int64_t position, std::vector<Intervention> rules) {
  EditEvent event{position, "rules"};
  event.interventions = std::make_shared<const std::vector<Intervention>>(std::move(rules));
  return event;
}

void put(HandMade& made, std::vector<EditEvent> edits) { made.snapshot.edits = std::make_shared<const std::vector<EditEvent>>(std::move(edits)); }

std::shared_ptr<const ControlTable> table_of(const Intervention& rule) {
  auto table = std::make_shared<ControlTable>();
  table->intervention = rule;
  table->rows = {{.name = "intervention", .after = 0.5}, {.name = "noise", .after = 0.125}, {.name = "next layer", .refusal = "all used"}, {.name = "random channels", .after = 0.25},
                 {.name = "residual", .after = 0}};
  table->reading = "block write L1: effect 0.50 against 0.12 for noise of the same norm: the content matters, not its size.";
  return table;
}

TEST_CASE("interventions: rows are chosen, switched and edited; edits of the state are listed below and gone to") {
  HandMade made(9);
  put(made, {{2, "zero layer 1", 1, {}, "zero L1"}, holding(3, {kBlock, kScale})});
  Window window(made);
  window.frames("interventions");
  window.click("interventions", "on 0");
  const auto& switched = only<command::SetIntervention>(window.sent);
  CHECK(switched.index == 0);
  CHECK_FALSE(switched.intervention.on);
  CHECK(switched.intervention.operation == "block_write");
  window.sent.clear();
  window.click("interventions", "rule 1");
  CHECK(window.sent.empty());
  CHECK(window.memory.intervention == 1);
  window.click("interventions", "run");
  CHECK(only<command::RunControls>(window.sent).index == 1);
  window.sent.clear();
  window.click("interventions", "edit 0");
  CHECK(only<command::Seek>(window.sent).token == 2);
}

TEST_CASE("interventions: rules are saved, loaded and copied by the window, a row by its menu too") {
  HandMade made(9);
  put(made, {{2, "zero layer 1", 1, {}, "zero L1"}, holding(3, {kBlock, kScale})});
  Window window(made);
  const auto asked = [&] { return std::pair(std::exchange(window.memory.row_wish, RowWish::none), window.memory.wished_row); };
  window.click("interventions", "copy rule");
  CHECK(asked().first == RowWish::none);  // none is chosen
  window.click("interventions", "save rules");
  CHECK(asked().first == RowWish::save);
  window.click("interventions", "load rules");
  CHECK(asked().first == RowWish::load);
  window.click("interventions", "rule 1");
  window.click("interventions", "copy rule");
  CHECK(asked() == std::pair(RowWish::copy_rule, std::int64_t{1}));
  const auto from_menu = [&](const char* row, const char* item) {
    const Box at = window.ui.items["interventions/" + std::string(row)];
    window.click_at("interventions", at.middle_x(), at.middle_y(), 1);
    window.click("interventions", item);
  };
  from_menu("rule 0", "Copy as command");
  CHECK(asked() == std::pair(RowWish::copy_rule, std::int64_t{0}));
  from_menu("edit 0", "Copy as command");
  CHECK(asked() == std::pair(RowWish::copy_edit, std::int64_t{0}));
  CHECK(window.sent.empty());
  from_menu("rule 0", "Remove");
  CHECK(only<command::RemoveIntervention>(window.sent).index == 0);
  put(made, {});
  window.click("interventions", "save rules");
  CHECK(asked().first == RowWish::none);  // there are none
}

TEST_CASE("interventions: controls need a chosen rule, and can be stopped while they run") {
  HandMade made(9);
  put(made, {holding(3, {kBlock})});
  Window window(made);
  window.frames("interventions");
  window.click("interventions", "run");
  CHECK(window.sent.empty());
  window.memory.controls_share = 0.5;
  window.frames("interventions");
  window.click("interventions", "stop");
  CHECK(only<command::RunControls>(window.sent).index == -1);
}

TEST_CASE("interventions: the controls of a rule are those of the same run and the very same rule") {
  HandMade made(9);
  made.snapshot.run = 7;
  put(made, {holding(3, {kBlock, kScale})});
  Window window(made);
  window.memory.controls = {{6, table_of(kScale)}, {7, table_of(kBlock)}};
  window.frames("interventions");
  CHECK(controls_of(made.snapshot, window.memory, kBlock) != nullptr);
  CHECK(controls_of(made.snapshot, window.memory, kScale) == nullptr);
  Intervention other = kBlock;
  other.last = 5;
  CHECK(controls_of(made.snapshot, window.memory, other) == nullptr);
}

TEST_CASE("interventions: a new rule is written in a page and sent once, on the selected layer from the cursor on") {
  HandMade made(9);
  put(made, {});
  made.model->layers[1].points = {{Point::h, {4, 2}}};
  Window window(made, {0, 0, 1000, 700});
  window.frames("interventions");
  window.click("interventions", "add");
  window.frames("interventions");
  CHECK(window.sent.empty());
  const Intervention& draft = window.memory.intervention_draft.rule;
  CHECK(draft.layers == "1");
  CHECK(draft.target == "h");
  CHECK(draft.first == 9);
  window.click("interventions", "Add");
  const auto& added = only<command::SetIntervention>(window.sent);
  CHECK(added.index == 0);
  CHECK(added.intervention == draft);
  window.sent.clear();

  window.memory.intervention_draft = {};
  made.snapshot.selection.cursor_a = 3;  // within what was read: a fork is offered
  window.click("interventions", "add");
  window.frames("interventions");
  window.click("interventions", "Fork and apply");
  REQUIRE(window.sent.size() == 3);
  CHECK(std::get<command::Fork>(window.sent[0]).position == 4);
  CHECK(std::get<command::Fork>(window.sent[0]).keep);
  CHECK(std::get<command::SetIntervention>(window.sent[1]).intervention.first == 4);
  CHECK(std::holds_alternative<command::ReadWaiting>(window.sent[2]));
}

TEST_CASE("interventions: bars lie where rules hold or held, and one that others did not change is one bar") {
  Intervention wide = kBlock;
  wide.first = 0, wide.last = 20;
  const std::vector<EditEvent> edits{holding(3, {wide}), {5, "zero", 1}, holding(6, {wide, kBlock}), holding(10, {kScale})};
  const auto bars = intervention_bars(edits, 12);
  REQUIRE(bars.size() == 1);  // kBlock was over when it was set, kScale is off
  CHECK(bars[0].first == 3);
  CHECK(bars[0].last == 10);
  Intervention open = wide;
  open.last = 0;
  const auto endless = intervention_bars({holding(3, {open})}, 12);
  REQUIRE(endless.size() == 1);
  CHECK(endless[0].last == 12);
  const auto future = intervention_bars({holding(3, {wide})}, 12);
  CHECK(future[0].last == 20);
}

TEST_CASE("interventions: every width has its columns, with and without controls, and nothing to show is said") {
  for (const float width : {300.0f, 420.0f, 560.0f, 700.0f, 1000.0f, 1400.0f})
    for (const float height : {120.0f, 220.0f, 500.0f}) {
      HandMade made(9);
      put(made, {{2, "zero layer 1", 1, {}, "zero L1"}, holding(3, {kBlock, kScale, kBlock, kScale, kBlock, kScale, kBlock, kScale})});
      Window window(made, {0, 0, width, height});
      window.memory.controls = {{made.snapshot.run, table_of(kBlock)}};
      window.memory.intervention = 0;
      window.frames("interventions");
      CHECK(window.has_item("interventions/rule 0"));
      put(made, {});
      window.frames("interventions");
    }
}

TEST_CASE("lanes: a rule is a bar over its tokens, and setting it is no mark") {
  HandMade made(30);
  Intervention rule = kBlock;
  rule.first = 10, rule.last = 20;
  put(made, {holding(5, {rule})});
  Window window(made, {0, 0, 1600, 300});
  window.frames("transport");
  CHECK_FALSE(window.has_item("transport/edit 0"));
  const Box axis = window.ui.items["transport/time"], bar = window.ui.items["transport/intervention 0"];
  const float token = axis.w / 30;
  CHECK(bar.x == doctest::Approx(axis.x + 10 * token));
  CHECK(bar.right() == doctest::Approx(axis.x + 20 * token));
}

}  // namespace
}  // namespace lab::test
