#pragma once
// Models read text while detectors look on, and models that are broken on purpose.
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/math/context.h"
#include "model/model.h"
#include "tests/phenomena/streams.h"
#include "tracer/detect/detector.h"

namespace lab::test {

/// Changes the values of one tensor, in the order of the file.
struct WeightFault {
  std::string tensor;  // "backbone.norm_f.weight"
  std::function<void(std::vector<float>& values)> change;
};

/// A built-in model, with faults planted in its weights (all F32).
std::unique_ptr<const Model> builtin(const std::string& name, const std::vector<WeightFault>& faults = {});

/// Replaces what a stage gives, at every token.
struct StageFault {
  Point point = Point::resid_out;
  int layer = 0;
  std::function<void(std::span<float> values)> change;
};

Context<float>& context();

/// Reads `ids` from `state` on and shows each token to all detectors; what they find, in order.
std::vector<Finding> watch(const Model& model, const Ids& ids, State& state, std::span<Detector* const> detectors,
                           const std::vector<StageFault>& faults = {});
/// From a fresh state.
std::vector<Finding> watch(const Model& model, const Ids& ids, std::vector<Detector*> detectors,
                           const std::vector<StageFault>& faults = {});

/// Logits after every token from a fresh state, [T, V].
std::vector<float> read(const Model& model, const Ids& ids, State& state, const std::vector<StageFault>& faults = {});

/// Bytes [first, first + count) of the text that prose has not seen.
Ids held_out(std::size_t first, std::size_t count);

/// Model::rates of all layers.
std::vector<std::vector<float>> rates_of(const Model& model);

}  // namespace lab::test
