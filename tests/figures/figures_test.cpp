#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

#include "tests/figures/hand_made.h"
#include "views/figures/parts.h"
#include "views/plot/layout.h"

using namespace lab;
using lab::test::HandMade;
using lab::test::kChannels;
using lab::test::kStates;

namespace {

/// The figure of a kind; the test stops when it is refused.
Figure figure_of(const char* kind, const HandMade& made, const FigureOptions& options = {}) {
  auto figure = find_figure(kind)->make(made.snapshot, made.derived, options);
  REQUIRE_MESSAGE(figure, (figure ? "" : figure.error().text()));
  return figure.take();
}

std::string drawn(const Figure& figure) {
  return text_of(lay_out(figure, 400, 300, print_style(), FixedMeasure()).list);
}

template <class T>
T layer_of(const Figure& figure, std::size_t plot = 0) {
  for (const Layer& layer : figure.plots[plot].layers)
    if (const auto* found = std::get_if<T>(&layer)) return *found;
  FAIL("the plot has no such layer");
  return {};
}

std::string value_of(const char* kind, const HandMade& made, double x, double y, const FigureOptions& options = {},
                     int plot = 0) {
  return value_at(kind, made.snapshot, made.derived, options, plot, x, y);
}

int redness(Rgba color) { return static_cast<int>(color & 255) - static_cast<int>(color >> 16 & 255); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
std::ptrdiff_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("figures: every kind draws its axis labels from the same snapshot, on paper") {
  const HandMade made;
  FigureOptions options;
  options.on_screen = options.cursors = false;
  const std::pair<const char*, std::vector<std::string>> expected[] = {
      {"state-heatmap", {"token", "half-life, tokens", "h[channel, 1]"}},
      {"alerts", {"token", "layer", "Norm jump", "3 alerts"}},
      {"alert-evidence", {"token", "ratio", "limit 1.80 ×", "alert, 3"}},
      {"alert-limits", {"limit, ratio", "share beyond", "all layers"}},
      {"state-at", {"n", "channels by half-life", "h"}},
      {"attention", {"cached token", "head", "probability", "H, bit", "q·k", "2.32", "−3.5 to 1.2"}},
      {"content", {"token", "part of the value", "sum so far, %", "␣the", "Who wrote h[2, 1]", "Written over 5 tokens, still decaying."}},
      {"discretisation", {"token", "relative error", "Euler", "zero-order hold", "bilinear", "beyond single precision", "Euler grows in 25"}},
      {"half-life", {"tokens", "channels, slowest first", "half left", "1 % left"}},
      {"half-life-map", {"layer", "channels, slowest on top, %", "half-life, tokens"}},
      {"attention-map", {"of token", "token reads", "weight of the value"}},
      {"norms", {"token", "‖h‖₂", "‖h−h₋₁‖₂", "‖ΔxB‖₂", "‖resid‖₂"}},
      {"drivers", {"token", "‖h‖₂", "mean Δ", "exp(ΔA)", "‖ΔxB‖₂", "|SiLU(z)|", "innovati"}},
      {"channel", {"token", "h[2, 1]", "Δ·x·B", "exp(ΔA)", "SiLU(z)"}},
      {"expected", {"token", "entropy", "surprise", "rank", "p ␣cat", "rank ␣cat"}},
      {"gates", {"mean Δ", "exp(ΔA)", "|SiLU(z)|", "share shut"}},
      {"pca2d", {"PC1, 70 %", "PC2, 20 %"}},
      {"pca3d", {"PC1, 70 %", "PC2, 20 %", "PC3, 10 %"}},
      {"scree", {"component", "share of variance", "random walk"}},
      {"next-token", {"probability", "␣cat", "0.300 came"}},
      {"logit-lens", {"probability of the best token, entropy", "0  ↵", "1  ␣cat", "0.50, 1.50 bit"}},
      {"weight-heatmap", {"column (in)", "row (out)", "Weights of w.weight"}},
      {"weight-error", {"column (in)", "w − twin", "Error of w.weight"}},
      {"weight-histogram", {"elements", "Values of w.weight"}},
      {"compare-heatmap", {"token", "half-life, tokens", "A  main", "B  zeroed", "same range", "B − A", "own range, symmetric", "bit-equal before t = 2", "h[channel, 1]"}},
      {"compare-norms", {"token", "‖h‖₂ L0", "‖h‖₂ L1", "State norms of A and B", "A main solid, B zeroed dashed", "edit before t = 2"}},
      {"compare-multiples", {"token", "half-life, tokens", "zeroed", "less main · layer 1 · h[channel, 1] · one range", "of another shape", "states of different shapes have no difference"}},
      {"compare-pca", {"PC1, 60 % (A 70 %, B 50 %)", "PC2, 25 % (A 20 %, B 30 %)", "joint basis", "Procrustes 0.4, CKA 0.9", "A 4", "B 4", "last equal, t = 1"}},
  };
  CHECK(std::size(expected) == figure_kinds().size());
  for (const auto& [kind, labels] : expected) {
    const std::string text = drawn(figure_of(kind, made, options));
    for (const std::string& label : labels)
      CHECK_MESSAGE(has(text, label), kind << " has no " << label << " in\n" << text);
  }
}

TEST_CASE("figures: a kind that does not exist is not found") { CHECK(find_figure("state-heat") == nullptr); }

TEST_CASE("figures: without a model, tokens or history the refusal says what to do") {
  for (const FigureKind& kind : figure_kinds()) {
    Snapshot nothing;
    const auto refused = kind.make(nothing, {}, {});
    REQUIRE(!refused);
    CHECK(has(refused.error().next, "Open"));
    HandMade made(0);
    made.derived = {};
    made.derived.refusal = "the states before t = 40 were dropped";
    const auto empty = kind.make(made.snapshot, made.derived, {});
    REQUIRE(!empty);
    CHECK(!empty.error().next.empty());
  }
  HandMade made;
  made.derived = {.refusal = "the states before t = 40 were dropped"};
  const auto dropped = find_figure("state-heatmap")->make(made.snapshot, made.derived, {});
  REQUIRE(!dropped);
  CHECK(dropped.error().code == Code::out_of_range);
  CHECK(dropped.error().message == "the states before t = 40 were dropped");
}

TEST_CASE("state-heatmap: slow channels are on top and a token is centred on its number") {
  const HandMade made;
  const Figure figure = figure_of("state-heatmap", made);
  const auto heat = layer_of<HeatLayer>(figure);
  CHECK(heat.row_order == std::vector<std::int32_t>{2, 0, 3, 1});
  CHECK(figure.plots[0].y.low == 4);  // the first row of the order at the top
  CHECK(figure.plots[0].y.high == 0);
  CHECK(figure.plots[0].x.low == -0.5);
  CHECK(figure.plots[0].x.high == 4.5);
  CHECK(heat.x0 == -0.5);
  PlotStyle style = screen_style(true);
  const LaidOut page = lay_out(figure, 400, 300, style, FixedMeasure());
  for (const DrawOp& op : page.list.ops)
    if (const auto* image = std::get_if<DrawImage>(&op); image && image->rect.w > 100) {
      CHECK(redness(image->pixels->rgba.front()) >
            0);  // channel 2 at token 0 is positive, channel 1 at token 4 negative
      CHECK(redness(image->pixels->rgba.back()) < 0);
      return;
    }
  FAIL("the heatmap was not drawn");
}

TEST_CASE("state-heatmap: half-lives of 100, 10 and 1 tokens are marked where the rows pass them") {
  const HandMade made;
  const Axis axis = figure_of("state-heatmap", made).plots[0].y;
  const auto at = [&](const std::string& label) {
    for (const auto& [place, text] : axis.marks)
      if (text == label) return place;
    return -1.0;
  };
  CHECK(at("100") == 1);  // one row is slower
  CHECK(at("10") == 2);
  CHECK(at("1") == 3);
}

TEST_CASE("state-heatmap: by index channel 0 is at the bottom") {
  const HandMade made;
  FigureOptions options;
  options.order = RowOrder::index;
  const Figure figure = figure_of("state-heatmap", made, options);
  CHECK(layer_of<HeatLayer>(figure).row_order.empty());
  CHECK(figure.plots[0].y.low == 0);
  CHECK(figure.plots[0].y.high == 4);
  CHECK(has(value_of("state-heatmap", made, 0, 0.5, options), "h[0, 1]"));
}

TEST_CASE("state-heatmap: a locked range is kept whatever the values are") {
  const HandMade made;
  FigureOptions options;
  options.locked = true, options.low = -7, options.high = 7;
  const Figure figure = figure_of("state-heatmap", made, options);
  CHECK(layer_of<HeatLayer>(figure).scale.high == 7);
  CHECK(figure.plots[0].color_bar->low == -7);
}

TEST_CASE("state-heatmap: the value under a place is exact, with its token, channel and half-life") {
  const HandMade made;
  const std::string text = value_of("state-heatmap", made, 3.4, 1.2);  // token 3, the second slowest row: channel 0
  CHECK(text == "h[0, 1]\t+0.4\ntoken 3\t␣the\nchannel 0\tn = 1\nhalf-life\t20 tokens");
  const float other = HandMade::cell(4, 3);
  const std::string last = value_of("state-heatmap", made, 4.49, 2.99);
  const std::string digits = last.substr(last.find('\t') + 1, last.find('\n') - last.find('\t') - 1);
  REQUIRE(digits.rfind("−", 0) == 0);
  CHECK(-std::stof(digits.substr(std::string("−").size())) == other);
  CHECK(value_of("state-heatmap", made, 4.51, 1) == "");
  CHECK(value_of("state-heatmap", made, -0.6, 1) == "");
  CHECK(value_of("state-heatmap", made, 1, 4.1) == "");
}

TEST_CASE("state-heatmap: a cell that stands for several tokens says for how many") {
  const HandMade made(40, 4);
  const std::string text = value_of("state-heatmap", made, 9, 0);
  CHECK(has(text, "tokens 8–11\tlargest of 4"));
  CHECK(has(subtitle_of("state-heatmap", made.snapshot, made.derived), "4 tokens a column"));
}

TEST_CASE("state-heatmap: NaN is counted in the subtitle and drawn in its own colour") {
  HandMade made;
  made.put_nan(2, 0);
  CHECK(has(subtitle_of("state-heatmap", made.snapshot, made.derived), "1 NaN"));
  CHECK(has(value_of("state-heatmap", made, 2, 1), "NaN"));
  const LaidOut page = lay_out(figure_of("state-heatmap", made), 400, 300, screen_style(true), FixedMeasure());
  bool is_drawn = false;
  for (const DrawOp& op : page.list.ops)
    if (const auto* image = std::get_if<DrawImage>(&op))
      is_drawn |= std::ranges::count(image->pixels->rgba, kNanColor) > 0;
  CHECK(is_drawn);
}

TEST_CASE("state-heatmap: rows are ordered by norm too, an order that is not there is by index") {
  const HandMade made;
  FigureOptions options;
  options.order = RowOrder::norm;
  CHECK(layer_of<HeatLayer>(figure_of("state-heatmap", made, options)).row_order == std::vector<std::int32_t>{3, 2, 1, 0});
  CHECK(has(value_of("state-heatmap", made, 0, 0.5, options), "h[3, 1]"));
  options.order = RowOrder::similarity;
  CHECK(layer_of<HeatLayer>(figure_of("state-heatmap", made, options)).row_order.empty());
  CHECK(needs_of(*find_figure("state-heatmap"), options).similarity);
}

TEST_CASE("state-heatmap: z-scores are of each row, and a row that does not vary is 0") {
  const HandMade made;
  FigureOptions options;
  set_colouring(options, 4);
  CHECK(options.z_score);
  const auto heat = layer_of<HeatLayer>(figure_of("state-heatmap", made, options));
  for (int r = 0; r < 3; ++r) {
    const auto row = static_cast<std::size_t>(r);
    const double expected = (static_cast<double>(HandMade::cell(3, r)) - static_cast<double>(made.slab->mean[row])) / static_cast<double>(made.slab->deviation[row]);
    CHECK(static_cast<double>(heat.column(3)[r]) == doctest::Approx(expected).epsilon(1e-6));
  }
  CHECK(heat.column(3)[3] == 0);
  const std::string text = value_of("state-heatmap", made, 3, 1.5, options);  // channel 0
  CHECK(has(text, "h[0, 1]\t+0.4\nz-score\t−0.4\nrow mean, deviation\t0.5, 0.25\n"));
  set_colouring(options, 2);
  CHECK((!options.z_score && options.scaling == Scaling::symlog));
}

TEST_CASE("state-heatmap: signs have three colours whatever the range") {
  const HandMade made;
  FigureOptions options;
  set_colouring(options, 3);
  const ColorScale scale = layer_of<HeatLayer>(figure_of("state-heatmap", made, options)).scale;
  CHECK(scale.color(1e-30) == color_at(ColorMap::rd_bu, 1));
  CHECK(scale.color(-1e-30) == color_at(ColorMap::rd_bu, 0));
  CHECK(scale.color(0) == color_at(ColorMap::rd_bu, 0.5));
  CHECK(scale.color(NAN) == kNanColor);
  const std::string text = drawn(figure_of("state-heatmap", made, options));
  for (const char* label : {"'−'", "'0'", "'+'"}) CHECK(has(text, label));
}

TEST_CASE("state-heatmap: another axis goes down through the selected cell, and its rows are told as cells") {
  HandMade made;
  *made.slab = {.layer = 1, .state = 1, .shape = {kChannels, kStates}, .axis = 1, .start = 4, .step = 1, .rows = 2, .columns = made.slab->columns,
                .by_half_life = {0, 1}, .half_life = {3, 3}, .rate = {1, 1}, .mean = {0, 0}, .deviation = {1, 1}, .version = 2};
  const Figure figure = figure_of("state-heatmap", made);
  CHECK(layer_of<HeatLayer>(figure).rows == 2);
  CHECK(has(value_of("state-heatmap", made, 1, 1.5), "h[2, 1]\t"));
  CHECK(has(subtitle_of("state-heatmap", made.snapshot, made.derived), "h[channel = 2, n] · 2 × 5"));
  CHECK(has(csv_of("state-heatmap", made.snapshot, made.derived, {}), "\n1,0,2,1,"));
}

TEST_CASE("state-heatmap: a part of the rows is shown as displayed, each of few rows with its channel") {
  const HandMade made;
  FigureOptions options;
  options.first_row = 1, options.rows = 2;
  const Axis axis = figure_of("state-heatmap", made, options).plots[0].y;
  CHECK((axis.low == 3 && axis.high == 1));
  CHECK(axis.marks == std::vector<std::pair<double, std::string>>{{1.5, "0"}, {2.5, "3"}});
  options.first_row = 90;  // of another layer
  CHECK(figure_of("state-heatmap", made, options).plots[0].y.low == 4);
}

TEST_CASE("heatmaps: cells with room for it hold their number, others do not") {
  const HandMade made;
  const auto numbers = [&](double width) {
    const LaidOut page = lay_out(figure_of("state-at", made), width, 200, print_style(), FixedMeasure());
    std::vector<std::string> texts;
    for (const DrawOp& op : page.list.ops)
      if (const auto* text = std::get_if<DrawText>(&op); text && page.areas[0].frame.contains(text->at.x, text->at.y)) texts.push_back(text->text);
    return texts;
  };
  auto found = numbers(300);
  std::ranges::sort(found);
  CHECK(found == std::vector<std::string>{"1", "2", "3", "4", "5", "6", "7", "8"});
  CHECK(numbers(90).empty());
}

TEST_CASE("state-at: the plane across an axis holds the selected index on it, and a cell is found at its place") {
  HandMade made;
  for (LayerInfo& layer : made.model->layers) layer.heads = 2, layer.head_dim = 2;
  made.frame->shape = {2, 2, 2};  // head, p, n; the value of a cell is 1 more than its offset
  made.snapshot.selection.channel = 3, made.snapshot.selection.state = 0;  // head 1, p 1, n 0: cell 6
  const std::vector<std::vector<float>> columns[] = {{{5, 7}, {6, 8}}, {{3, 7}, {4, 8}}, {{1, 5}, {3, 7}}};  // across head 1: p x n; across p 1: head x n; across n 0: head x p
  for (int axis = 0; axis < 3; ++axis) {
    CAPTURE(axis);
    FigureOptions options;
    options.fixed_axis = axis;
    const auto heat = layer_of<HeatLayer>(figure_of("state-at", made, options));
    REQUIRE((heat.columns == 2 && heat.rows == 2));
    for (int c = 0; c < 2; ++c) CHECK(std::vector<float>(heat.column(c), heat.column(c) + 2) == columns[axis][static_cast<std::size_t>(c)]);
    const auto place = place_in_state_at({made.snapshot, made.derived, options}, 6);
    REQUIRE(place);
    CHECK(state_at_cell({made.snapshot, made.derived, options}, static_cast<double>(place->first), static_cast<double>(place->second) + 0.5) == 6);
    CHECK(lines_of(csv_of("state-at", made.snapshot, made.derived, options)) == 5);
  }
  FigureOptions across_head;
  across_head.fixed_axis = 0;
  CHECK_FALSE(place_in_state_at({made.snapshot, made.derived, across_head}, 1));  // of head 0
}

TEST_CASE("drivers: innovation is the norm of the write over that of the state") {
  const HandMade made;
  const Figure figure = figure_of("drivers", made);
  const auto line = layer_of<LineLayer>(figure, 5);
  const double write = static_cast<double>(made.trace->statistic(1, Statistic::write_norm, 3).mean), norm = static_cast<double>(made.trace->statistic(1, Statistic::h_norm, 3).mean);
  CHECK(static_cast<double>(line.y[3]) == doctest::Approx(write / norm).epsilon(1e-6));
}

TEST_CASE("channel: the write is the state less the decayed one before, and unknown at the first token") {
  const HandMade made;
  const Figure figure = figure_of("channel", made);
  const auto write = layer_of<LineLayer>(figure, 1);
  CHECK(std::isnan(write.y[0]));
  const double decay = std::exp(-0.5 * static_cast<double>(made.slab->rate[2]));
  CHECK(static_cast<double>(write.y[3]) == doctest::Approx(static_cast<double>(HandMade::cell(3, 2)) - decay * static_cast<double>(HandMade::cell(2, 2))).epsilon(1e-6));
  CHECK(static_cast<double>(layer_of<LineLayer>(figure, 4).y[2]) == doctest::Approx(2 / (1 + std::exp(-2.0))).epsilon(1e-6));
  CHECK(has(value_of("channel", made, 3, 0, {}, 2), "Δ\t0.5\ntoken 3"));
}

TEST_CASE("expected: surprise is in bits, ranks have their first at the top, of three watched tokens only probabilities are drawn") {
  HandMade made;
  const Figure figure = figure_of("expected", made);
  CHECK(layer_of<LineLayer>(figure, 1).y[2] == 2);  // −log₂ 1/4
  CHECK(figure.plots[2].y.low > figure.plots[2].y.high);
  CHECK(has(value_of("expected", made, 2, 0, {}, 3), "p ␣cat\t0.5"));
  made.expected->watched = {1, 0, 2, -1};
  CHECK(figure_of("expected", made).plots.size() == 6);
}

TEST_CASE("figures: every kind explains itself and says what is shown") {
  const HandMade made;
  for (const FigureKind& kind : figure_kinds()) {
    const std::string text = explanation_of(kind.name, made.snapshot, made.derived);
    CHECK_MESSAGE(text.size() > 60, kind.name);
    CHECK_MESSAGE(has(text, subtitle_of(kind.name, made.snapshot, made.derived)), kind.name);
  }
}

TEST_CASE("look: options come back from their names, unknown names and empty ranges are refused") {
  FigureOptions options;
  options.map = ColorMap::magma, options.order = RowOrder::similarity, options.rows_axis = 2, options.fixed_axis = 1, options.first_row = 3, options.rows = 4;
  options.watched = {5, 6, -1, -1}, options.yaw = 1.5;
  set_colouring(options, 4);
  options.locked = true, options.low = -2, options.high = 3;
  const command::FigureLook look = look_of(options);
  CHECK((look.scale == "z-score" && look.order == "similarity" && look.range == std::vector<double>{-2, 3} && look.watched == std::vector<std::int32_t>{5, 6}));
  const auto back = options_of(look);
  REQUIRE(back);
  CHECK(look_of(*back) == look);
  const auto refusal = [](auto change) {
    command::FigureLook wrong;
    change(wrong);
    const auto refused = options_of(wrong);
    return refused ? "" : refused.error().field;
  };
  CHECK(refusal([](auto& wrong) { wrong.map = "jet"; }) == "look.map");
  CHECK(refusal([](auto& wrong) { wrong.scale = "cubic"; }) == "look.scale");
  CHECK(refusal([](auto& wrong) { wrong.order = "taste"; }) == "look.order");
  CHECK(refusal([](auto& wrong) { wrong.range = {3, 3}; }) == "look.range");
}

TEST_CASE("state-at: rows are channels, columns are states of a channel") {
  const HandMade made;
  const auto heat = layer_of<HeatLayer>(figure_of("state-at", made));
  REQUIRE(heat.columns == 2);
  CHECK(std::vector<float>(heat.column(1), heat.column(1) + 4) == std::vector<float>{2, 4, 6, 8});
  CHECK(value_of("state-at", made, 1, 0.5) == "h[2, 1]\t+6\nchannel 2\tn = 1");  // the slowest channel is on top
  CHECK(subtitle_of("state-at", made.snapshot, made.derived) == "layer 1 · 4 × 2 · t = 4");
}

TEST_CASE("state-at: heads are named in a state of three dimensions") {
  HandMade made;
  for (LayerInfo& layer : made.model->layers) layer.heads = 2, layer.head_dim = 2;
  made.frame->shape = {2, 2, 2};
  CHECK(value_of("state-at", made, 0, 2.5) == "h[1, 1, 0]\t+7\nhead 1, p 1\tn = 0");
}

TEST_CASE("norms: curves are the statistics of the selected layer, token by token") {
  const HandMade made;
  const Figure figure = figure_of("norms", made);
  REQUIRE(figure.plots.size() == 4);
  const auto change = layer_of<LineLayer>(figure, 1);
  CHECK(change.x == std::vector<double>{0, 1, 2, 3, 4});
  CHECK(change.y[3] == made.trace->statistic(1, Statistic::h_change, 3).mean);
  CHECK(change.low.empty());
  CHECK(has(value_of("norms", made, 3.2, 0, {}, 1), "‖h−h₋₁‖₂\t13.75"));
}

TEST_CASE("norms: NaN breaks the curve, is counted, and leaves the axis finite") {
  HandMade made;
  made.trace->nan_at = 2;
  const Figure figure = figure_of("norms", made);
  CHECK(std::isnan(layer_of<LineLayer>(figure).y[2]));
  CHECK(std::isfinite(figure.plots[0].y.high));
  CHECK(has(subtitle_of("norms", made.snapshot, made.derived), "1 NaN"));
}

TEST_CASE("norms: of more tokens than points the extremes of every block are kept") {
  HandMade made(20000);
  made.trace->spike_at = 12345;
  const auto line = layer_of<LineLayer>(figure_of("norms", made));
  CHECK(line.x.size() <= 4096);
  CHECK(*std::ranges::max_element(line.high) == 1e6f);
  made.trace->nan_at = 12346;
  const auto broken = layer_of<LineLayer>(figure_of("norms", made));
  CHECK(std::ranges::any_of(broken.y, [](float v) { return std::isnan(v); }));
}

TEST_CASE("norms: with all layers every layer has a curve, the selected one on top and named") {
  const HandMade made;
  FigureOptions options;
  options.all_layers = true;
  const Figure figure = figure_of("norms", made, options);
  REQUIRE(figure.plots.size() == 1);
  const auto& first = std::get<LineLayer>(figure.plots[0].layers[0]);
  const auto& second = std::get<LineLayer>(figure.plots[0].layers[1]);
  CHECK(first.y[0] == made.trace->statistic(0, Statistic::h_norm, 0).mean);
  CHECK(second.name == "layer 1");
  CHECK(second.ink == Ink::run_a);
}

TEST_CASE("curves: the range shown limits the tokens drawn and written") {
  HandMade made(50);
  made.snapshot.selection.first = 10, made.snapshot.selection.last = 20;
  const Figure figure = figure_of("gates", made);
  CHECK(layer_of<LineLayer>(figure).x.front() == 10);
  CHECK(layer_of<LineLayer>(figure).x.size() == 10);
  CHECK(figure.plots[0].x.high == 19.5);
  CHECK(lines_of(csv_of("gates", made.snapshot, made.derived, {})) == 1 + 4 * 10);
}

TEST_CASE("pca: time goes from dark to bright, both cursors are marked, the start is named") {
  const HandMade made;
  const Figure figure = figure_of("pca2d", made);
  const auto path = layer_of<PathLayer>(figure);
  CHECK(path.shade.front() == 0);
  CHECK(path.shade.back() == 1);
  const std::string text = drawn(figure);
  for (const char* label : {"A 4", "B 1", "t 0"}) CHECK(has(text, label));
  FigureOptions without;
  without.cursors = false;
  CHECK(!has(drawn(figure_of("pca2d", made, without)), "A 4"));
}

TEST_CASE("pca: a path of every fourth token puts the cursor and names tokens accordingly") {
  HandMade made(17);
  made.path->stride = 4;
  made.path->points.resize(5);
  made.snapshot.selection.cursor_a = 8, made.snapshot.selection.cursor_b = -1;
  CHECK(layer_of<MarkLayer>(figure_of("pca2d", made)).at.x == made.path->points[2][0]);
  CHECK(has(value_of("pca2d", made, made.path->points[3][0], made.path->points[3][1]), "token 12\t"));
  CHECK(has(csv_of("pca2d", made.snapshot, made.derived, {}), "\n1,16,1,4\n"));
}

TEST_CASE("pca: two tokens are refused, and the number needed is said") {
  const HandMade made(2);
  const auto refused = find_figure("pca2d")->make(made.snapshot, made.derived, {});
  REQUIRE(!refused);
  CHECK(has(refused.error().message, "3 tokens"));
}

TEST_CASE("pca3d: turning keeps the scale and lengths in the plane of the page") {
  const HandMade made;
  FigureOptions options;
  options.yaw = 0, options.pitch = 0;
  const Figure front = figure_of("pca3d", made, options);
  options.yaw = 1.1, options.pitch = 0.7;
  const Figure turned = figure_of("pca3d", made, options);
  CHECK(front.plots[0].x.high == turned.plots[0].x.high);
  const auto at = [](const Figure& figure, std::size_t i) {
    return std::get<PathLayer>(figure.plots[0].layers.at(3)).at[i];
  };
  CHECK(at(front, 3).x == doctest::Approx(made.path->points[3][0]));
  CHECK(at(front, 3).y == doctest::Approx(made.path->points[3][1]));
  CHECK(std::hypot(at(turned, 3).x, at(turned, 3).y) <= std::hypot(3.0, 4.5, 1.0) + 1e-9);
}

TEST_CASE("pca: a token whose state is not finite is left out of the path and counted") {
  HandMade made;
  made.path->points[2][0] = NAN;
  const Figure figure = figure_of("pca2d", made);
  CHECK(layer_of<PathLayer>(figure).at.size() == 4);
  CHECK(has(subtitle_of("pca2d", made.snapshot, made.derived), "1 NaN"));
}

TEST_CASE("pca: what was done to make it fit is said in the subtitle") {
  HandMade made;
  made.path->approximation = "4096 random sums";
  CHECK(has(subtitle_of("pca2d", made.snapshot, made.derived), "4096 random sums"));
}

TEST_CASE("scree: marks of a random walk stand beside the shares") {
  const HandMade made;
  const Figure figure = figure_of("scree", made);
  CHECK(layer_of<BarLayer>(figure).values[1] == doctest::Approx(0.2));
  const auto null = layer_of<LineLayer>(figure);
  CHECK(null.y[0] == doctest::Approx(6 / (std::numbers::pi * std::numbers::pi)));
  CHECK(null.y[3] == doctest::Approx(6 / (std::numbers::pi * std::numbers::pi * 4)));
  CHECK(std::isnan(null.y[2]));  // one mark a component
}

TEST_CASE("next-token: the token that came is highlighted, or named in the subtitle when it is not among the bars") {
  HandMade made;
  CHECK(layer_of<BarLayer>(figure_of("next-token", made)).highlight == 1);
  CHECK(subtitle_of("next-token", made.snapshot, made.derived) == "after t = 4, 1.50 bit");
  made.next->came = 2, made.next->came_rank = 40, made.next->came_probability = 0.001f;
  CHECK(has(subtitle_of("next-token", made.snapshot, made.derived), "came ↵, 0.001, rank 41"));
}

TEST_CASE("weight-heatmap: row 0 is at the top, cells cover their elements, and NaN is counted") {
  const HandMade made;
  const Figure figure = figure_of("weight-heatmap", made);
  const Plot& plot = figure.plots[0];
  CHECK((plot.y.low == 3 && plot.y.high == 0 && plot.x.low == -0.5 && plot.x.high == 3.5));
  const auto heat = layer_of<HeatLayer>(figure);
  CHECK((heat.columns == 2 && heat.dx == 2 && heat.rows == 3 && heat.dy == 1));
  CHECK(heat.column(1)[2] == 32);
  CHECK(subtitle_of("weight-heatmap", made.snapshot, made.derived) ==
        "Q4_1 · [3, 4] · 1 NaN or ∞ · 1 × 2 elements a cell, signed |max|");
}

TEST_CASE("weight-heatmap: a place is told as the element under it, its block, its twin and its cell") {
  const HandMade made;
  const std::string text = value_of("weight-heatmap", made, 2.2, 2.9);
  CHECK(has(text, "w[2, 2]\t+22\n"));
  CHECK(has(text, "quant\t48\nscale\t+0.5\nminimum\t−2"));
  CHECK(has(text, "there\t+22.25\ndifference\t−0.25"));
  CHECK(has(text, "token 2\t↵"));  // as many rows as tokens
  CHECK(has(text, "largest of 1 × 2\t+32"));
  CHECK(value_of("weight-heatmap", made, 3.6, 1).empty());
  CHECK(value_of("weight-heatmap", made, 0, 3).empty());
  CHECK(value_of("weight-heatmap", made, -0.6, 0).empty());
}

TEST_CASE("weight-heatmap: taller cells lie where their rows are") {
  HandMade made;
  made.weights->tensor.shape = {6, 4}, made.weights->tensor.count = 24;
  made.weights->image.row_stride = 2;
  made.model->vocabulary = 0;
  const auto laid_out = lay_out(figure_of("weight-heatmap", made), 400, 300, print_style(), FixedMeasure());
  CHECK(std::abs(laid_out.areas[0].place_of_y(6) - laid_out.areas[0].frame.bottom()) < 1e-6);
  for (const DrawOp& op : laid_out.list.ops)
    if (const auto* image = std::get_if<DrawImage>(&op); image && image->rect.w > 100) {
      CHECK(image->rect.h == doctest::Approx(laid_out.areas[0].frame.h));
      return;
    }
  FAIL("no picture was drawn");
}

TEST_CASE("weight-histogram: a bin is as high as its count, and an empty one has no height on a log scale") {
  const HandMade made;
  FigureOptions options;
  const auto log = layer_of<BarLayer>(figure_of("weight-histogram", made, options));
  CHECK((log.from == 0 && log.pitch == 8 && !log.across));
  CHECK(log.values == std::vector<double>{3, log.base, 8, log.base});
  options.log_counts = false;
  const auto linear = layer_of<BarLayer>(figure_of("weight-histogram", made, options));
  CHECK((linear.base == 0 && linear.values == std::vector<double>{3, 0, 8, 0}));
  CHECK(value_of("weight-histogram", made, 17, 1) == "16 to 24\t8 elements\nshare\t66.7 %");
}

TEST_CASE("weight-error: the differences are drawn in a symmetric range and told with both values") {
  const HandMade made;
  const Figure figure = figure_of("weight-error", made);
  const auto heat = layer_of<HeatLayer>(figure);
  CHECK(heat.column(0)[1] == -0.25f);
  CHECK(heat.scale.low == -heat.scale.high);
  CHECK(heat.scale.high == doctest::Approx(0.25));
  CHECK(subtitle_of("weight-error", made.snapshot, made.derived) ==
        "Q4_1 − F32 · rms 0.25, 1 % · largest 0.25 at [2, 1] · 1 × 2 elements a cell, signed |max|");
  const std::string text = value_of("weight-error", made, 2.2, 2.9);
  CHECK(has(text, "difference\t−0.25"));
  CHECK(has(text, "largest of 1 × 2\t−0.25"));
}

TEST_CASE("weight-error: without a model to compare with, or its tensor, it is said what to do") {
  HandMade made;
  made.weights->twin.reset();
  made.weights->note = "the other checkpoint has no tensor w.weight";
  const FigureKind& kind = *find_figure("weight-error");
  auto refused = kind.make(made.snapshot, made.derived, {});
  REQUIRE(!refused);
  CHECK(refused.error().message == made.weights->note);
  CHECK(has(refused.error().next, "another"));
  CHECK(value_of("weight-error", made, 0, 0).empty());
  made.weights->against = made.weights->note = "";
  refused = kind.make(made.snapshot, made.derived, {});
  REQUIRE(!refused);
  CHECK(refused.error().message == "There is nothing to compare with.");
  CHECK(kind.applies(made.snapshot));
  made.snapshot.selection.against = "";
  CHECK_FALSE(kind.applies(made.snapshot));
}

TEST_CASE("attention: heads lie down from the first, tokens across, and a cell is the probability of its token") {
  const HandMade made;
  const Figure figure = figure_of("attention", made);
  const Plot& plot = figure.plots[0];
  CHECK((plot.y.low == 2 && plot.y.high == 0 && plot.x.low == -0.5 && plot.x.high == 4.5));
  const auto heat = layer_of<HeatLayer>(figure);
  REQUIRE((heat.columns == 5 && heat.rows == 2));
  CHECK((heat.column(0)[0] == 0.2f && heat.column(0)[1] == 0.5f && heat.column(3)[1] == 0 && heat.column(4)[1] == 0.5f));
  // The cells as they are drawn: two rows of five, the second bright at both ends and dark between.
  const LaidOut page = lay_out(figure, 400, 300, print_style(), FixedMeasure());
  const auto luminance = [](Rgba color) { return (color & 255) + (color >> 8 & 255) + (color >> 16 & 255); };
  const auto cells = std::ranges::find_if(page.list.ops, [](const DrawOp& op) { return std::holds_alternative<DrawImage>(op); });
  REQUIRE(cells != page.list.ops.end());
  const Pixels& pixels = *std::get<DrawImage>(*cells).pixels;
  REQUIRE((pixels.width == 5 && pixels.height == 2));
  CHECK(luminance(pixels.rgba[5]) > luminance(pixels.rgba[0]));
  CHECK(luminance(pixels.rgba[9]) == luminance(pixels.rgba[5]));
  CHECK(luminance(pixels.rgba[7]) < luminance(pixels.rgba[2]));
}

TEST_CASE("attention: a place is told with its head, token, probability and score") {
  const HandMade made;
  CHECK(value_of("attention", made, 0.4, 1.9) ==
        "probability\t0.5\nscore q·k\t+1.25\ntoken 0\t␣the\nhead 1\tentropy 1 bit\nits q·k\t−3.5 to 1.25");
  CHECK(value_of("attention", made, 4.6, 1).empty());
  CHECK(value_of("attention", made, 1, 2).empty());
  CHECK(value_of("attention", made, -0.6, 1).empty());
  CHECK(subtitle_of("attention", made.snapshot, made.derived) == "layer 1 · t = 4, ␣cat · 2 heads × 5 cached");
}

TEST_CASE("attention: a cache that began later is drawn where its tokens are, one that was put there by its rows") {
  HandMade made;
  made.attention->token = 4, made.attention->rows = made.attention->own_rows = 3;
  made.attention->probabilities.resize(6), made.attention->scores.resize(6);
  CHECK((figure_of("attention", made).plots[0].x.low == 1.5 && layer_of<HeatLayer>(figure_of("attention", made)).x0 == 1.5));
  CHECK(has(value_of("attention", made, 2, 0), "token 2\t"));
  CHECK(value_of("attention", made, 1, 0).empty());
  made.attention->own_rows = 1;
  CHECK(figure_of("attention", made).plots[0].x.label == "row of the cache");
  CHECK(has(value_of("attention", made, 0, 0), "row 0\tof a state that was put there"));
  CHECK(has(value_of("attention", made, 2, 0), "token 4\t"));
}

TEST_CASE("attention: the tokens shown are those of the time axis, or all where none of them is cached") {
  HandMade made(40);
  made.snapshot.selection.first = 10, made.snapshot.selection.last = 20;
  const Axis axis = figure_of("attention", made).plots[0].x;
  CHECK((axis.low == 9.5 && axis.high == 19.5));
  made.attention->token = 5, made.attention->rows = made.attention->own_rows = 6;
  made.attention->probabilities.resize(12), made.attention->scores.resize(12);
  const Axis all = figure_of("attention", made).plots[0].x;
  CHECK((all.low == -0.5 && all.high == 5.5));
}

TEST_CASE("attention: the scale of probabilities is a logarithm between their extremes, or begins with zero") {
  const HandMade made;
  FigureOptions options;
  const ColorScale log = layer_of<HeatLayer>(figure_of("attention", made, options)).scale;
  CHECK((log.scaling == Scaling::log && log.high == 0.5 && log.low > 0 && log.low <= 0.05 && log.map == ColorMap::viridis));
  options.scaling = Scaling::linear, options.map = ColorMap::magma;
  const ColorScale linear = layer_of<HeatLayer>(figure_of("attention", made, options)).scale;
  CHECK((linear.low == 0 && linear.high == 0.5 && linear.map == ColorMap::magma));
}

TEST_CASE("attention: another kind of layer is refused by name, and those of attention are listed") {
  HandMade made;
  made.snapshot.selection.layer = 0;
  made.derived.attention.reset();
  const FigureKind& kind = *find_figure("attention");
  auto refused = kind.make(made.snapshot, made.derived, {});
  REQUIRE(!refused);
  CHECK(refused.error().message == "Layer 0 is no layer of attention.");
  CHECK(refused.error().found == "layer 0, mamba1");
  CHECK(refused.error().next == "Choose one of these: 1.");
  CHECK(kind.applies(made.snapshot));
  made.model->layers[1].points.clear();
  refused = kind.make(made.snapshot, made.derived, {});
  REQUIRE(!refused);
  CHECK(has(refused.error().next, "this one has none"));
  CHECK_FALSE(kind.applies(made.snapshot));
}

TEST_CASE("content: bars are the tokens' parts by sign, the line what they sum to, words are coloured by them") {
  const HandMade made;
  const Figure figure = figure_of("content", made);
  REQUIRE(figure.plots.size() == 3);
  const auto words = layer_of<WordsLayer>(figure);
  REQUIRE(words.words.size() == 5);
  CHECK((words.words[1].text == "␣cat" && words.words[1].value == -0.125));
  CHECK(words.ringed == 4);
  CHECK(words.rest(2) == "tokens 0–1: +0.62");  // with what lay there before
  const auto adds = layer_of<BarLayer>(figure, 1);
  CHECK(adds.values == std::vector<double>{0.25, 0, 0.25, 0, 0.75});
  CHECK(std::get<BarLayer>(figure.plots[1].layers[1]).values == std::vector<double>{0, -0.125, 0, -0.125, 0});
  CHECK((adds.from == -0.5 && adds.pitch == 1));
  const auto line = layer_of<LineLayer>(figure, 2);
  CHECK(line.y.front() == 50);
  CHECK(line.y.back() == 100);
  CHECK(has(value_of("content", made, 4.2, 0), "token 4\t␣cat\nits part\t+0.75\nshare\t50 %\nwritten\t1.5\nleft of it\t50 %"));
  CHECK(value_of("content", made, 5, 0).empty());
  CHECK(subtitle_of("content", made.snapshot, made.derived) == "layer 1 · t = 4 · +1.5");
  CHECK(figure.plots[1].title == "Written over 5 tokens, still decaying.");
  CHECK(figure.plots[1].subtitle == "The 5 largest hold 93.8 %.");
  CHECK(has(csv_of("content", made.snapshot, made.derived, {}), "deposit,0,,before the trace,0.5,"));
}

TEST_CASE("half-life: channels lie by their slowest cell, and those beyond the history are counted") {
  const HandMade made;
  const Figure figure = figure_of("half-life", made);
  const auto& half = std::get<LineLayer>(figure.plots[0].layers[1]);
  CHECK(half.y == std::vector<float>{5, 4, 2, 1.5f});
  CHECK(has(subtitle_of("half-life", made.snapshot, made.derived), "1 channel beyond the history"));
  CHECK(value_of("half-life", made, 0.1, 1) == "channel 3\t\nhalf left after\tmore than 5 tokens\n1 % left after\tmore than 5 tokens");
  CHECK(value_of("half-life", made, 3, 1) == "channel 2\t\nhalf left after\t1.5 tokens\n1 % left after\t4 tokens");
  CHECK(value_of("half-life", made, 4, 1).empty());
}

TEST_CASE("attention-map: a row is what a token reads, a column of whom, and the first token is on top") {
  const HandMade made;
  const Figure figure = figure_of("attention-map", made);
  const auto heat = layer_of<HeatLayer>(figure);
  CHECK(heat.column(1)[3] == -0.5f);  // token 3 of token 1
  CHECK(heat.column(3)[1] == 0);
  CHECK(figure.plots[0].y.low > figure.plots[0].y.high);
  CHECK(has(value_of("attention-map", made, 1, 3), "weight\t−0.5\ntoken 3\t␣the\nreads token 1\t␣cat"));
  CHECK(value_of("attention-map", made, 3, 1).empty());
}

TEST_CASE("half-life-map: every layer's channels lie by their half-lives, the slowest on top, and a cache is left out") {
  HandMade made;
  const Figure figure = figure_of("half-life-map", made);
  const auto heat = layer_of<HeatLayer>(figure);
  CHECK(heat.columns == lab::test::kLayers);
  CHECK(heat.rows == kChannels);
  const std::vector<float> first(heat.column(0), heat.column(0) + kChannels), second(heat.column(1), heat.column(1) + kChannels);
  CHECK(first == std::vector<float>{8, 4, 2, 1});
  CHECK(second == std::vector<float>{5, 4, 2, 1.5f});
  CHECK((heat.scale.low == 1 && heat.scale.high == 8 && heat.scale.scaling == Scaling::log));
  CHECK(has(subtitle_of("half-life-map", made.snapshot, made.derived), "1 beyond the history"));
  CHECK(value_of("half-life-map", made, 0.2, 30) == "layer 0\t4 channels\nslower than this one\t25 %\nhalf left after\t4 tokens\nmedian of the layer\t2 tokens");
  CHECK(value_of("half-life-map", made, 2, 30).empty());
  made.half_lives->layers[0].clear();
  CHECK(std::isnan(layer_of<HeatLayer>(figure_of("half-life-map", made)).column(0)[0]));
  CHECK(has(value_of("half-life-map", made, 0, 30), "a cache"));
}

TEST_CASE("content: a cache is refused by name, and before the first token it is said what to do") {
  HandMade made;
  made.derived.content.reset();
  made.model->layers[1].parts = {"k", "v"};
  const FigureKind& kind = *find_figure("content");
  auto refused = kind.make(made.snapshot, made.derived, {});
  REQUIRE(!refused);
  CHECK(has(refused.error().message, "cache"));
  CHECK_FALSE(kind.applies(made.snapshot));
  HandMade early;
  *early.content = {.part = StatePart::cell, .token = -1};
  refused = find_figure("content")->make(early.snapshot, early.derived, {});
  REQUIRE(!refused);
  CHECK(has(refused.error().message, "Before the first token"));
}

TEST_CASE("csv: every kind writes a header and one row a value, numbers that read back") {
  const HandMade made;
  const std::pair<const char*, std::ptrdiff_t> rows[] = {
      {"state-heatmap", 5 * 4}, {"state-at", 8},  {"attention", 10}, {"content", 1 + 5}, {"half-life", 8}, {"half-life-map", 8}, {"attention-map", 15}, {"norms", 4 * 5}, {"gates", 4 * 5}, {"drivers", 6 * 5}, {"channel", 5 * 5}, {"expected", 5 * 5},
      {"pca2d", 5 * 3},         {"pca3d", 5 * 3}, {"scree", 3},     {"next-token", 3}, {"logit-lens", 2},
      {"weight-heatmap", 6},    {"weight-error", 6}, {"weight-histogram", 4}};
  for (const auto& [kind, count] : rows)
    CHECK_MESSAGE(lines_of(csv_of(kind, made.snapshot, made.derived, {})) == count + 1, kind);
  std::istringstream lines(csv_of("state-heatmap", made.snapshot, made.derived, {}));
  std::string line;
  for (int i = 0; i < 1 + 4 * 3 + 2; ++i) std::getline(lines, line);  // token 3, channel 1
  CHECK(std::stof(line.substr(line.rfind(',') + 1)) == HandMade::cell(3, 1));
  CHECK(has(line, "1,3,1,1,"));
}

TEST_CASE("csv: a token with a comma or a quote stays one cell") {
  HandMade made;
  made.model->pieces[1] = ",\"";
  CHECK(has(csv_of("next-token", made.snapshot, made.derived, {}), "5,1,1,\",\"\"\",0.5,0"));
}

TEST_CASE("compare-heatmap: A and B share a range, the difference has its own; slow channels on top; columns without a token stay empty") {
  HandMade made;
  FigureOptions options;
  options.scaling = Scaling::linear;
  const Figure figure = figure_of("compare-heatmap", made, options);
  REQUIRE(figure.plots.size() == 3);
  const auto a = layer_of<HeatLayer>(figure, 0), b = layer_of<HeatLayer>(figure, 1), difference = layer_of<HeatLayer>(figure, 2);
  CHECK(a.scale == b.scale);
  CHECK((a.scale.low == -a.scale.high && difference.scale.low == -difference.scale.high));
  CHECK(difference.scale.high < a.scale.high);
  CHECK(a.row_order == std::vector<std::int32_t>{2, 0, 3, 1});
  CHECK((a.x0 == -0.5 && a.dx == 1 && a.columns == 5));
  CHECK(b.column(4)[2] == HandMade::cell(4, 2) / 2);
  CHECK(difference.column(1)[2] == 0);
  auto partly = std::make_shared<PairedSlab>(*made.comparison->slab);
  partly->has_b[4] = partly->has_both[4] = 0;
  made.comparison->slab = partly;
  const Figure gap = figure_of("compare-heatmap", made, options);
  CHECK(layer_of<HeatLayer>(gap, 0).column(4) != nullptr);
  CHECK(layer_of<HeatLayer>(gap, 1).column(4) == nullptr);
  CHECK(layer_of<HeatLayer>(gap, 2).column(4) == nullptr);
  const std::string value = value_of("compare-heatmap", made, 3, 0.5, options);
  CHECK(has(value, "t = 3\t␣the"));
  CHECK(has(value, "channel 2"));
  CHECK(has(value, "A\t+0.42"));
  CHECK(has(value, "B − A\t−0.21"));
}

TEST_CASE("compare-norms: A solid, B dashed, the band between them; values and both tokens of a column") {
  const HandMade made;
  const Figure figure = figure_of("compare-norms", made);
  REQUIRE(figure.plots.size() == 2);
  std::vector<LineLayer> lines;
  for (const Layer& layer : figure.plots[1].layers)
    if (const auto* line = std::get_if<LineLayer>(&layer)) lines.push_back(*line);
  REQUIRE(lines.size() == 2);
  CHECK((lines[0].dashed && lines[0].ink == Ink::run_b && !lines[1].dashed && lines[1].ink == Ink::run_a));
  CHECK((lines[0].low[3] == 2 && lines[0].high[3] == 4 && lines[0].low[1] == lines[0].high[1]));
  const std::string value = value_of("compare-norms", made, 4, 0, {}, 1);
  CHECK(has(value, "A 4 ␣cat\tB 4 ↵"));
  CHECK(has(value, "B − A\t−2.5"));
  CHECK(has(value, "relative L2\t0.5"));
}

TEST_CASE("compare-pca: both paths on one pair of axes, the nearest point by name") {
  const HandMade made;
  CHECK(has(value_of("compare-pca", made, 3, -4.5), "B\tzeroed"));
  CHECK(has(value_of("compare-pca", made, 3, 4.5), "A\tmain"));
  CHECK(value_of("compare-pca", made, 30, 30).empty());
  CHECK(lines_of(csv_of("compare-pca", made.snapshot, made.derived, {})) == 1 + 2 * 5 * 3);
  CHECK(lines_of(csv_of("compare-norms", made.snapshot, made.derived, {})) == 1 + 2 * 5);
  CHECK(lines_of(csv_of("compare-heatmap", made.snapshot, made.derived, {})) == 1 + 5 * kChannels);
}

TEST_CASE("compare-multiples: one plot a run in its colour, one range for all, a red line where a text leaves that of A") {
  HandMade made;
  made.fork_one();
  auto larger = std::make_shared<PairedSlab>(*made.comparison->slab);
  for (float& value : larger->difference) value *= 2;
  larger->has_both[0] = 0;
  made.multiples->runs.push_back({.run = kFirstGuest, .name = "a file", .alignment = made.comparison->alignment, .slab = larger});
  FigureOptions options;
  options.scaling = Scaling::linear;
  const Figure figure = figure_of("compare-multiples", made, options);
  REQUIRE(figure.plots.size() == 3);
  CHECK((figure.plots[0].title_ink == Ink::run_b && figure.plots[2].title_ink == Ink::run_d));
  const auto first = layer_of<HeatLayer>(figure, 0), last = layer_of<HeatLayer>(figure, 2);
  CHECK(first.scale == last.scale);
  CHECK(first.scale.high > static_cast<double>(made.comparison->slab->largest_difference));
  CHECK(first.row_order == std::vector<std::int32_t>{2, 0, 3, 1});
  CHECK((last.column(0) == nullptr && last.column(1) != nullptr));
  CHECK(layer_of<RuleLayer>(figure, 0).at == 3.5);
  CHECK(layer_of<NoteLayer>(figure, 1).text == "states of different shapes have no difference");
  const std::string value = value_of("compare-multiples", made, 3, 0.5, options);
  for (const char* part : {"zeroed\tt = 3", "channel 2\tn = 1", "main\t+0.42", "difference\t−0.21"}) CHECK_MESSAGE(has(value, part), value);
  CHECK(value_of("compare-multiples", made, 3, 0.5, options, 1).empty());
  CHECK(lines_of(csv_of("compare-multiples", made.snapshot, made.derived, {})) == 1 + 2 * 5 * kChannels);
  auto equal = std::make_shared<PairedSlab>(*made.comparison->slab);
  equal->largest_difference = 0;
  made.multiples->runs[0].slab = equal;
  options.on_screen = false;
  CHECK(layer_of<NoteLayer>(figure_of("compare-multiples", made, options), 0).text == "nothing differs");
  made.multiples->runs = {made.multiples->runs[1]};
  const auto refused = find_figure("compare-multiples")->make(made.snapshot, made.derived, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "states of different shapes have no difference");
}

TEST_CASE("compare-multiples: which runs are drawn goes into a session and comes back") {
  FigureOptions options;
  options.comparison = {.a = 2, .by = AlignBy::token};
  options.runs = {0, kFirstGuest, -1, -1, -1};
  const Query needs = needs_of(*find_figure("compare-multiples"), options);
  REQUIRE(needs.multiples);
  CHECK((needs.multiples->a == 2 && needs.multiples->by == AlignBy::token && needs.multiples->runs == options.runs && !needs.comparison));
  const command::FigureLook look = look_of(options);
  CHECK(look.runs == std::vector<std::int64_t>{0, kFirstGuest});
  CHECK(options_of(look)->runs == options.runs);
  CHECK(options_of({.runs = {1, 2, 3, 4, 5, 6}}).error().field == "look.runs");
}

TEST_CASE("compare: a view on the screen takes what is there, a file waits for all of it") {
  FigureOptions options;
  options.comparison = {.a = 3, .b = 4, .by = AlignBy::token, .basis = TrajectoryBasis::b};
  const Query screen = needs_of(*find_figure("compare-pca"), options);
  REQUIRE(screen.comparison);
  CHECK((screen.comparison->a == 3 && screen.comparison->by == AlignBy::token && screen.comparison->trajectories && !screen.comparison->slab && !screen.comparison->whole));
  options.on_screen = false;
  CHECK(needs_of(*find_figure("compare-heatmap"), options).comparison->whole);
  CHECK(needs_of(*find_figure("compare-heatmap"), options).comparison->slab);
  command::FigureLook look = look_of(options);
  CHECK((look.align == "token" && look.basis == "b" && look.run_b == 4));
  CHECK(options_of(look)->comparison.by == AlignBy::token);
  look.align = "sideways";
  CHECK(options_of(look).error().field == "look.align");
}
