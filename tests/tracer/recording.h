#pragma once
// A tiny model that is recorded, beside a second state that takes the same tokens one by one without any probe.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "model/base/check.h"
#include "model/model.h"
#include "model/math/context.h"
#include "tracer/trace/trace.h"

namespace lab::test {

/// Of random weights, or the reference's of other families.
inline std::unique_ptr<const Model> tiny_model(const std::string& family, std::int64_t layers = 2) {
  const bool is_random = family == "mamba1" || family == "mamba2";
  Result<Checkpoint> checkpoint = !is_random ? open_checkpoint(LAB_SOURCE_DIR "/tests/golden/" + family) : random_checkpoint({.family = family, .hidden = 12, .layers = layers, .vocabulary = 31,
                                                     .state_size = 5, .head_dim = 8, .seed = 7});
  LAB_CHECK(static_cast<bool>(checkpoint), ==, true);
  auto model = load_model(*checkpoint);
  LAB_CHECK(static_cast<bool>(model), ==, true);
  return model.take();
}

/// Tokens that look random and are the same every time.
inline std::int32_t token_at(std::int64_t position) {
  return static_cast<std::int32_t>((static_cast<std::uint64_t>(position) * 2654435761u + 12345u) % 1009u % 31u);
}

inline Replayer replayer_of(const Model& model, Context<float>& context) {
  return [&](int layer, std::span<const Rows<const float>> drivers, State& state) { model.replay(layer, drivers, state, context); };
}

/// Advances a state by tokens from `first` on; returns the logits of the last.
inline std::vector<float> advance(const Model& model, std::int64_t first, std::int64_t n, State& state, Probe* probe,
                                  Context<float>& context) {
  std::vector<std::int32_t> tokens;
  for (std::int64_t t = first; t < first + n; ++t) tokens.push_back(token_at(t));
  std::vector<float> logits(static_cast<std::size_t>(model.info().vocabulary));
  Lane<float> lane{.tokens = tokens, .state = &state, .probe = probe, .logits = {logits.data(), 1, model.info().vocabulary}};
  LAB_CHECK(model.advance(std::span(&lane, 1), context), ==, true);
  return logits;
}

class Recording {
 public:
  explicit Recording(const std::string& family, const TraceOptions& options = {}, std::int64_t keyframe_every = 64)
      : model(tiny_model(family)), state(model->schema()), trace(model->schema(), infos(*model, keyframe_every), options, state),
        live{state}, replay(replayer_of(*model, context)) {}

  /// Reads tokens in calls of at most `span`; the state beside goes token by token.
  void read(std::int64_t n, std::int64_t span) {
    State beside = state;
    while (n > 0) {
      const std::int64_t now = std::min({n, span, trace.tokens_until_keyframe()});
      const std::int64_t first = trace.count();
      advance(*model, first, now, state, &trace.probe(), context);
      const Status status = trace.commit(now, state);
      if (!status) troubles.push_back(status.error());
      for (std::int64_t t = first; t < first + now; ++t) {
        advance(*model, t, 1, beside, nullptr, context);
        live.push_back(beside);
        left.resize(static_cast<std::size_t>(t));
        left.push_back(beside.hash());
      }
      n -= now;
    }
    REQUIRE(beside.hash() == state.hash());
  }

  void zero(int layer) {
    state.zero(layer);
    trace.edited(state);
    live.back() = state;
  }

  void truncate(std::int64_t position) {
    State there(model->schema());
    REQUIRE(trace.view()->restore(position, there, replay));
    REQUIRE(there.hash() == live[static_cast<std::size_t>(position)].hash());
    trace.truncate(position, true);
    state = there;
    live.resize(static_cast<std::size_t>(position) + 1);
    left.resize(static_cast<std::size_t>(position));
  }

  /// The positions whose replayed state differs from the live one, or is not there.
  std::vector<std::int64_t> wrong_positions(const TraceView& view, std::int64_t from = 0) {
    std::vector<std::int64_t> wrong;
    State restored(model->schema());
    for (std::int64_t p = from; p <= view.count(); ++p) {
      std::fill(restored.stored_all().begin(), restored.stored_all().end(), 99.0f);
      if (!view.restore(p, restored, replay) || restored.hash() != live[static_cast<std::size_t>(p)].hash()) wrong.push_back(p);
    }
    return wrong;
  }

  static std::vector<LayerInfo> infos(const Model& model, std::int64_t keyframe_every) {
    std::vector<LayerInfo> layers = model.info().layers;
    for (LayerInfo& layer : layers) layer.keyframe_every = keyframe_every;
    return layers;
  }

  Context<float> context;
  std::unique_ptr<const Model> model;
  State state;
  Trace trace;
  std::vector<State> live;          // by position, edits included
  std::vector<std::uint64_t> left;  // hash of the state as each token left it, before edits
  Replayer replay;
  std::vector<Error> troubles;      // what commits refused
};

}  // namespace lab::test
