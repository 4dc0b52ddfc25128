#pragma once
// A run as the lab does it: a model, a state that goes on, and the trace that records it.
#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "bench/shapes.h"
#include "model/math/context.h"
#include "tracer/trace/trace.h"

namespace lab::bench {

class Session {
 public:
  Session(const Model& model, int threads, std::int64_t budget_bytes = std::int64_t{1} << 30)
      : model_(model), context_({.threads = threads}), budget_(budget_bytes), state_(model.schema()),
        logits_(static_cast<std::size_t>(model.info().vocabulary)) {
    clear();
  }

  /// Back to the first token, with nothing recorded.
  void clear() {
    state_.zero();
    state_.position = 0;
    trace_.emplace(model_.schema(), model_.info().layers, TraceOptions{.budget_bytes = budget_}, state_);
  }

  /// Reads tokens in one call, or captured in as many as the trace asks for. Logits of the last one.
  Status read(std::span<const std::int32_t> tokens, bool capture) {
    if (!capture) {
      advance(tokens, nullptr);
      return {};
    }
    while (!tokens.empty()) {
      const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(trace_->tokens_until_keyframe()));
      advance(tokens.first(n), &trace_->probe());
      LAB_TRY(trace_->commit(static_cast<std::int64_t>(n), state_));
      tokens = tokens.subspan(n);
    }
    return {};
  }

  const State& state() const { return state_; }
  const std::vector<float>& logits() const { return logits_; }
  const Trace& trace() const { return *trace_; }
  Context<float>& context() { return context_; }

 private:
  void advance(std::span<const std::int32_t> tokens, Probe* probe) {
    Lane<float> lane{.tokens = tokens, .state = &state_, .probe = probe, .logits = {logits_.data(), 1, model_.info().vocabulary}};
    model_.advance({&lane, 1}, context_);
  }

  const Model& model_;
  Context<float> context_;
  std::int64_t budget_;
  State state_;
  std::optional<Trace> trace_;
  std::vector<float> logits_;
};

}  // namespace lab::bench
