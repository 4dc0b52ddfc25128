#pragma once
// States as files: safetensors with `layers.{i}.conv_state` and `layers.{i}.ssm_state`, format `statelab-state/1`.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/state.h"
#include "model/state_api.h"

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

/// Whether a file says of itself that it is a saved state, of whatever version.
bool is_state_file(const std::string& path);

/// One tensor of a state file, and what its values are like.
struct StateFileTensor {
  int layer = 0;
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  double norm = 0, largest = 0;  // of the finite values: Euclidean norm, largest magnitude
  std::int64_t zeros = 0, nonfinite = 0, subnormal = 0;
};

/// A state file taken apart without a model.
struct StateFileContents {
  BasicModelState<double> state;  // exact: every type that a file may hold fits
  std::string model_hash, layout;  // "" where the file does not say
  std::int64_t bytes = 0;          // of its tensors
  std::vector<StateFileTensor> tensors;  // by layer, within a layer in the order of the file
  std::vector<std::string> warnings;     // what is absent, and values that are not finite or subnormal
};
/// Reads a state file and validates what can be validated without a model: container, names, metadata, checksum, byte order.
Result<StateFileContents> read_state_file(const std::string& path);

}  // namespace lab
