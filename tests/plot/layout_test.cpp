// What the layout decides, compared as text.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "views/plot/layout.h"

using namespace lab;

namespace {

PlotStyle plain() {
  PlotStyle style;
  style.pixels_per_point = 1;
  style.titles = false;
  return style;
}

LaidOut laid_out(const Plot& plot, const PlotStyle& style = plain(), double width = 200, double height = 100) {
  return lay_out(Figure{.plots = {plot}}, width, height, style, FixedMeasure());
}

/// A plot without axes: its frame is the page less 2 points at each side.
Plot bare(Layer layer) {
  Plot plot;
  plot.x = {"", 0, 10}, plot.y = {"", 0, 10};
  plot.x.visible = plot.y.visible = false;
  plot.layers.push_back(std::move(layer));
  return plot;
}

/// The lines of a list between its first clip and the end of it.
std::string inside(const LaidOut& out) {
  std::istringstream lines(text_of(out.list));
  std::string line, found;
  bool within = false;
  while (std::getline(lines, line)) {
    if (line.rfind("clip", 0) == 0) within = true;
    else if (line == "unclip") within = false;
    else if (within) found += line + "\n";
  }
  return found;
}

/// The lines that begin with a word.
std::vector<std::string> lines_of(const LaidOut& out, const std::string& word) {
  std::istringstream lines(text_of(out.list));
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(word + " ", 0) == 0) found.push_back(line);
  return found;
}

std::vector<DrawText> texts(const LaidOut& out) {
  std::vector<DrawText> found;
  for (const DrawOp& op : out.list.ops)
    if (const auto* text = std::get_if<DrawText>(&op)) found.push_back(*text);
  return found;
}

std::shared_ptr<const Pixels> picture(const LaidOut& out) {
  for (const DrawOp& op : out.list.ops)
    if (const auto* image = std::get_if<DrawImage>(&op)) return image->pixels;
  return nullptr;
}

HeatLayer heat(std::shared_ptr<std::vector<float>> values, std::int64_t columns, std::int64_t rows, std::uint64_t version) {
  HeatLayer layer;
  layer.column = [values, rows](std::int64_t i) { return values->data() + i * rows; };
  layer.columns = columns, layer.rows = rows, layer.version = version, layer.owner = values;
  return layer;
}

LineLayer line(std::vector<float> y, const std::string& name = "") {
  LineLayer layer{.name = name};
  for (std::size_t i = 0; i < y.size(); ++i) layer.x.push_back(static_cast<double>(i));
  layer.y = std::move(y);
  return layer;
}

}  // namespace

TEST_CASE("layout: a curve with axes, ticks and labels is this list") {
  Plot plot;
  plot.x = {"t", 0, 4}, plot.y = {"norm", -1, 1};
  plot.layers.push_back(line({0, 1, -1, 0.5f, 0}));
  CHECK(text_of(laid_out(plot, plain(), 120, 70).list) == R"(page 120x70
rect 0,0 120x70 #FFFFFF
line #E9ECF0 0.4 28.8,42.7 115.9,42.7
line #E9ECF0 0.4 28.8,23.6 115.9,23.6
line #E9ECF0 0.4 28.8,4.5 115.9,4.5
line #E9ECF0 0.4 28.8,4.5 28.8,42.7
line #E9ECF0 0.4 50.6,4.5 50.6,42.7
line #E9ECF0 0.4 72.4,4.5 72.4,42.7
line #E9ECF0 0.4 94.1,4.5 94.1,42.7
line #E9ECF0 0.4 115.9,4.5 115.9,42.7
clip 28.8,4.5 87.1x38.2
line #2563C9 1.2 28.8,23.6 50.6,4.5 72.4,42.7 94.1,14.1 115.9,23.6
unclip
line #9AA1AC 0.6 28.5,4.2 116.2,4.2 116.2,43 28.5,43 28.5,4.2
line #9AA1AC 0.6 28.8,43 28.8,45.5
text 28.8,52.5 tick 7 #1D2128 center '0'
line #9AA1AC 0.6 50.6,43 50.6,45.5
text 50.6,52.5 tick 7 #1D2128 center '1'
line #9AA1AC 0.6 72.4,43 72.4,45.5
text 72.4,52.5 tick 7 #1D2128 center '2'
line #9AA1AC 0.6 94.1,43 94.1,45.5
text 94.1,52.5 tick 7 #1D2128 center '3'
line #9AA1AC 0.6 115.9,43 115.9,45.5
text 115.9,52.5 tick 7 #1D2128 center '4'
text 72.4,62.8 label 8 #1D2128 center 't'
line #9AA1AC 0.6 26,42.7 28.5,42.7
text 24,45.2 tick 7 #1D2128 right '−1'
line #9AA1AC 0.6 26,23.6 28.5,23.6
text 24,26.1 tick 7 #1D2128 right '0'
line #9AA1AC 0.6 26,4.5 28.5,4.5
text 24,7 tick 7 #1D2128 right '1'
text 9.5,23.6 label 8 #1D2128 center upwards 'norm'
)");
}

TEST_CASE("layout: each kind of layer becomes the strokes it stands for") {
  CHECK(inside(laid_out(bare(line({0, 10, NAN, 5, 5})))) ==
        "line #2563C9 1.2 2,98 21.6,2\n"
        "line #2563C9 1.2 60.8,50 80.4,50\n");
  CHECK(inside(laid_out(bare(RuleLayer{.at = 5, .dashed = true}))) == "line #000000 0.8 dash 4/2 100,2 100,98\n");
  CHECK(inside(laid_out(bare(BarLayer{.values = {10, 5}, .across = true}))) ==
        "rect 2,11.1 196x29.8 #2563C9\n"
        "rect 2,59.1 98x29.8 #2563C9\n");
  PathLayer path{.at = {{0, 0}, {5, 5}, {10, 0}}, .dot = 0};
  CHECK(inside(laid_out(bare(path))) == "line #2563C9 1.2 2,98 100,50 198,98\n");
  path.shade = {0, 0.5f, 1};
  CHECK(inside(laid_out(bare(path))) ==
        "line #440154 1.2 2,98 100,50\n"
        "line #23908C 1.2 100,50 198,98\n");
  auto values = std::make_shared<std::vector<float>>(20, 1.0f);
  CHECK(inside(laid_out(bare(heat(values, 5, 4, 0)))) == "image 2,59.6 98x38.4 5x4 cells\n");
}

TEST_CASE("layout: a band lies behind its curve, and a mark has a ring and a label beside it") {
  LineLayer band = line({5, 5});
  band.low = {4, 4}, band.high = {6, 6};
  CHECK(inside(laid_out(bare(band))) ==
        "polygon #CFDDF3 2,40.4 21.6,40.4 21.6,59.6 2,59.6\n"
        "line #2563C9 1.2 2,50 21.6,50\n");
  band.y.clear();  // of itself, between two other curves
  CHECK(inside(laid_out(bare(band))) == "polygon #CFDDF3 2,40.4 21.6,40.4 21.6,59.6 2,59.6\n");
  const LaidOut out = laid_out(bare(MarkLayer{{5, 5}, "A 3"}));
  CHECK(lines_of(out, "text") == std::vector<std::string>{"text 107,52.9 label 8 #1D2128 left 'A 3'"});
  const std::string ring = inside(out);
  CHECK(std::count(ring.begin(), ring.end(), '\n') == 2);  // a light ring under a dark one
}

TEST_CASE("layout: a mark outside the frame has no label, and two marks at one place do not share a label's place") {
  CHECK(lines_of(laid_out(bare(MarkLayer{{50, 5}, "A"})), "text").empty());
  Plot two = bare(MarkLayer{{5, 5}, "A"});
  two.layers.push_back(MarkLayer{{5, 5}, "B"});
  const auto written = texts(laid_out(two));
  REQUIRE(written.size() == 2);
  CHECK(std::abs(written[0].at.x - written[1].at.x) + std::abs(written[0].at.y - written[1].at.y) > 8);
}

TEST_CASE("layout: names at the ends of lines never overlap and stay within the frame") {
  for (const int lines : {2, 5, 9, 40}) {
    Plot plot = bare(line({9.8f, 9.8f}, "name 0"));
    for (int i = 1; i < lines; ++i) plot.layers.push_back(line({9.8f - 0.01f * static_cast<float>(i), 9.5f}, "name"));
    const LaidOut out = laid_out(plot);
    std::vector<double> places;
    for (const DrawText& text : texts(out)) places.push_back(text.at.y);
    REQUIRE(places.size() >= 2);
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i) CHECK(places[i] - places[i - 1] > 8);
    CHECK(places.front() > out.areas[0].frame.y);
    CHECK(places.back() < out.areas[0].frame.bottom() + 1);
  }
}

TEST_CASE("layout: a long curve keeps its spike and at most four points a pixel") {
  constexpr std::size_t points = 100000;
  LineLayer layer;
  for (std::size_t i = 0; i < points; ++i) {
    layer.x.push_back(10.0 * static_cast<double>(i) / points);
    layer.y.push_back(static_cast<float>(i % 7));
  }
  layer.y[54321] = 9.9f;
  const LaidOut out = laid_out(bare(layer));
  std::size_t kept = 0;
  double highest = 1e9;
  for (const DrawOp& op : out.list.ops)
    if (const auto* stroke = std::get_if<StrokeLine>(&op)) {
      kept += stroke->points.size();
      for (const PointF& point : stroke->points) highest = std::min(highest, point.y);
    }
  CHECK(kept <= 4 * 198);
  CHECK(kept > 2 * 190);
  CHECK(highest == doctest::Approx(out.areas[0].place_of_y(9.9f)));
}

TEST_CASE("layout: a long curve is broken where a value is missing, at its beginning, in the middle and at its end") {
  constexpr std::size_t points = 100000;
  for (const std::size_t gap : {std::size_t{0}, std::size_t{50000}, points - 1}) {
    LineLayer layer;
    for (std::size_t i = 0; i < points; ++i) layer.x.push_back(10.0 * static_cast<double>(i) / points), layer.y.push_back(static_cast<float>(i % 7));
    layer.y[gap] = NAN;
    const LaidOut out = laid_out(bare(layer));
    std::vector<const StrokeLine*> curves;
    for (const DrawOp& op : out.list.ops)
      if (const auto* stroke = std::get_if<StrokeLine>(&op); stroke && stroke->points.size() > 100) curves.push_back(stroke);
    REQUIRE(curves.size() == (gap == 50000 ? 2 : 1));
    if (gap != 50000) continue;
    const PlotArea& area = out.areas[0];
    CHECK(area.x_from(curves[0]->points.back().x) == doctest::Approx(layer.x[gap - 1]));
    CHECK(area.x_from(curves[1]->points.front().x) == doctest::Approx(layer.x[gap + 1]));
  }
}

TEST_CASE("layout: in the window a dense curve is one bar a pixel, each meeting the one before, and breaks at a gap") {
  constexpr std::size_t points = 100000;
  LineLayer layer;
  for (std::size_t i = 0; i < points; ++i)
    layer.x.push_back(10.0 * static_cast<double>(i) / points), layer.y.push_back(std::fmod(layer.x.back() * 20, 8) < 4 ? 1 : 9);  // jumps between pixels
  layer.y[54321] = 9.9f;
  layer.y[70100] = NAN;
  const LaidOut out = laid_out(bare(layer), screen_style(true));
  const PlotArea& area = out.areas[0];
  std::vector<RectF> bars;
  for (const DrawOp& op : out.list.ops) {
    if (const auto* fill = std::get_if<FillRect>(&op)) bars.push_back(fill->rect);
    CHECK_FALSE(std::holds_alternative<StrokeLine>(op));
  }
  CHECK(bars.size() >= 195);
  CHECK(bars.size() <= 201);  // the gap parts one in two
  double highest = 1e9;
  int apart = 0;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    highest = std::min(highest, bars[i].y);
    if (i == 0) continue;
    const RectF &a = bars[i - 1], &b = bars[i];
    const bool is_after_gap = area.x_from(a.right()) > 6.95 && area.x_from(a.x) < 7.05;
    CHECK((a.right() == b.x || is_after_gap));
    apart += b.y > a.bottom() || a.y > b.bottom();
  }
  CHECK(apart == 0);
  CHECK(highest == doctest::Approx(area.place_of_y(9.9f) - layer.width / 2));
  // Every value lies in a bar.
  for (std::size_t i = 0; i < points; i += 7) {
    if (std::isnan(layer.y[i])) continue;
    const double x = area.place_of_x(layer.x[i]), y = area.place_of_y(layer.y[i]);
    CHECK(std::any_of(bars.begin(), bars.end(), [&](const RectF& bar) { return x >= bar.x - 1e-6 && x <= bar.right() + 1e-6 && y >= bar.y && y <= bar.bottom(); }));
  }
}

TEST_CASE("layout: where a dense curve has no values for a while a line leads across") {
  LineLayer layer;
  for (int i = 0; i < 50000; ++i) layer.x.push_back(i * 4e-5), layer.y.push_back(1);
  for (int i = 0; i < 50000; ++i) layer.x.push_back(8 + i * 4e-5), layer.y.push_back(9);
  const LaidOut out = laid_out(bare(layer), screen_style(true));
  const PlotArea& area = out.areas[0];
  std::vector<StrokeLine> strokes;
  for (const DrawOp& op : out.list.ops)
    if (const auto* stroke = std::get_if<StrokeLine>(&op)) strokes.push_back(*stroke);
  REQUIRE(strokes.size() == 1);
  REQUIRE(strokes[0].points.size() == 2);
  CHECK(strokes[0].points[0].y == doctest::Approx(area.place_of_y(1)));
  CHECK(strokes[0].points[1].y == doctest::Approx(area.place_of_y(9)));
  CHECK(strokes[0].points[0].x == doctest::Approx(area.place_of_x(2)).epsilon(0.02));
  CHECK(strokes[0].points[1].x == doctest::Approx(area.place_of_x(8)).epsilon(0.02));
}

TEST_CASE("layout: an unchanged heatmap has the same pixels from one frame to the next, a changed one has not") {
  auto values = std::make_shared<std::vector<float>>(50 * 20, 0.5f);
  Plot plot = bare(heat(values, 50, 20, 77001));
  auto& layer = std::get<HeatLayer>(plot.layers[0]);
  const auto first = picture(laid_out(plot, screen_style(true)));
  REQUIRE(first);
  CHECK(picture(laid_out(plot, screen_style(true))) == first);
  CHECK(picture(laid_out(plot, screen_style(true), 220)) != first);
  layer.scale.high = 2;
  CHECK(picture(laid_out(plot, screen_style(true))) != first);
  layer.scale.high = 1;
  CHECK(picture(laid_out(plot, screen_style(true))) == first);
  layer.version = 77002;
  CHECK(picture(laid_out(plot, screen_style(true))) != first);
  layer.version = 0;  // says nothing about its values
  CHECK(picture(laid_out(plot, screen_style(true))) != picture(laid_out(plot, screen_style(true))));
}

TEST_CASE("layout: a heatmap of the window has the pixels it covers, at any scale") {
  auto values = std::make_shared<std::vector<float>>(1000 * 300, 0.5f);
  Plot plot = bare(heat(values, 1000, 300, 77003));
  plot.x = {"t", 0, 1000}, plot.y = {"channel", 0, 300};
  for (const double density : {1.0, 1.5, 2.0}) {
    PlotStyle style = screen_style(true);
    style.pixels_per_point = density;
    const LaidOut out = laid_out(plot, style, 333, 177);
    const RectF frame = out.areas[0].frame;
    CHECK(picture(out)->width == std::lround(frame.w * density));
    CHECK(picture(out)->height == std::lround(frame.h * density));
    CHECK(frame.x * density == doctest::Approx(std::round(frame.x * density)));
  }
}

TEST_CASE("layout: the first row of a heatmap is at the low end of its axis") {
  auto values = std::make_shared<std::vector<float>>(std::vector<float>{1, -1});  // one column of two rows
  Plot plot = bare(heat(values, 1, 2, 0));
  plot.x.high = 1, plot.y = {"", 0, 2};
  const ColorScale scale = std::get<HeatLayer>(plot.layers[0]).scale;
  CHECK(picture(laid_out(plot))->rgba == std::vector<Rgba>{scale.color(-1), scale.color(1)});
  plot.y = {"", 2, 0};
  CHECK(picture(laid_out(plot))->rgba == std::vector<Rgba>{scale.color(1), scale.color(-1)});
}

TEST_CASE("layout: on a dark ground sequential maps begin later, diverging ones do not") {
  auto values = std::make_shared<std::vector<float>>(1, 0.0f);
  Plot plot = bare(heat(values, 1, 1, 0));
  auto& scale = std::get<HeatLayer>(plot.layers[0]).scale;
  scale = {ColorMap::viridis, Scaling::linear, 0, 1};
  CHECK(picture(laid_out(plot, screen_style(true)))->rgba[0] == color_at(ColorMap::viridis, 0.16));
  CHECK(picture(laid_out(plot, screen_style(false)))->rgba[0] == color_at(ColorMap::viridis, 0));
  scale = {ColorMap::pu_or, Scaling::linear, 0, 1};
  CHECK(picture(laid_out(plot, screen_style(true)))->rgba[0] == color_at(ColorMap::pu_or, 0));
}

TEST_CASE("layout: cursors on heatmaps are black, beside them they have the ground's cursor colour") {
  Plot plot = bare(RuleLayer{.at = 5});
  CHECK(inside(laid_out(plot, screen_style(true))).find("#FFFFFF") != std::string::npos);
  plot.layers.push_back(heat(std::make_shared<std::vector<float>>(1), 1, 1, 0));
  CHECK(inside(laid_out(plot, screen_style(true))).find("#000000") != std::string::npos);
}

TEST_CASE("layout: stacked plots share their left and right edges, and only the lowest has the labels of a shared axis") {
  Figure figure{.plots = {bare(line({1, 2})), bare(line({1, 2}, "a long name"))}, .heights = {2, 1}, .share_x = true};
  figure.plots[0].color_bar = ColorScale{};
  for (Plot& plot : figure.plots) plot.x = {"t", 0, 10}, plot.y = {"value", 0, 123456};
  figure.plots[1].y.high = 1;
  const LaidOut out = lay_out(figure, 300, 200, plain(), FixedMeasure());
  const RectF a = out.areas[0].frame, b = out.areas[1].frame;
  CHECK(a.x == b.x);
  CHECK(a.right() == b.right());
  CHECK(a.h == doctest::Approx(2 * b.h));
  CHECK(b.y > a.bottom());
  long labels = 0;
  std::vector<double> y_labels;
  for (const DrawText& text : texts(out)) {
    labels += text.text == "t";
    if (text.text == "value") y_labels.push_back(text.at.x);
  }
  CHECK(labels == 1);
  REQUIRE(y_labels.size() == 2);
  CHECK(y_labels[0] == y_labels[1]);  // in one line, however wide each plot's ticks are
}

TEST_CASE("layout: nothing that is written leaves the page") {
  Plot plot = bare(line({1, 2, 3}, "the name of a line"));
  plot.title = "A title that is far too long for a page of this width", plot.subtitle = "and more";
  plot.x = {"time", 0, 123456}, plot.y = {"a long label of the y axis", -1e-6, 1e-6};
  plot.color_bar = ColorScale{.low = -1e-3, .high = 1e-3};
  plot.color_label = "state";
  for (const PlotStyle& style : {print_style(), screen_style(true)}) {
    for (const DrawText& text : texts(laid_out(plot, style, 260, 140))) {
      const double width = FixedMeasure().width(text.face, text.size, text.text);
      const double before = text.align == TextAlign::left ? 0 : text.align == TextAlign::right ? width : width / 2;
      const double from = text.upwards ? text.at.y - (width - before) : text.at.x - before;
      CHECK_MESSAGE(from >= -0.5, text.text);
      CHECK_MESSAGE(from + width <= (text.upwards ? 140 : 260) + 0.5, text.text);
    }
  }
}

TEST_CASE("layout: equal units are as long across as down") {
  Plot plot = bare(PathLayer{.at = {{0, 0}}});
  plot.equal_units = true;
  const PlotArea area = laid_out(plot).areas[0];
  CHECK(area.place_of_x(1) - area.place_of_x(0) == doctest::Approx(area.place_of_y(0) - area.place_of_y(1)));
  CHECK(area.x.high - area.x.low > 10);
  CHECK(area.y.high - area.y.low == doctest::Approx(10));
}

TEST_CASE("layout: given margins are kept, so that panes share one time axis") {
  PlotStyle style = screen_style(true);
  style.left = 64, style.right = 72;
  Plot plot = bare(line({1, 2}));
  plot.x = {"t", 0, 224}, plot.y = {"norm", 0, 1e9};
  const RectF frame = laid_out(plot, style, 1032, 256).areas[0].frame;
  CHECK(frame.x == 64);
  CHECK(frame.w == 896);
}

TEST_CASE("layout: bars of an axis of numbers lie between their numbers, with a gap where they are wide") {
  Plot plot = bare(BarLayer{.values = {1, 0, 3}, .base = 0, .from = 10, .pitch = 5, .across = false});
  plot.x.low = 10, plot.x.high = 25, plot.y.low = 0, plot.y.high = 3;
  const LaidOut page = laid_out(plot);
  std::vector<RectF> bars;
  for (const DrawOp& op : page.list.ops)
    if (const auto* fill = std::get_if<FillRect>(&op); fill && fill->color == plain().run_a) bars.push_back(fill->rect);
  REQUIRE(bars.size() == 2);  // an empty one is not drawn
  const PlotArea& area = page.areas[0];
  CHECK(bars[0].x == doctest::Approx(area.place_of_x(10)));
  CHECK(bars[0].right() == doctest::Approx(area.place_of_x(15) - 0.5));
  CHECK(bars[1].x == doctest::Approx(area.place_of_x(20)));
  CHECK(bars[1].y == doctest::Approx(area.place_of_y(3)));
  CHECK(area.x.low == 10);  // the axis stays one of numbers
}

TEST_CASE("layout: columns of words stand between the frame and the colour bar, level with their rows, none over another") {
  Plot plot = bare(line({1, 2}));
  plot.y.low = 4, plot.y.high = 0;
  const double without = laid_out(plot).areas[0].frame.right();
  TextColumn column{.title = "bit", .texts = {}};
  for (int row = 0; row < 4; ++row) column.texts.emplace_back(row + 0.5, "1.2" + std::to_string(row));
  plot.columns = {column};
  plot.color_bar = ColorScale{};
  const LaidOut page = laid_out(plot);
  const RectF frame = page.areas[0].frame;
  CHECK(frame.right() < without);
  const auto written = texts(page);
  const auto find = [&](const std::string& text) {
    const auto at = std::ranges::find_if(written, [&](const DrawText& each) { return each.text == text; });
    REQUIRE_MESSAGE(at != written.end(), text);
    return *at;
  };
  CHECK(find("bit").at.y <= frame.y);
  CHECK(std::abs(find("1.22").at.y - page.areas[0].place_of_y(2.5)) < 4);
  double bar = 0;
  for (const DrawOp& op : page.list.ops)
    if (const auto* image = std::get_if<DrawImage>(&op)) bar = image->rect.x;
  CHECK(find("1.22").align == TextAlign::right);
  CHECK((find("1.22").at.x > frame.right() && find("1.22").at.x < bar));
  const auto low = texts(laid_out(plot, print_style(), 200, 40));
  CHECK(std::ranges::count_if(low, [](const DrawText& each) { return each.text.starts_with("1.2"); }) < 4);
}

TEST_CASE("layout: notes of bars stand beside them, or inside where the frame ends") {
  Plot plot = bare(BarLayer{.values = {10, 2}, .labels = {"one", "two"}, .notes = {"10 %", "2 %"}});
  const auto written = texts(laid_out(plot));
  REQUIRE(written.size() == 2);
  CHECK(written[0].align == TextAlign::right);
  CHECK(written[0].at.x < 198);
  CHECK(written[1].align == TextAlign::left);
  CHECK(written[1].at.x > 2 + 196 * 0.2);
}

TEST_CASE("layout: values that are no numbers, and pages without room, make no strokes astray") {
  Plot plot = bare(line({NAN, INFINITY, -INFINITY, 1e30f, 2}));
  plot.layers.push_back(RuleLayer{.at = NAN});
  plot.layers.push_back(MarkLayer{{NAN, 3}, "x"});
  plot.layers.push_back(PathLayer{.at = {{NAN, 1}, {1, 1}, {2, NAN}}, .shade = {NAN, 0, 2}});
  plot.layers.push_back(BarLayer{.values = {NAN}, .notes = {"?"}});
  for (const double size : {0.0, 3.0, 200.0})
    for (const DrawOp& op : laid_out(plot, print_style(), size, size).list.ops)
      if (const auto* stroke = std::get_if<StrokeLine>(&op))
        for (const PointF& point : stroke->points) CHECK((std::abs(point.x) <= 1e5 && std::abs(point.y) <= 1e5));
}

TEST_CASE("words: they fill lines from the top; of too many the last ones, behind what stands for the others") {
  WordsLayer layer;
  for (int i = 0; i < 6; ++i) layer.words.push_back({"word" + std::to_string(i), i == 3 ? -1.0 : 0.25 * i});
  layer.rest = [](std::size_t words) { return "<" + std::to_string(words); };
  layer.ringed = 5;
  const auto written = [](const LaidOut& out) {
    std::string all;
    for (const DrawText& text : texts(out)) all += text.text + (all.size() < 200 ? " " : "");
    return all;
  };
  CHECK(written(laid_out(bare(layer))) == "word0 word1 word2 word3 word4 word5 ");
  const LaidOut small = laid_out(bare(layer), plain(), 60, 35);  // a line holds two words, and there are two lines
  CHECK(written(small) == "<3 word3 word4 word5 ");
  CHECK(texts(small)[1].at.y == texts(small)[0].at.y);
  CHECK(texts(small)[2].at.y > texts(small)[1].at.y);
  // The ground of the largest has its ink at full strength, that of a smaller one less; of a negative one the other ink.
  const LaidOut out = laid_out(bare(layer));
  std::vector<FillRect> fills;
  for (const DrawOp& op : out.list.ops)
    if (const auto* fill = std::get_if<FillRect>(&op)) fills.push_back(*fill);
  const auto blue = [](Rgba color) { return static_cast<int>(color >> 16 & 255) - static_cast<int>(color & 255); };
  double most = -1e9, least = 1e9;
  for (const FillRect& fill : fills) most = std::max<double>(most, blue(fill.color)), least = std::min<double>(least, blue(fill.color));
  CHECK(most > 50);    // what cancels
  CHECK(least < -50);  // what adds
  CHECK(lines_of(out, "line").size() == 1);
}
