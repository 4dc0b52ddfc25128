// How time goes on: speed, clock, how the next token is chosen, the way back.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "views/panels/clock.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/transport.h"

namespace lab {
namespace {

constexpr double kRates[] = {1, 2, 4, 8, 16, 32, 0};
constexpr float kWidth = 292;

struct Number {
  const char* id;
  double value, low, high;
  const char* format;
  float share;  // of the width
};

void draw_numbers(Ui& ui, Box labels, Box fields, Sampling& sampling) {
  Number numbers[] = {{"temperature", sampling.temperature, 0.01, 100, "%.2f", 0.31f},
                      {"top-k", static_cast<double>(sampling.top_k), 0, 1e9, "%.0f", 0.22f},
                      {"top-p", sampling.top_p, 0.001, 1, "%.3g", 0.22f},
                      {"seed", static_cast<double>(sampling.seed), 0, 1e15, "%.0f", 0.25f}};
  const float gap = 6, all = fields.w - 3 * gap;
  for (Number& number : numbers) {
    ui.text_in(labels.cut_left(all * number.share), Face::tick, ui.theme().dim, number.id);
    number_field(ui, number.id, fields.cut_left(all * number.share), number.value, number.low, number.high, number.format);
    labels.cut_left(gap), fields.cut_left(gap);
  }
  sampling.temperature = numbers[0].value, sampling.top_p = numbers[2].value;
  sampling.top_k = std::llround(numbers[1].value), sampling.seed = std::llround(numbers[3].value);
}

void draw_sampling(Ui& ui, Box& page, PaneContext& context) {
  static constexpr const char* kModes[] = {"Sample", "Greedy"};
  Sampling sampling = context.snapshot.sampling;
  Box row = page.cut_top(kControlHeight);
  ui.text_in(row.cut_left(72), Face::control, ui.theme().dim, "Next token");
  sampling.greedy = segments(ui, "mode", row, kModes, sampling.greedy ? 1 : 0) == 1;
  page.cut_top(4);
  const Box labels = page.cut_top(16), fields = page.cut_top(kControlHeight);
  if (sampling.greedy) ui.text_in({labels.x, labels.y + 6, labels.w, 20}, Face::control, ui.theme().dim, "always the most probable token");
  else draw_numbers(ui, labels, fields, sampling);
  if (!(sampling == context.snapshot.sampling)) context.send(command::SetSampling{sampling});
}

void draw_way_back(Ui& ui, Box row, PaneContext& context) {
  const bool ready = (context.snapshot.state == EngineState::paused || context.snapshot.state == EngineState::running) && context.snapshot.count() > 0;
  if (button(ui, "Take back", row.cut_left((row.w - 6) / 2), {.enabled = ready, .tip = "Take the last token back\tBackspace"}))
    context.send(command::TakeBack{1, false});
  row.cut_left(6);
  if (button(ui, "Reset", row, {.enabled = ready, .tip = "No tokens, the state it starts from"})) context.send(command::Reset{});
}

}  // namespace

void draw_rate(Ui& ui, Box box, PaneContext& context) {
  const bool by_layer = context.memory.clock == TimeClock::layer;
  double& rate = context.memory.rate;
  std::array<std::string, std::size(kRates)> names;
  std::array<const char*, std::size(kRates)> labels{};
  int index = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = kRates[i] == 0 ? "full speed" : fmt::format("{:g} {}", kRates[i], by_layer ? "layers/s" : "tok/s");
    labels[i] = names[i].c_str();
    if (kRates[i] == rate) index = static_cast<int>(i);
  }
  if (!combo(ui, "rate", box, labels, index)) return;
  rate = kRates[index];
  if (context.snapshot.plays) context.send(command::Play{rate, by_layer ? "layer" : "token", context.snapshot.plays_back});
  else if (context.snapshot.state == EngineState::running) context.send(command::Run{rate, 0});
}

void draw_clock(Ui& ui, Box box, PaneContext& context) {
  int chosen = static_cast<int>(context.memory.clock);
  if (combo(ui, "clock", box, kClockNames, chosen)) context.memory.clock = static_cast<TimeClock>(chosen);
}

void draw_playback(Ui& ui, Box anchor, PaneContext& context) {
  Box page;
  constexpr float kHeight = 222;
  if (!begin_popover(ui, kPlaybackPage, {anchor.x, anchor.y - kHeight - 8, anchor.w, 0}, kWidth, kHeight, page)) return;
  ui.text_in(page.cut_top(20), Face::title, ui.theme().text, "How time goes on");
  page.cut_top(8);
  Box row = page.cut_top(kControlHeight);
  ui.text_in(row.cut_left(72), Face::control, ui.theme().dim, "Speed");
  ImGui::PushID("page");
  draw_clock(ui, row.cut_right((row.w - 4) / 2), context);
  row.cut_right(4);
  draw_rate(ui, row, context);
  ImGui::PopID();
  page.cut_top(8);
  draw_sampling(ui, page, context);
  page.cut_top(14);
  const auto stops = context.snapshot.breakpoints ? context.snapshot.breakpoints->size() : 0;
  const std::string pauses = stops == 0 ? "Pause when …##stops" : fmt::format("Pause when … ({})##stops", stops);
  if (button(ui, pauses.c_str(), page.cut_top(kControlHeight), {.tip = "Breakpoints: at a token, an alert, or where an expression holds\tD"}))
    context.memory.stops = true, context.memory.playback = false;
  page.cut_top(8);
  draw_way_back(ui, page.cut_top(kControlHeight), context);
  if (!context.memory.playback) ImGui::CloseCurrentPopup();
  end_popover();
}

}  // namespace lab
