// The list of layers, the index map, the selected cell in numbers and watched tokens.
#include <doctest/doctest.h>
#include <imgui.h>

#include <algorithm>
#include <cmath>

#include "tests/panels/window.h"
#include "views/panels/index_map.h"
#include "views/panels/kept.h"
#include "views/panels/layer_filter.h"
#include "views/panels/state_axes.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::only;
using lab::test::Window;

namespace {

std::vector<int> layers(const HandMade& made, const std::string& filter, LayerSort sort = LayerSort::index) {
  const ShownLayers shown = shown_layers(made.snapshot, made.alerts.get(), filter, sort);
  CHECK(shown.problem.empty());
  return shown.layers;
}

using Ints = std::vector<int>;

}  // namespace

TEST_CASE("layers: a filter names layers by number, norm, change, alert and kind, all parts together") {
  HandMade made;  // norms at the cursor: 1 and 11; changes 4 and 14; alerts in both layers
  made.model->layers[0].title = "Mamba-2", made.model->layers[1].title = made.model->layers[1].kind = "attention";
  CHECK(layers(made, "") == Ints{0, 1});
  CHECK(layers(made, "1") == Ints{1});
  CHECK(layers(made, "L0-L5") == Ints{0, 1});
  CHECK(layers(made, "l1-3") == Ints{1});
  CHECK(layers(made, "norm > 10.5") == Ints{1});
  CHECK(layers(made, "norm<=1") == Ints{0});
  CHECK(layers(made, "change > 4") == Ints{1});
  CHECK(layers(made, "dh >= 4") == Ints{0, 1});
  CHECK(layers(made, "Atten") == Ints{1});
  CHECK(layers(made, "L0-1, norm > 0, mamba") == Ints{0});
  CHECK(layers(made, "alert") == Ints{0, 1});
  made.snapshot.selection.cursor_a = 2;  // up to there only layer 1 has one
  CHECK(layers(made, "alert") == Ints{1});
  CHECK(layers(made, "transformer").empty());
}

TEST_CASE("layers: a filter that is not understood is said and leaves all") {
  const HandMade made;
  for (const char* wrong : {"norm > many", "taste > 3", "norm >"}) {
    CAPTURE(wrong);
    const ShownLayers shown = shown_layers(made.snapshot, nullptr, wrong, LayerSort::index);
    CHECK(shown.problem.find("Not understood") == 0);
    CHECK(shown.layers.size() == 2);
  }
}

TEST_CASE("layers: sorted, the largest is first, and one that is not finite before it") {
  HandMade made;
  CHECK(layers(made, "", LayerSort::norm) == Ints{1, 0});
  CHECK(layers(made, "", LayerSort::change) == Ints{1, 0});
  CHECK(layers(made, "norm > 1e9", LayerSort::norm).empty());
  made.trace->nan_at = 4;
  CHECK(layers(made, "norm > 1e9") == Ints{0, 1});
}

TEST_CASE("layers: the list shows what the filter leaves, in its order") {
  const HandMade made;
  Window window(made, {0, 0, 256, 400});
  window.memory.layer_filter = "L1";
  window.frames("layers");
  CHECK(window.has_item("layers/layer 1"));
  CHECK_FALSE(window.has_item("layers/layer 0"));
  window.memory.layer_filter.clear();
  window.click("layers", "sort");
  CHECK(window.memory.layer_sort == LayerSort::norm);
  window.frames("layers");
  CHECK(window.ui.items["layers/layer 1"].y < window.ui.items["layers/layer 0"].y);
}

TEST_CASE("index map: an offset and an index are inverse of each other over a whole tensor, and nothing outside") {
  const std::vector<std::int64_t> shape = {3, 2, 5, 4};
  std::int64_t offset = 0;
  for (std::int64_t t = 0; t < 3; ++t)
    for (std::int64_t h = 0; h < 2; ++h)
      for (std::int64_t p = 0; p < 5; ++p)
        for (std::int64_t n = 0; n < 4; ++n, ++offset) {
          CHECK(offset_of(shape, {t, h, p, n}) == offset);
          CHECK(index_of(shape, offset) == std::vector<std::int64_t>{t, h, p, n});
        }
  CHECK_FALSE(index_of(shape, offset));
  CHECK_FALSE(index_of(shape, -1));
  CHECK_FALSE(offset_of(shape, {0, 2, 0, 0}));
  CHECK_FALSE(offset_of(shape, {0, 0, 0}));
  CHECK(numbers_in("t 150, h[3, 12, 5]") == std::vector<std::int64_t>{150, 3, 12, 5});
  CHECK(numbers_in("99999999999999999999").empty());
}

TEST_CASE("index map: tensors are those of the layer with tokens first, and their axes have names") {
  HandMade made;
  made.model->layers[1] = {.kind = "mamba2", .heads = 2, .head_dim = 2, .points = {{Point::xBC, {8}}, {Point::x, {2, 2}}, {Point::B, {1, 2}}, {Point::dt, {2}}, {Point::h, {2, 2, 2}}, {Point::probs, {2, kCachedRows}}}};
  const auto tensors = mapped_tensors(made.snapshot);
  REQUIRE(tensors.size() == 5);
  CHECK((tensors[0].name == "h" && tensors[0].shape == std::vector<std::int64_t>{5, 2, 2, 2} && tensors[0].axes == std::vector<std::string>{"token", "head", "p", "n"}));
  CHECK((tensors[3].name == "B" && tensors[3].axes == std::vector<std::string>{"token", "group", "n"}));
  CHECK(tensors[4].axes == std::vector<std::string>{"token", "head"});
}

TEST_CASE("index map: Enter in the field of offsets goes to token and cell, a wrong one says so") {
  HandMade made;
  made.model->layers[1].points = {{Point::h, {4, 2}}};
  made.model->layers[1].parts.clear();
  Window window(made, {0, 0, 600, 740});
  window.memory.show_index_map = true;
  window.frames("selection", 3);
  REQUIRE(window.has_item("selection/offset"));
  CHECK(window.memory.kept->index_offset == "37");  // token 4, channel 2, n 1 of [5, 4, 2]
  CHECK(window.memory.kept->index_tuple == "4, 2, 1");
  const auto type = [&](const char* text) {
    ImGuiIO& io = ImGui::GetIO();
    io.KeyMap[ImGuiKey_Enter] = 10, io.KeyMap[ImGuiKey_A] = 11;
    window.click("selection", "offset");
    io.KeyCtrl = true, io.KeysDown[11] = true;
    window.frame("selection");
    io.KeyCtrl = false, io.KeysDown[11] = false;
    io.AddInputCharactersUTF8(text);
    window.frame("selection");
    io.KeysDown[10] = true;
    window.frame("selection");
    io.KeysDown[10] = false;
    window.frame("selection");
  };
  type("11");
  REQUIRE(window.sent.size() == 2);
  CHECK(std::get<command::Seek>(window.sent[0]).token == 1);
  CHECK(std::get<command::Select>(window.sent[1]).channel == 1);
  CHECK(std::get<command::Select>(window.sent[1]).state == 1);
  window.sent.clear();
  type("40");
  CHECK(window.sent.empty());
  CHECK_FALSE(window.memory.kept->index_problem.empty());
}

TEST_CASE("selection: every driver of the cell is there with its numbers, and all are copied") {
  HandMade made;
  made.model->layers[1].points.clear();
  made.frame->h[5] = 0.75f;
  Window window(made, {0, 0, 312, 740});
  static std::string clipboard;
  ImGui::GetIO().SetClipboardTextFn = [](void*, const char* text) { clipboard = text; };
  window.frames("selection");
  window.memory.wish_pane = "selection", window.memory.wish = PaneWish::copy;
  window.frames("selection", 1);
  const double decay = std::exp(-0.5 * static_cast<double>(made.slab->rate[2]));
  const std::pair<const char*, std::string> expected[] = {{"cell", "h[2, 1]"}, {"offset", "5"}, {"value", "0.75"}, {"half-life", "200"}, {"Δ", "0.5"}, {"A", "−0.01"}, {"exp(ΔA)", number_text(decay, 6)},
                                                          {"B[1]", "6"}, {"C[1]", "8"}, {"x", "3"}, {"Δ·x·B", "9"}, {"C·h + D·x", "30"}, {"SiLU(z)", number_text(0.5 / (1 + std::exp(-0.5)), 6)},
                                                          {"f32", "0x3F400000"}, {"bits", "0 01111110 10000000000000000000000"}, {"bf16", "0.75"}, {"f16", "0.75"}, {"percentile", "0"}};
  for (const auto& [name, value] : expected)
    CHECK_MESSAGE(("\n" + clipboard).find("\n" + std::string(name) + "\t" + value + "\n") != std::string::npos, name << " is not " << value << " in\n" << clipboard);
  CHECK(window.has_item("selection/fact B[1]"));
  made.frame->h[5] = 6.5f;  // 1, 2, 3, 4, 5 and, with it, 7, 8: five of eight are smaller
  window.memory.kept->percentile_key.clear();
  window.memory.wish_pane = "selection", window.memory.wish = PaneWish::copy;
  window.frames("selection", 1);
  CHECK(clipboard.find("percentile\t62.5\n") != std::string::npos);
}

TEST_CASE("next: a pin watches a token over time, another click no longer, of five the first is left") {
  const HandMade made;
  Window window(made, {0, 0, 256, 300});
  window.click("next", "watch 1");
  CHECK(window.memory.watched == Watched{1, -1, -1, -1});
  CHECK(window.memory.curves == CurveSet::expected);
  window.click("next", "watch 2");
  CHECK(window.memory.watched == Watched{1, 0, -1, -1});
  window.click("next", "watch 1");
  CHECK(window.memory.watched == Watched{0, -1, -1, -1});
  window.memory.watched = {7, 8, 9, 10};
  window.click("next", "watch 1");
  CHECK(window.memory.watched == Watched{8, 9, 10, 1});
  Query query{.slab = true};
  complete(query, window.memory);
  CHECK((query.expected && query.watched == window.memory.watched));
}

TEST_CASE("cells: keys walk the displayed rows and the axes of the state, and stop at their ends") {
  const HandMade made;
  const auto to = [&](const std::optional<Command>& command) { return command ? json_of(*command) : ""; };
  FigureOptions options;  // slow on top: 2, 0, 3, 1; channel 2 is selected
  CHECK(to(neighbour_row(made.snapshot, made.derived, options, 1)) == json_of(command::Select{1, 0, 1}));
  CHECK(to(neighbour_row(made.snapshot, made.derived, options, -1)).empty());
  options.order = RowOrder::index;  // the first at the bottom
  CHECK(to(neighbour_row(made.snapshot, made.derived, options, 1)) == json_of(command::Select{1, 1, 1}));
  CHECK(to(neighbour_index(made.snapshot, made.derived, -1, -1)) == json_of(command::Select{1, 2, 0}));
  CHECK(to(neighbour_index(made.snapshot, made.derived, -1, 1)).empty());
  CHECK(to(neighbour_index(made.snapshot, made.derived, -2, 1)) == json_of(command::Select{1, 3, 1}));
  CHECK(to(neighbour_index(made.snapshot, made.derived, -3, 1)).empty());
}
