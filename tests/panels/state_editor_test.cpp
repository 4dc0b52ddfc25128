// The editor of the state: what it sends of each operation, what it refuses, boxes of cells and the edits of them.
#include "tests/panels/window.h"

#include <numeric>
#include <random>
#include <set>

#include "app/core/state_edit.h"
#include "model/state_slice.h"
#include "views/figures/parts.h"
#include "views/panels/kept.h"
#include "views/panels/selection.h"

namespace lab::test {
namespace {

using Shape = std::vector<std::int64_t>;

/// Two layers of what HandMade shows, with a convolution window beside it.
void give_schema(HandMade& made) {
  LayerSchema layer{.kind = "mamba1", .tensors = {{.name = "ssm_state", .shape = {kChannels, kStates}}, {.name = "conv_state", .role = Role::conv, .shape = {kChannels, 3}}}};
  made.model->schema = std::make_shared<const StateSchema>("mamba1", std::vector<LayerSchema>(kLayers, layer));
}

void click_in_editor(Window& window, const std::string& item) {
  window.frame("selection");
  const auto found = window.ui.items.find("state-editor/" + item);
  REQUIRE_MESSAGE(found != window.ui.items.end(), "the editor has no " << item);
  window.click_at("selection", found->second.middle_x(), found->second.middle_y());
}

/// A window in which the editor is open on cell h[2, 1] of layer 1.
struct EditorWindow {
  HandMade made{5};
  std::unique_ptr<Window> window;

  explicit EditorWindow(bool forked = false) {
    give_schema(made);
    if (forked) made.fork_one();
    window = std::make_unique<Window>(made, Box{0, 0, 700, 800});
    edit_state(window->memory, {.operation = "scale", .layer = 1, .at = "2, 1", .value = 0.5, .position = 5}, {0, 0, 10, 10});
    window->frames("selection");
    window->click_at("selection", 20, 32);  // beside the fields, so that none of them holds what is typed
  }
  StateDraft& draft() { return window->memory.state_draft; }
  std::vector<Command>& sent() { return window->sent; }
  /// What a click on Apply sends, or nothing.
  std::vector<Command> applied() {
    sent().clear();
    click_in_editor(*window, "Apply");
    return std::exchange(sent(), {});
  }
};

TEST_CASE("state editor: each operation sends its own numbers and no others") {
  const std::vector<StateEdit> wanted = {{.operation = "zero", .layer = 1, .at = "2, 1"},
                                         {.operation = "set", .layer = 1, .at = "2, 1", .value = 0.25},
                                         {.operation = "scale", .layer = 1, .at = "2, 1", .value = 0.25},
                                         {.operation = "noise", .layer = 1, .at = "2, 1", .value = 0.25, .seed = 7},
                                         {.operation = "clamp", .layer = 1, .at = "2, 1", .value = 0.25},
                                         {.operation = "mix", .layer = 1, .at = "2, 1", .value = 0.25, .position = 4, .from_layer = 0},
                                         {.operation = "transplant", .layer = 1, .at = "2, 1", .position = 4, .from_layer = 0},
                                         {.operation = "forget", .layer = 1, .at = "2, 1", .position = 3}};
  REQUIRE(wanted.size() == std::size(kOperations));
  for (const StateEdit& edit : wanted) {
    INFO(edit.operation);
    EditorWindow open;
    open.draft().edit.operation = edit.operation;
    open.draft().value = " 0.25 ", open.draft().seed = "7", open.draft().token = "3", open.draft().from_layer = "0";
    CHECK(json_of(only<command::EditState>(open.applied())) == json_of(command::EditState{edit}));
  }
}

TEST_CASE("state editor: operation, part, tensor and source are chosen with the mouse, and the name goes with the edit") {
  EditorWindow open(true);
  click_in_editor(*open.window, "what");
  click_in_editor(*open.window, "take from");
  CHECK(open.draft().edit.operation == "transplant");
  click_in_editor(*open.window, "Channel");
  CHECK(open.draft().edit.at == "2");
  click_in_editor(*open.window, "All");
  CHECK(open.draft().layer == "all");
  click_in_editor(*open.window, "Layer");
  CHECK(open.draft().layer == "1");
  CHECK(open.draft().edit.at.empty());
  click_in_editor(*open.window, "tensor");
  click_in_editor(*open.window, "conv_state");
  click_in_editor(*open.window, "from");
  click_in_editor(*open.window, "other (run 1)");
  open.draft().token = "3", open.draft().edit.name = "borrowed";
  const StateEdit wanted{.operation = "transplant", .layer = 1, .tensor = "conv_state", .position = 4, .from_run = 1, .name = "borrowed"};
  CHECK(only<command::EditState>(open.applied()).edit == wanted);
}

TEST_CASE("state editor: a saved state is named by its path, and its token is not asked") {
  EditorWindow open;
  open.draft().edit.operation = "mix";
  click_in_editor(*open.window, "from");
  click_in_editor(*open.window, "a saved state …");
  open.window->ui.items.clear();
  CHECK(open.applied().empty());  // no path yet
  CHECK_FALSE(open.window->has_item("state-editor/after token"));
  open.draft().edit.from_file = "kept.safetensors";
  CHECK(only<command::EditState>(open.applied()).edit == StateEdit{.operation = "mix", .layer = 1, .at = "2, 1", .value = 0.5, .from_file = "kept.safetensors"});
}

TEST_CASE("state editor: what does not parse or is out of range is not applied, whatever is typed") {
  EditorWindow open;
  const auto refuses = [&](std::string StateDraft::* member, const char* text, const char* field) {
    INFO(text);
    const std::string before = std::exchange(open.draft().*member, text);
    CHECK(open.applied().empty());
    const auto refused = command_of(open.draft(), open.made.snapshot, false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().field == field);
    open.draft().*member = before;
  };
  for (const char* text : {"x", "-1", "2", "1.5", "99999999999999999999", "\xff"}) refuses(&StateDraft::layer, text, "edit.layer");
  for (const char* text : {"", "x", "1,5", "nan", "inf", "1e400", "--1"}) refuses(&StateDraft::value, text, "edit.value");
  open.draft().edit.operation = "mix";
  for (const char* text : {"5", "x", "-2", "9223372036854775807"}) refuses(&StateDraft::token, text, "edit.position");
  for (const char* text : {"2", "x"}) refuses(&StateDraft::from_layer, text, "edit.from_layer");
  open.draft().edit.operation = "noise";
  refuses(&StateDraft::seed, "0.5", "edit.seed");
  for (const char* at : {"4", "2, 2", "1:1", "a", "0, 0, 0", "2;", ";", "2;;3", "0;4", "\xff\x01"}) {
    INFO(at);
    open.draft().edit.at = at;
    CHECK(open.applied().empty());
    REQUIRE_FALSE(command_of(open.draft(), open.made.snapshot, false));
  }
  open.draft().edit.at = "2, 1";
  CHECK(open.applied().size() == 1);
}

TEST_CASE("state editor: several ranges are one patch, and no token is forgotten in them") {
  EditorWindow open;
  open.draft().edit.at = "0; 2, 1";
  const auto applied = open.applied();
  const auto& patch = only<command::ApplyPatch>(applied);
  REQUIRE(patch.edits.size() == 2);
  CHECK(patch.edits[0] == StateEdit{.operation = "scale", .layer = 1, .at = "0", .value = 0.5});
  CHECK(patch.edits[1].at == "2, 1");
  CHECK(patch.title == "scale h[3 cells] of layer 1 by 0.5");
  edit_state(open.window->memory, {.operation = "forget", .layer = 1, .at = "0; 2, 1", .position = 3});
  CHECK(open.applied().empty());
  open.draft().edit.at = "0";
  CHECK(open.applied().size() == 1);
}

TEST_CASE("state editor: a fork leaves the run at cursor A, and takes what it has not read from the run that has") {
  EditorWindow open(true);
  open.made.snapshot.selection.cursor_a = 1;
  open.draft().edit.operation = "transplant", open.draft().token = "3";
  click_in_editor(*open.window, "fork");
  REQUIRE(open.sent().size() == 2);
  CHECK(std::get<command::Fork>(open.sent()[0]).position == 2);
  CHECK(std::get<command::Fork>(open.sent()[0]).keep);
  CHECK(std::get<command::EditState>(open.sent()[1]).edit.position == 4);
  CHECK(std::get<command::EditState>(open.sent()[1]).edit.from_run == open.made.snapshot.active_run);
}

TEST_CASE("state editor: nothing is applied while the lab runs, and Copy gives the command") {
  EditorWindow open;
  open.made.snapshot.state = EngineState::running;
  CHECK(open.applied().empty());
  click_in_editor(*open.window, "Copy");
  CHECK(std::string(ImGui::GetClipboardText()) == json_of(command::EditState{{.operation = "scale", .layer = 1, .at = "2, 1", .value = 0.5}}));
}

TEST_CASE("selection: each operation of the edit box is of the chosen part, and the button beside it opens the editor on it") {
  HandMade made;
  give_schema(made);
  Window window(made, {0, 0, 312, 760});
  window.click("selection", "Channel");
  const char* operations[] = {"scale", "zero", "set", "noise", "clamp", "mix", "transplant", "forget"};
  for (int i = 0; i < 8; ++i) {
    window.memory.kept->edit = i;
    window.click("selection", "Apply");
    const StateEdit edit = only<command::EditState>(window.sent).edit;
    CHECK(edit.operation == operations[i]);
    CHECK(edit.at == "2");
    CHECK(edit.value == (i == 1 || i > 5 ? 0 : 0.5));
    CHECK(edit.position == (i < 5 ? 0 : i == 7 ? 4 : 5));
    window.sent.clear();
  }
  window.click("selection", "more");
  window.frames("selection");
  CHECK(window.has_item("state-editor/Apply"));
  CHECK(window.memory.state_draft.edit.operation == "forget");
  CHECK(window.memory.state_draft.token == "4");
  CHECK(window.memory.state_draft.layer == "1");
  CHECK(window.memory.state_draft.edit.at == "2");
}

/// Each flat cell that the slices name, and whether one of them is named twice.
std::multiset<std::int64_t> cells_of(const std::string& at, const Shape& shape) {
  std::multiset<std::int64_t> cells;
  for (const std::string& slice : slices_in(at)) {
    const auto part = StateSlice::parse(slice, shape);
    REQUIRE_MESSAGE(part, slice);
    part->for_each([&](std::int64_t flat) { cells.insert(flat); });
  }
  return cells;
}

TEST_CASE("box: every displayed cell is in exactly one slice and no other cell is, by index, sorted, and in planes") {
  std::mt19937 random(5);
  struct Plane {
    Shape shape;
    ShownCells shown;
  };
  const std::vector<Plane> planes = {{{12, 4}, {.rows = 12, .columns = 4, .row_step = 4}},                                     // Mamba-1
                                     {{3, 4, 5}, {.rows = 12, .columns = 5, .row_step = 5}},                                   // Mamba-2, all channels
                                     {{3, 4, 5}, {.rows = 4, .columns = 5, .first = 20, .row_step = 5}},                       // head 1
                                     {{3, 4, 5}, {.rows = 3, .columns = 5, .first = 10, .row_step = 20}},                      // p = 2
                                     {{3, 4, 5}, {.rows = 3, .columns = 4, .first = 3, .row_step = 20, .column_step = 5}},     // n = 3
                                     {{6, 1, 1}, {.rows = 6, .columns = 1, .row_step = 1}}};
  for (const Plane& plane : planes)
    for (int round = 0; round < 200; ++round) {
      std::vector<std::int32_t> order(static_cast<std::size_t>(plane.shown.rows));
      std::iota(order.begin(), order.end(), 0);
      if (round % 2) std::shuffle(order.begin(), order.end(), random);
      const auto between = [&](std::int64_t first, std::int64_t last) { return std::uniform_int_distribution<std::int64_t>(first, last)(random); };
      const std::int64_t row = between(0, plane.shown.rows - 1), last_row = between(row, plane.shown.rows - 1);
      const std::int64_t column = between(0, plane.shown.columns - 1), columns = between(1, plane.shown.columns - column);
      std::vector<std::int64_t> rows;
      std::multiset<std::int64_t> wanted;
      for (std::int64_t i = row; i <= last_row; ++i) {
        rows.push_back(order[static_cast<std::size_t>(i)]);
        for (std::int64_t j = column; j < column + columns; ++j) wanted.insert(plane.shown.cell(rows.back(), j));
      }
      std::ranges::sort(rows);
      const std::string at = slices_of_cells(plane.shown, plane.shape, rows, column, columns);
      INFO(at);
      CHECK(cells_of(at, plane.shape) == wanted);
    }
}

TEST_CASE("box: neighbours are one slice, also over whole heads") {
  const ShownCells heads{.rows = 12, .columns = 5, .row_step = 5};
  const Shape shape{3, 4, 5};
  CHECK(slices_of_cells(heads, shape, {4, 5}, 1, 2) == "1, 0:2, 1:3");
  CHECK(slices_of_cells(heads, shape, {4, 5, 6, 7, 8, 9, 10, 11}, 0, 5) == "1:3, :, :");
  CHECK(slices_of_cells(heads, shape, {3, 4, 5}, 2, 1) == "0, 3, 2; 1, 0:2, 2");
  CHECK(slices_of_cells({.rows = 12, .columns = 4, .row_step = 4}, {12, 4}, {3, 4, 5}, 0, 4) == "3:6, :");
}

TEST_CASE("box, cell: where state indexes are tensors of their own a cell names its tensor, and caches have neither cell nor box") {
  HandMade made;
  give_schema(made);
  CHECK(edit_of_cell(made.snapshot, 2, 1) == StateEdit{.layer = 1, .at = "2, 1"});
  CHECK(box_refusal(made.snapshot).empty());
  const auto vector = [](const char* name) { return TensorSchema{.name = name, .point = Point::att_state, .shape = {kChannels}}; };
  made.model->layers[1].columns = {"aa", "bb"};
  made.model->schema = std::make_shared<const StateSchema>("rwkv4", std::vector<LayerSchema>(kLayers, LayerSchema{.kind = "rwkv4", .tensors = {vector("att.aa"), vector("att.bb")}}));
  CHECK(edit_of_cell(made.snapshot, 2, 1) == StateEdit{.layer = 1, .tensor = "att.bb", .at = "2"});
  CHECK_FALSE(box_refusal(made.snapshot).empty());
  made.model->layers[1].columns.clear();
  made.model->layers[1].parts = {"k", "v"};
  CHECK(edit_of_cell(made.snapshot, 2, 1) == StateEdit{.layer = 1});
  CHECK_FALSE(box_refusal(made.snapshot).empty());
}

/// Presses in one displayed cell of the hand-made state, four rows and two columns, with Shift held, and lets go in another.
void drag_cells(Window& window, ShownPlace from, ShownPlace to) {
  window.frames("state-at");
  const Box map = window.ui.items["state-at/map"];
  const auto move = [&](ShownPlace place) {
    ImGui::GetIO().MousePos = {map.x + map.w * (static_cast<float>(place.column) + 0.5f) / kStates, map.y + map.h * (static_cast<float>(place.row) + 0.5f) / kChannels};
    window.frames("state-at", 2);
  };
  ImGui::GetIO().KeyShift = true;
  move(from);
  ImGui::GetIO().MouseDown[0] = true;
  window.frame("state-at");
  move(to);
  ImGui::GetIO().MouseDown[0] = false;
  window.frames("state-at", 2);
  ImGui::GetIO().KeyShift = false;
}

TEST_CASE("state-at: a Shift-drag picks a box, which the edit box is of until a click or another layer lets it go") {
  HandMade made;
  give_schema(made);
  Window window(made, {0, 0, 400, 760});
  drag_cells(window, {0, 1}, {1, 0});  // by half-life: channels 2 and 0
  CHECK(window.sent.empty());
  CHECK(window.memory.box.at == "0, :; 2, :");
  CHECK(box_words(window.memory.box) == "box 2 × 2");
  window.frames("selection");
  CHECK(window.has_item("selection/Box"));
  CHECK_FALSE(window.has_item("selection/Cell"));
  window.click("selection", "Apply");
  const auto& patch = only<command::ApplyPatch>(window.sent);
  CHECK(patch.title == "scale h[box 2 × 2] of layer 1 by 0.5");
  CHECK(patch.edits.size() == 2);
  window.sent.clear();
  window.memory.kept->edit = 7;  // no token is forgotten in two ranges of a layer
  window.click("selection", "Apply");
  CHECK(window.sent.empty());

  drag_cells(window, {1, 0}, {1, 1});
  CHECK(window.memory.box.at == "0, :");
  window.click("selection", "Apply");
  CHECK(only<command::EditState>(window.sent).edit == StateEdit{.operation = "forget", .layer = 1, .at = "0, :", .position = 4});
  window.sent.clear();
  made.snapshot.selection.layer = 0;
  window.ui.items.clear();
  window.frames("selection");
  CHECK_FALSE(window.has_item("selection/Box"));
  made.snapshot.selection.layer = 1;
  window.frames("state-at");
  const Box map = window.ui.items["state-at/map"];
  window.click_at("state-at", map.x + 5, map.y + 5);
  CHECK(window.memory.box.layer == -1);
  CHECK(window.sent.size() == 1);
}

TEST_CASE("state-at: a Shift-click is a click, and a box stays on its cells in another order") {
  HandMade made;
  give_schema(made);
  Window window(made, {0, 0, 400, 760});
  drag_cells(window, {0, 0}, {0, 0});
  CHECK(window.memory.box.layer == -1);
  CHECK(only<command::Select>(window.sent).channel == 2);
  drag_cells(window, {0, 0}, {1, 1});
  made.slab->channels_by_half_life = {1, 0, 3, 2};
  CHECK(displayed_rows(window.memory.box, shown_cells({made.snapshot, made.derived, {}})) == std::vector<std::int64_t>{1, 3});
  CHECK(displayed_rows(window.memory.box, {.rows = 2, .columns = 2}).empty());  // another plane is shown
}

TEST_CASE("state-at: a Shift-drag picks a box in what is zoomed, and moves no view") {
  HandMade made;
  give_schema(made);
  Window window(made, {0, 0, 400, 760});
  FigureOptions& options = window.memory.options["state-at"];
  options.first_row = 1, options.rows = 2;
  drag_cells(window, {0, 0}, {3, 1});  // from the upper of the two rows shown to the lower one
  CHECK(window.memory.box.at == "0, :; 3, :");
  CHECK(options.first_row == 1);
}

TEST_CASE("state-at, state-over-time: the menu edits the cell that was clicked, and the box where it is in one") {
  HandMade made;
  give_schema(made);
  for (const char* pane : {"state-at", "state-over-time"}) {
    INFO(pane);
    Window window(made, {0, 0, 700, 500});
    window.frames(pane);
    const Box cells = window.ui.items[std::string(pane) + (std::string_view(pane) == "state-at" ? "/map" : "/cells")];
    window.click_at(pane, cells.x + cells.w * 0.6f, cells.y + cells.h * 0.4f, 1);  // by half-life the second row: channel 0
    window.click(pane, "Edit this …");
    window.frames(pane);
    CHECK(window.has_item("state-editor/Apply"));
    CHECK(window.memory.state_draft.edit.at == "0, 1");
    CHECK(only<command::Select>(window.sent).channel == 0);
  }
  Window window(made, {0, 0, 700, 500});
  drag_cells(window, {0, 0}, {1, 1});
  const Box map = window.ui.items["state-at/map"];
  window.click_at("state-at", map.x + map.w * 0.6f, map.y + map.h * 0.4f, 1);
  window.click("state-at", "Edit this …");
  CHECK(window.memory.state_draft.edit.at == "0, :; 2, :");
  CHECK(window.sent.empty());
}

}  // namespace
}  // namespace lab::test
