#include "app/core/snapshot.h"

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

std::string ModelFacts::piece(std::int32_t id) const {
  const bool known =
      id >= 0 && static_cast<std::size_t>(id) < pieces.size() && !pieces[static_cast<std::size_t>(id)].empty();
  return known ? pieces[static_cast<std::size_t>(id)] : "<" + std::to_string(id) + ">";
}

}  // namespace lab
