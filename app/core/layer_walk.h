#pragma once
// States of one layer, token after token, from a trace. Goes on where it stopped when only tokens were added.
#include <cstdint>
#include <functional>

#include "app/core/snapshot.h"
#include "model/model.h"

namespace lab {

class LayerWalk {
 public:
  LayerWalk(const Model& model, int layer, Context<float>& context);

  /// Calls visit(token) for the tokens [first, last), with `state` as the token left the layer. False stops.
  Status walk(const Snapshot& snapshot, std::int64_t first, std::int64_t last,
              const std::function<bool(std::int64_t token)>& visit);
  const State& state() const { return state_; }

 private:

  const Model& model_;
  const int layer_;
  Context<float>& context_;
  State state_;
  std::int64_t next_ = -1;  // the token that state_ finds, under that revision
  std::uint64_t revision_ = 0;
};

/// The place of a driver in LayerInfo::drivers, or -1.
int find_driver(const LayerInfo& layer, Point point);

/// Moves one layer of a state on by a token of the trace; refused with Code::out_of_range where its drivers were dropped.
Status replay_token(const Model& model, const TraceView& trace, int layer, std::int64_t token, State& state, Context<float>& context);

}  // namespace lab
