// Many tokens in one call, logits of the last one; captured, in the spans that the trace asks for.
#include <algorithm>

#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/session.h"

namespace lab::bench {
namespace {

// Stepping through a long prompt would take longer than everything else; a short one shows the same.
constexpr std::int64_t kCompared = 64;

constexpr std::size_t kWarmUp = 16;  // tokens, enough to bring the weights near

// Whether one call leaves the state and the logits that reading token by token leaves.
bool same_bits_as_stepping(Session& session, std::span<const std::int32_t> tokens) {
  const State after = session.state();
  const std::vector<float> logits = session.logits();
  session.rewind();
  for (const std::int32_t& token : tokens) (void)session.read({&token, 1}, false);
  return logits == session.logits() && std::ranges::equal(after.stored_all(), session.state().stored_all());
}

Result<Measurement> measure(const std::string& name, const Setting& setting, std::int64_t count) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedSubject> opened, open_subject(setting.subject));
  Session session(*opened->model, setting.threads, kSmallBudget);
  const std::vector<std::int32_t> tokens = tokens_for(*opened->model, count);
  Status trouble;
  const auto seconds = [&](bool capture) {
    session.rewind();
    return seconds_of([&] {
      Status status = session.read(tokens, capture);
      if (!status) trouble = std::move(status);
    });
  };
  LAB_TRY(setting.capture ? session.fill_history(tokens) : session.read(std::span(tokens).first(kWarmUp), false));
  std::vector<double> rates, overheads;
  for_rounds(setting.rounds, [&] {
    const double off = seconds(false), on = setting.capture ? seconds(true) : off;
    rates.push_back(static_cast<double>(count) / on);
    overheads.push_back((on / off - 1) * 100);
  });
  LAB_TRY(std::move(trouble));
  Measurement m = over_rounds(name, "tokens/s", rates);
  if (!setting.capture) return m;
  m.more = {{"overhead_percent", median(overheads)}};
  if (count <= kCompared && setting.subject.path.empty()) m.more.emplace_back("same_bits_as_stepping", same_bits_as_stepping(session, tokens) ? 1.0 : 0.0);
  return m;
}

}  // namespace

void add_prefill(const Setting& setting, std::int64_t tokens, std::vector<Case>& cases) {
  const std::string name = "prefill/" + setting.subject.name() + "/T=" + std::to_string(tokens) + "/" + setting.suffix();
  cases.push_back({name, [=] { return measure(name, setting, tokens); }});
}

}  // namespace lab::bench
