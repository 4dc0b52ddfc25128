#include "app/core/snapshot.h"

#include <algorithm>

namespace lab {

const char* name_of(EngineState state) {
  switch (state) {
    case EngineState::empty: return "empty";
    case EngineState::loading: return "loading";
    case EngineState::paused: return "paused";
    case EngineState::running: return "running";
    case EngineState::faulted: return "faulted";
  }
  return "?";
}

command::SetTrials trials_at(const std::vector<EditEvent>& edits, std::int64_t token) {
  command::SetTrials trials;
  for (const EditEvent& edit : edits)
    if (edit.trials && edit.position <= token) trials = *edit.trials;
  return trials;
}

std::vector<LayerKind> layer_kinds(const std::vector<LayerInfo>& layers) {
  std::vector<LayerKind> kinds;
  for (const LayerInfo& layer : layers) {
    auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const LayerKind& known) { return known.name == layer.kind; });
    if (kind == kinds.end()) kind = kinds.insert(kinds.end(), {layer.kind, layer.title, layer.has_cache()});
    ++kind->count;
  }
  return kinds;
}

bool is_attention(const LayerInfo& layer) {
  return std::ranges::any_of(layer.points, [](const PointShape& each) { return each.point == Point::probs; });
}

std::string ModelFacts::piece(std::int32_t id) const {
  const bool known =
      id >= 0 && static_cast<std::size_t>(id) < pieces.size() && !pieces[static_cast<std::size_t>(id)].empty();
  return known ? pieces[static_cast<std::size_t>(id)] : "<" + std::to_string(id) + ">";
}

}  // namespace lab
