#pragma once
// A run as the lab does it: a model, a state that goes on, and the trace that records it.
#include <algorithm>
#include <span>
#include <vector>

#include "bench/shapes.h"
#include "model/math/context.h"
#include "tracer/trace/trace.h"

namespace lab::bench {

/// A budget of history that is soon used up.
constexpr std::int64_t kSmallBudget = 128 << 20;

class Session {
 public:
  Session(const Model& model, int threads, std::int64_t budget_bytes)
      : model_(model), context_({.threads = threads}), state_(model.schema()),
        trace_(model.schema(), model.info().layers, {.budget_bytes = budget_bytes}, state_),
        logits_(static_cast<std::size_t>(model.info().vocabulary)) {}

  /// Back to the state before the first token. The trace goes on.
  void rewind() {
    state_.zero();
    state_.position = 0;
  }

  /// Reads tokens until the trace has used up its budget once: from then on new history takes the memory of the oldest,
  /// as in any long run.
  Status fill_history(std::span<const std::int32_t> tokens) {
    while (trace_.view()->use().replayable_from == 0) LAB_TRY(read(tokens, true));
    return {};
  }

  /// Reads tokens in one call, or captured in as many as the trace asks for. Logits of the last one.
  Status read(std::span<const std::int32_t> tokens, bool capture) {
    if (!capture) {
      advance(tokens, nullptr);
      return {};
    }
    while (!tokens.empty()) {
      const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(trace_.tokens_until_keyframe()));
      advance(tokens.first(n), &trace_.probe());
      LAB_TRY(trace_.commit(static_cast<std::int64_t>(n), state_));
      tokens = tokens.subspan(n);
    }
    return {};
  }

  const State& state() const { return state_; }
  const std::vector<float>& logits() const { return logits_; }
  const Trace& trace() const { return trace_; }
  Context<float>& context() { return context_; }

 private:
  void advance(std::span<const std::int32_t> tokens, Probe* probe) {
    Lane<float> lane{.tokens = tokens, .state = &state_, .probe = probe, .logits = {logits_.data(), 1, model_.info().vocabulary}};
    model_.advance({&lane, 1}, context_);
  }

  const Model& model_;
  Context<float> context_;
  State state_;
  Trace trace_;
  std::vector<float> logits_;
};

}  // namespace lab::bench
