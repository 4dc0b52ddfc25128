// Large figures in the window: laid out anew and drawn in every frame, as while somebody pans. And the window at rest.
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <thread>

#include "app/shell/gl_textures.h"
#include "app/shell/headless.h"
#include "app/shell/screen.h"
#include "app/shell/shell.h"
#include "bench/cases.h"
#include "bench/measure.h"
#include "views/panels/kit/ui_compat.h"
#include "views/plot/layout.h"

namespace lab::bench {
namespace {

constexpr int kWidth = 1600, kHeight = 1000;
constexpr int kFrames = 60;

/// A wave with spikes, so that neither minimum nor maximum of a pixel column may be passed over.
float wave(std::int64_t i, std::int64_t series) {
  const auto at = static_cast<float>(i);
  return std::sin(at * 0.0007f * static_cast<float>(series + 1)) + (i % 9973 == 0 ? 3.0f : 0.1f * std::sin(at * 1.7f));
}

/// Ten curves of 100,000 points over each other.
Figure many_series() {
  constexpr std::int64_t series = 10, points = 100'000;
  Plot plot{.title = "series", .x = {.label = "token", .low = 0, .high = points}, .y = {.low = -2, .high = 5}};
  for (std::int64_t s = 0; s < series; ++s) {
    LineLayer line;
    for (std::int64_t i = 0; i < points; ++i) line.x.push_back(static_cast<double>(i)), line.y.push_back(wave(i, s));
    plot.layers.emplace_back(std::move(line));
  }
  return {.plots = {std::move(plot)}};
}

/// A heatmap of 16,384 tokens by 1,536 channels, 96 MB.
Figure wide_heatmap() {
  constexpr std::int64_t columns = 16'384, rows = 1'536;
  const auto values = std::make_shared<std::vector<float>>();
  values->reserve(columns * rows);
  for (std::int64_t i = 0; i < columns * rows; ++i) values->push_back(wave(i, i % 7));
  Plot plot{.title = "heatmap", .x = {.label = "token", .low = 0, .high = columns}, .y = {.low = 0, .high = rows}};
  plot.layers.emplace_back(HeatLayer{.column = [values](std::int64_t i) { return values->data() + i * rows; },
                                     .columns = columns,
                                     .rows = rows,
                                     .scale = {.low = -4, .high = 4},
                                     .owner = values});
  return {.plots = {std::move(plot)}};
}

/// Milliseconds from the layout to the pixels of frames in each of which the x axis has moved on a little.
Result<Measurement> measure_figure(const std::string& name, Figure (*make)()) {
  LAB_ASSIGN(const auto headless, Headless::create(kWidth, kHeight));
  headless->bind();
  Screen screen;
  ImGuiPainter painter(std::make_unique<GlTextures>());
  Figure figure = make();
  Axis& axis = figure.plots[0].x;
  const double step = (axis.high - axis.low) / 1000;
  std::vector<double> ms;
  for (int i = 0; i < kFrames; ++i) {
    axis.low += step, axis.high += step;
    ms.push_back(1e3 * seconds_of([&] {
      ImGui::GetIO().DisplaySize = {kWidth, kHeight};
      ImGui::GetIO().DeltaTime = 1.0f / 60;
      screen.begin();
      ImGui::NewFrame();
      ScreenFont fonts[4];
      for (ScreenFont& font : fonts) font = {ImGui::GetFont(), ImGui::GetFontSize()};
      painter.set_fonts(fonts, 1);
      const LaidOut page = lay_out(figure, kWidth, kHeight, screen_style(true), painter);
      painter.paint(page.list, ImGui::GetBackgroundDrawList(), 0, 0);
      ImGui::Render();
      screen.draw(kWidth, kHeight, rgba(0x1B1E23));
      painter.end_frame();
      (void)headless->read();
    }));
  }
  return over_rounds(name, "ms", ms);
}

double processor_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The share of a core that the window takes when everything asked for is done: it looks as often as the front end does.
Result<Measurement> measure_rest(const std::string& name) {
  constexpr int kLooks = 10;
  constexpr auto kBetween = std::chrono::milliseconds(500);
  LAB_ASSIGN(const auto headless, Headless::create(kWidth, kHeight));
  Engine engine({.arithmetic = {.threads = 1}}, [] {});
  Shell shell(engine, {}, [] {});
  engine.submit(command::Open{"builtin:prose"});
  engine.submit(command::FeedText{"In the beginning "});
  engine.submit(command::Step{100});
  InputQueue input;
  headless->bind();
  const auto draw = [&] {
    if (shell.needs_frame(input)) shell.frame(input, kWidth, kHeight, 1);
  };
  for (int i = 0; i < 3'000 && !(engine.idle() && shell.settled() && !shell.needs_frame(input)); ++i) {
    draw();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::vector<double> percent;
  for (int i = 0; i < kLooks; ++i) {
    const double before = processor_seconds();
    const double seconds = seconds_of([&] {
      draw();
      std::this_thread::sleep_for(kBetween);
    });
    percent.push_back(100 * (processor_seconds() - before) / seconds);
  }
  return over_rounds(name, "% of a core", percent);
}

}  // namespace

void add_drawing(std::vector<Case>& cases) {
  const std::pair<const char*, Figure (*)()> figures[] = {{"frame/series-10x100000", many_series}, {"frame/heatmap-16384", wide_heatmap}};
  for (const auto& [name, make] : figures) cases.push_back({name, [name = std::string(name), make = make] { return measure_figure(name, make); }});
  cases.push_back({"frame/at-rest", [] { return measure_rest("frame/at-rest"); }});
}

}  // namespace lab::bench
