// Two long runs of the built-in prose model compared on all layers: states replayed, logits made again.
#include "app/core/comparison.h"
#include "bench/cases.h"
#include "bench/long_run.h"
#include "bench/measure.h"

namespace lab::bench {
namespace {

constexpr std::int64_t kTokens = 10'000;

// A run, and a fork of it before the first token that reads the same tokens backwards: nothing is equal.
Result<std::unique_ptr<Lab>> two_runs() {
  LAB_ASSIGN(auto lab, lab_on({.shape = kProse, .path = "builtin:prose"}));
  std::vector<std::int32_t> tokens = tokens_for(*lab->opened()->model, kTokens);
  LAB_TRY(read(*lab, tokens));
  LAB_TRY(carry_out(*lab, command::Fork{.position = 0}));
  LAB_TRY(read(*lab, {tokens.rbegin(), tokens.rend()}));
  return lab;
}

Status compare(Lab& lab, const CompareOptions& options) {
  const auto snapshot = lab.snapshot();
  LAB_ASSIGN(auto a, run_source(*snapshot, snapshot->runs[0].id, lab.opened(), {}));
  LAB_ASSIGN(auto b, run_source(*snapshot, snapshot->runs[1].id, lab.opened(), {}));
  LAB_ASSIGN(const auto comparison, Comparison::begin(std::move(a), std::move(b), options));
  comparison->finish();
  const auto found = comparison->view();
  if (!found->is_whole || !found->refusal.empty()) return Error{.code = Code::environment, .field = "history", .message = "not everything was compared: " + found->refusal};
  return {};
}

Result<Measurement> measure(const std::string& name, const CompareOptions& options, int rounds) {
  LAB_ASSIGN(const auto lab, two_runs());
  std::vector<double> ms;
  Status status;
  for_rounds(rounds, [&] {
    ms.push_back(1e3 * seconds_of([&] {
      if (Status one = compare(*lab, options); !one) status = std::move(one);
    }));
  });
  LAB_TRY(std::move(status));
  return over_rounds(name, "ms", ms);
}

}  // namespace

void add_compare(int rounds, std::vector<Case>& cases) {
  const std::string name = "compare/prose/" + std::to_string(kTokens);
  cases.push_back({name, [=] { return measure(name, {}, rounds); }});
  cases.push_back({name + "/layers", [=] { return measure(name + "/layers", {.points = "L*"}, rounds); }});
}

}  // namespace lab::bench
