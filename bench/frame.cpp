// The window beside an engine at full speed: what a frame costs, and what drawing costs the engine.
#include <chrono>
#include <thread>

#include "app/shell/headless.h"
#include "app/shell/shell.h"
#include "bench/cases.h"
#include "bench/measure.h"

namespace lab::bench {
namespace {

constexpr int kWidth = 1600, kHeight = 1000;
constexpr double kPhase = 3;             // seconds
constexpr double kFrameTime = 1.0 / 60;  // no faster than a display

std::int64_t tokens_of(const Engine& engine) {
  const auto snapshot = engine.latest();
  return snapshot ? snapshot->count() : 0;
}

void sleep_for(double seconds) {
  if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// Tokens a second that the engine reads while `work` is repeated for one phase.
template <class Work>
double rate_during(const Engine& engine, Work work) {
  const std::int64_t before = tokens_of(engine);
  double seconds = 0;
  while (seconds < kPhase) seconds += seconds_of(work);
  return static_cast<double>(tokens_of(engine) - before) / seconds;
}

Result<Measurement> measure(const std::string& name, bool show_monitor) {
  LAB_ASSIGN(const auto headless, Headless::create(kWidth, kHeight));
  Engine engine({.arithmetic = {.threads = 1}}, [] {});
  Shell shell(engine, {.show_monitor = show_monitor}, [] {});
  engine.submit(command::Open{"builtin:prose"});
  engine.submit(command::FeedText{"In the beginning "});
  engine.submit(command::Run{});
  for (int i = 0; tokens_of(engine) < 32; ++i) {
    if (i == 10'000) return Error{.code = Code::environment, .field = name, .message = "the engine does not start"};
    sleep_for(1e-3);
  }
  InputQueue input;
  headless->bind();
  std::vector<double> ms;
  const auto draw = [&] {
    const double seconds = seconds_of([&] {
      shell.frame(input, kWidth, kHeight, 1);
      (void)headless->read();  // waits for the pixels
    });
    ms.push_back(seconds * 1e3);
    sleep_for(kFrameTime - seconds);
  };
  for (int i = 0; i < 5; ++i) draw();
  ms.clear();
  const double before = rate_during(engine, [] { sleep_for(kFrameTime); });
  const double drawing = rate_during(engine, draw);
  const double after = rate_during(engine, [] { sleep_for(kFrameTime); });
  Measurement m = over_rounds(name, "ms", ms);
  m.more = {{"percentile_99_ms", percentile(ms, 0.99)},
            {"engine_tokens_per_s", (before + after) / 2},
            {"engine_loss_percent", (1 - 2 * drawing / (before + after)) * 100}};
  return m;
}

}  // namespace

void add_frame(std::vector<Case>& cases) {
  for (const bool show_monitor : {false, true}) {
    const std::string name = show_monitor ? "frame/monitor" : "frame/inspect";
    cases.push_back({name, [=] { return measure(name, show_monitor); }});
  }
}

}  // namespace lab::bench
