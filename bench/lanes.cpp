// Lanes that step together, a token each: what sharing the weights between them brings.
#include "bench/cases.h"
#include "bench/measure.h"
#include "model/lanes.h"

namespace lab::bench {
namespace {

constexpr int kSteps = 16;  // a round
constexpr int kWarmUp = 2;

Result<Measurement> measure(const std::string& name, const Setting& setting, int count) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedSubject> opened, open_subject(setting.subject));
  Context<float> context({.threads = setting.threads});
  Lanes lanes(*opened->model, count);
  const std::vector<std::int32_t> tokens = tokens_for(*opened->model, count * (kSteps + 1));
  const auto step = [&](int i) { return lanes.step(std::span(tokens).subspan(static_cast<std::size_t>(i * count), static_cast<std::size_t>(count)), context); };
  for (int i = 0; i < kWarmUp; ++i) LAB_TRY(step(i));
  Status trouble;
  std::vector<double> rates;
  for_rounds(setting.rounds, [&] {
    const double seconds = seconds_of([&] {
      for (int i = 0; i < kSteps; ++i)
        if (Status status = step(i); !status) trouble = std::move(status);
    });
    rates.push_back(count * kSteps / seconds);
  });
  if (!trouble) return trouble.error();
  return over_rounds(name, "tokens/s", rates);
}

}  // namespace

void add_lanes(const Setting& setting, int count, std::vector<Case>& cases) {
  const std::string name = "lanes/" + setting.subject.name() + "/B=" + std::to_string(count) + "/threads=" + std::to_string(setting.threads);
  cases.push_back({name, [=]() -> Result<Measurement> { return measure(name, setting, count); }});
}

}  // namespace lab::bench
