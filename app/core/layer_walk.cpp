#include "app/core/layer_walk.h"

#include <algorithm>
#include <vector>

#include "app/core/interventions.h"
#include "model/base/check.h"

namespace lab {

LayerWalk::LayerWalk(const Model& model, int layer, Context<float>& context)
    : model_(model), layer_(layer), context_(context), state_(model.schema()) {}

Status LayerWalk::walk(const Snapshot& snapshot, std::int64_t first, std::int64_t last,
                       const std::function<bool(std::int64_t token)>& visit) {
  if (first >= last) return {};
  const TraceView& trace = *snapshot.trace;
  const bool edited = std::any_of(snapshot.edits->begin(), snapshot.edits->end(), [&](const EditEvent& edit) {
    return edit.position >= first && edit.position < last;
  });
  const TokenSpans unrecorded = unrecorded_tokens(*snapshot.edits, model_.info().layers, layer_);
  const bool ruled = std::ranges::any_of(unrecorded, [&](const auto& span) { return span.first < last && span.second > first; });
  const bool goes_on = revision_ == trace.revision() && next_ == first && !edited && !ruled;
  next_ = -1;
  const auto visited = [&](std::int64_t token) {
    next_ = token + 1;
    return visit(token);
  };
  revision_ = trace.revision();
  if (!goes_on) {
    const Replayer replayer = [this](int layer, std::span<const Rows<const float>> drivers, State& state) {
      model_.replay(layer, drivers, state, context_);
    };
    return trace.walk(first, last, layer_, state_, replayer, visited);
  }
  for (std::int64_t token = first; token < last; ++token) {
    LAB_TRY(replay_token(model_, trace, layer_, token, state_, context_));
    if (!visited(token)) break;
  }
  return {};
}

Status replay_token(const Model& model, const TraceView& trace, int layer, std::int64_t token, State& state, Context<float>& context) {
  const std::vector<Driver>& drivers = trace.layers()[static_cast<std::size_t>(layer)].drivers;
  std::vector<std::vector<float>> values(drivers.size());
  std::vector<Rows<const float>> rows(drivers.size());
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    if (!drivers[i].replay) continue;
    auto value = trace.driver(layer, static_cast<int>(i), token);
    if (!value)
      return Error{.code = Code::out_of_range,
                   .field = "position",
                   .expected = std::to_string(trace.use().replayable_from) + " or later",
                   .found = std::to_string(token),
                   .message = "the history does not reach there"};
    values[i] = std::move(*value);
    rows[i] = {values[i].data(), 1, drivers[i].width};
  }
  model.replay(layer, rows, state, context);
  return {};
}

int find_driver(const LayerInfo& layer, Point point) {
  const auto found = std::find_if(layer.drivers.begin(), layer.drivers.end(), [&](const Driver& driver) { return driver.point == point; });
  return found == layer.drivers.end() ? -1 : static_cast<int>(found - layer.drivers.begin());
}

}  // namespace lab
