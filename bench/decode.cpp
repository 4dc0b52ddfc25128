// Tokens fed one at a time. With capture, tokens with and without it take turns, and their medians are compared.
#include "bench/cases.h"
#include "bench/measure.h"
#include "bench/session.h"

namespace lab::bench {
namespace {

constexpr int kTokens = 24;  // of each kind, a round
constexpr int kWarmUp = 4;

Result<Measurement> measure(const std::string& name, const Setting& setting) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedSubject> opened, open_subject(setting.subject));
  Session session(*opened->model, setting.threads, kSmallBudget);
  PlainPass plain(*opened, setting.threads);
  const std::vector<std::int32_t> tokens = tokens_for(*opened->model, 256);
  std::size_t next = 0;
  Status trouble;
  const auto seconds_of_token = [&](bool capture) {
    return seconds_of([&] {
      Status status = session.read({&tokens[next++ % tokens.size()], 1}, capture);
      if (!status) trouble = std::move(status);
    });
  };
  if (setting.capture) LAB_TRY(session.fill_history(tokens));
  session.rewind();
  for (int i = 0; i < kWarmUp; ++i) seconds_of_token(setting.capture);

  std::vector<double> rates, shares, shares_with_state, bandwidths, overheads;
  for_rounds(setting.rounds, [&] {
    std::vector<double> off, on, matrices, state;
    for (int i = 0; i < kTokens; ++i) {
      // The roofline of the same moments: plain passes between the tokens.
      if (i % 8 == 4) {
        matrices.push_back(plain.seconds_of_matrices());
        state.push_back(plain.seconds_of_state());
      }
      off.push_back(seconds_of_token(false));
      if (setting.capture) on.push_back(seconds_of_token(true));
    }
    rates.push_back(1 / median(setting.capture ? on : off));
    shares.push_back(median(matrices) / median(off));
    shares_with_state.push_back((median(matrices) + median(state)) / median(off));
    bandwidths.push_back(static_cast<double>(plain.matrix_bytes()) / median(matrices) * 1e-9);
    if (setting.capture) overheads.push_back((median(on) / median(off) - 1) * 100);
  });
  LAB_TRY(std::move(trouble));
  Measurement m = over_rounds(name, "tokens/s", rates);
  if (setting.capture) m.more = {{"overhead_percent", median(overheads)}};
  else
    m.more = {{"share_of_roofline", median(shares)},
              {"share_with_state", median(shares_with_state)},
              {"read_gb_per_s", median(bandwidths)}};
  return m;
}

}  // namespace

void add_decode(const Setting& setting, std::vector<Case>& cases) {
  const std::string name = "decode/" + setting.subject.name() + "/" + setting.suffix();
  cases.push_back({name, [=] { return measure(name, setting); }});
}

}  // namespace lab::bench
