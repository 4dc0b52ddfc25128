#pragma once
// States as files: safetensors with `layers.{i}.conv_state` and `layers.{i}.ssm_state`, format `statelab-state/1`.
#include <memory>
#include <string>
#include <vector>

#include "model/state.h"

namespace lab {

/// Writes a state atomically, with model type, model hash, position, dtype, layout and a checksum in its metadata.
template <class Real>
Status save_state(const std::string& path, const BasicState<Real>& state, const std::string& model_hash);

/// A state read from a file, and what was noticed on the way (absent hash or checksum, another dtype).
template <class Real>
struct LoadedState {
  BasicState<Real> state;
  std::vector<std::string> warnings;
};
/// Reads a state for a schema. Refuses, naming tensor, expected and found: another model type or hash, missing tensors,
/// other shapes, a wrong checksum, several lanes. `model_hash` "" skips that comparison.
template <class Real>
Result<LoadedState<Real>> load_state(const std::string& path, const std::shared_ptr<const StateSchema>& schema,
                                     const std::string& model_hash);

/// Validates a state file without a model: container, names, metadata, checksum.
Status check_state_file(const std::string& path);

}  // namespace lab
