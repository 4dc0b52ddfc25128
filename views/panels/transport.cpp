// The way through the text: prompt, steps, run, sampling, and the lanes of the time axis.
#include "views/panels/transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "views/panels/figure_pane.h"
#include "views/panels/kit/icons.h"
#include "views/panels/kit/ui_compat.h"
#include "views/panels/kit/widgets.h"
#include "views/panels/panes.h"

namespace lab {
namespace {

constexpr double kRates[] = {1, 2, 4, 8, 16, 32, 0};
constexpr const char* kRateNames[] = {"1 token/s",   "2 tokens/s",  "4 tokens/s", "8 tokens/s",
                                      "16 tokens/s", "32 tokens/s", "full speed"};

bool can_act(const Snapshot& snapshot) {
  return snapshot.state == EngineState::paused || snapshot.state == EngineState::running;
}

void run_or_pause(PaneContext& context) {
  if (context.snapshot.state == EngineState::running)
    context.send(command::Pause{});
  else
    context.send(command::Run{context.memory.rate, 0});
}

/// To the next token; at the end of the run the model steps.
void step(PaneContext& context) {
  const std::int64_t cursor = context.snapshot.selection.cursor_a;
  if (cursor >= context.snapshot.count() - 1)
    context.send(command::Step{1});
  else
    context.send(command::Seek{cursor + 1, "a"});
}

void draw_buttons(Ui& ui, Box row, PaneContext& context, bool is_narrow) {
  const Snapshot& snapshot = context.snapshot;
  const bool ready = can_act(snapshot), running = snapshot.state == EngineState::running;
  const std::int64_t cursor = snapshot.selection.cursor_a, last = snapshot.count() - 1;
  const float gap = 4, width = is_narrow ? 34 : 32;
  const auto next = [&] {
    const Box box = row.cut_left(width);
    row.cut_left(gap);
    return box;
  };
  const auto put = [&](const char* symbol, const char* id, const char* tip, bool enabled, bool primary = false) {
    return button(ui, (std::string(symbol) + "##" + id).c_str(), next(),
                  {.primary = primary, .enabled = enabled, .tip = tip});
  };
  if (!is_narrow && put(icon::kToStart, "to-start", "First token\tHome", ready && cursor > 0))
    context.send(command::Seek{0, "a"});
  if (put(icon::kBack, "previous", "Previous token\tLeft", ready && cursor >= 0))
    context.send(command::Seek{cursor - 1, "a"});
  if (put(running ? icon::kPause : icon::kPlay, "run", running ? "Pause\tSpace" : "Run\tSpace", ready, true))
    run_or_pause(context);
  if (put(icon::kStep, "step", "Next token; at the end: step the model\tRight", ready)) step(context);
  if (!is_narrow && put(icon::kToEnd, "to-end", "Last token\tEnd", ready && cursor < last))
    context.send(command::Seek{last, "a"});
}

void draw_rate(Ui& ui, Box box, PaneContext& context) {
  double& rate = context.memory.rate;
  int index = 0;
  for (int i = 0; i < static_cast<int>(std::size(kRates)); ++i)
    if (kRates[i] == rate) index = i;
  if (!combo(ui, "rate", box, kRateNames, index)) return;
  rate = kRates[index];
  if (context.snapshot.state == EngineState::running) context.send(command::Run{rate, 0});
}

void draw_reset(Ui& ui, Box box, PaneContext& context) {
  const bool ready = can_act(context.snapshot) && context.snapshot.count() > 0;
  if (button(ui, "Reset", box, {.enabled = ready, .tip = "No tokens, the state it starts from"}))
    context.send(command::Reset{});
}

/// Buttons, where we are, how fast.
void draw_left(Ui& ui, Box box, PaneContext& context, bool is_narrow) {
  const Theme& theme = ui.theme();
  const Snapshot& snapshot = context.snapshot;
  const std::int64_t cursor = snapshot.selection.cursor_a;
  box = box.inset(12, 8);
  Box row = box.cut_top(kControlHeight + 2);
  draw_buttons(ui, {row.x, row.y, row.w, row.h}, context, is_narrow);
  const std::string where = cursor < 0 ? "start" : std::to_string(cursor);
  const std::string of = snapshot.count() == 0 ? "no tokens" : fmt::format("of {}", snapshot.count() - 1);
  if (!is_narrow) ui.text_in(row, where.size() > 5 ? Face::dense : Face::value, theme.text, where, Align::right);
  box.cut_top(is_narrow ? 4 : 10);
  row = box.cut_top(is_narrow ? 22 : kControlHeight);
  const bool ready = can_act(snapshot);
  if (is_narrow) {
    ui.text_in(row, Face::dense, theme.text, where + " " + of);
    box.cut_top(3);
    draw_rate(ui, box.cut_top(22), context);
    return;
  }
  ui.text_in(row, Face::control, theme.dim, of, Align::right);
  draw_rate(ui, row.cut_left(120), context);
  box.cut_top(8);
  row = box.cut_top(kControlHeight);
  if (button(ui, "Take back", row.cut_left(84),
             {.enabled = ready && snapshot.count() > 0, .tip = "Take the last token back\tBackspace"}))
    context.send(command::TakeBack{1, false});
  row.cut_left(4);
  draw_reset(ui, row.cut_left(60), context);
  ui.text_in(row, Face::control, theme.dim, name_of(snapshot.state), Align::right);
}

void feed(PaneContext& context, bool reads) {
  if (context.memory.prompt.empty()) return;
  context.send(command::FeedText{context.memory.prompt});
  if (reads) context.send(command::ReadWaiting{});
  context.memory.prompt.clear();
}

/// What is typed goes to the tokens that wait; Enter reads them at once.
void draw_prompt(Ui& ui, Box row, PaneContext& context, bool is_narrow) {
  const Snapshot& snapshot = context.snapshot;
  const bool ready = can_act(snapshot);
  if (is_narrow) {
    draw_reset(ui, row.cut_right(56), context);
    row.cut_right(4);
  }
  if (!snapshot.waiting.empty()) {
    if (button(ui, "Drop", row.cut_right(52), {.tip = "Drop the waiting tokens"})) context.send(command::DropWaiting{});
    row.cut_right(4);
    if (button(ui, fmt::format("Read {}##read", snapshot.waiting.size()).c_str(), row.cut_right(84),
               {.tip = "Read what waits"}))
      context.send(command::ReadWaiting{});
    row.cut_right(4);
  }
  if (button(ui, "Feed", row.cut_right(60),
             {.enabled = ready && !context.memory.prompt.empty(),
              .tip = "Add the text to what waits; Enter also reads it"}))
    feed(context, false);
  row.cut_right(4);
  const char* hint = snapshot.model ? "type a prompt, Enter reads it" : "open a model first";
  const bool entered =
      field(ui, "prompt", row, context.memory.prompt, {.hint = hint, .take_focus = context.memory.focus_prompt});
  context.memory.focus_prompt = false;
  if (entered && ready) feed(context, true);
}

struct Number {
  const char* id;
  double value, low, high;
  const char* format;
  float share;  // of the width
};

void draw_sampling(Ui& ui, Box box, PaneContext& context, bool is_narrow) {
  static constexpr const char* kModes[] = {"Sample", "Greedy"};
  const Theme& theme = ui.theme();
  box = box.inset(12, is_narrow ? 8 : 10);
  Sampling sampling = context.snapshot.sampling;
  Box row = box.cut_top(kControlHeight);
  if (!is_narrow) ui.text_in(row.cut_left(84), Face::title, theme.text, "Sampling");
  sampling.greedy = segments(ui, "mode", row, kModes, sampling.greedy ? 1 : 0) == 1;
  box.cut_top(is_narrow ? 2 : 8);
  Box labels = box.cut_top(16), fields = box.cut_top(kControlHeight);
  if (sampling.greedy) {
    ui.text_in({labels.x, labels.y + 6, labels.w, 20}, Face::control, theme.dim, "always the most probable token");
  } else {
    Number numbers[] = {{"temperature", sampling.temperature, 0.01, 100, "%.2f", 0.31f},
                        {"top-k", static_cast<double>(sampling.top_k), 0, 1e9, "%.0f", 0.22f},
                        {"top-p", sampling.top_p, 0.001, 1, "%.3g", 0.22f},
                        {"seed", static_cast<double>(sampling.seed), 0, 1e15, "%.0f", 0.25f}};
    const float gap = 6, all = fields.w - 3 * gap;
    for (Number& number : numbers) {
      ui.text_in(labels.cut_left(all * number.share), Face::tick, theme.dim, number.id);
      number_field(ui, number.id, fields.cut_left(all * number.share), number.value, number.low, number.high,
                   number.format);
      labels.cut_left(gap), fields.cut_left(gap);
    }
    sampling.temperature = numbers[0].value, sampling.top_p = numbers[2].value;
    sampling.top_k = std::llround(numbers[1].value), sampling.seed = std::llround(numbers[3].value);
  }
  if (!(sampling == context.snapshot.sampling)) context.send(command::SetSampling{sampling});
}

}  // namespace

void draw_transport(Ui& ui, Box box, PaneContext& context) {
  const bool is_narrow = box.w < 1400;
  const KeptTimeAxis& time = kept_of(context).time;
  float left = is_narrow ? 132 : 256, right = is_narrow ? 252 : 312;
  if (time.right > time.left) {  // under the panes whose time axis this one continues
    left = std::max(left, std::min(time.left - kTimeLeft - box.x, box.w / 3));
    right = std::max(right, std::min(box.right() - time.right - kTimeRight, box.w / 3));
  }
  const Box controls = box.cut_left(left), sampling = box.cut_right(right);
  ui.line_down(controls.right() - 1, controls.y, controls.bottom(), ui.theme().line);
  ui.line_down(sampling.x - 1, sampling.y, sampling.bottom(), ui.theme().line);
  draw_left(ui, controls, context, is_narrow);
  draw_sampling(ui, sampling, context, is_narrow);
  Box middle = box;
  Box prompt = middle.cut_top(is_narrow ? 36 : 42);
  draw_prompt(ui, Box{prompt.x + 12, prompt.y, prompt.w - 24, prompt.h}.row(kControlHeight), context, is_narrow);
  draw_lanes(ui, middle, context);
}

}  // namespace lab
