#pragma once
// A state taken apart: what each layer holds, as plain values by name, to be kept, looked at, changed and put back.
//
// Everything here is a value. A clone is a copy; no later step, and nothing done to the other one, changes either. What these
// calls take apart is a State (model/state.h), which is itself a value: copying it is the quickest way to keep a moment.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/dtype.h"
#include "model/state.h"

namespace lab {

/// One tensor of a layer in logical order, last axis fastest.
template <class Real>
struct BasicStateTensor {
  std::string name;                 // "ssm_state", as in the layer's schema and in state files
  std::vector<std::int64_t> shape;  // [di, N], [H, P, N], [C, K]; [rows, Hkv, hd] of a tensor that grows
  std::vector<Real> values;
};

/// What one layer holds.
template <class Real>
struct BasicLayerState {
  std::string kind;  // "mamba1", as in the schema; "": not known
  std::vector<BasicStateTensor<Real>> tensors;

  /// The tensor of a name, or null.
  const BasicStateTensor<Real>* find(std::string_view name) const;
};

/// What a whole model holds: its layers by index. Layers that hold nothing are absent.
template <class Real>
struct BasicModelState {
  std::string model_type;     // "mamba2", as in the schema; "": not known
  std::int64_t position = 0;  // tokens consumed
  std::map<int, BasicLayerState<Real>> layers;
};

using StateTensor = BasicStateTensor<float>;
using LayerState = BasicLayerState<float>;
using ModelState = BasicModelState<float>;

/// A deep copy of what a layer holds; nothing where the state was never allocated or the model has no such layer.
template <class Real>
std::optional<BasicLayerState<Real>> get_layer_state(const BasicState<Real>& state, int layer);

/// Copies values into a layer. A state that was never allocated is made from `schema` first (Model::schema), all its other layers
/// neutral; one that was keeps its own schema. Refuses, and then changes nothing: a layer or a kind of layer that the model does
/// not have, a tensor that is missing or unknown, another shape, and more rows of a growing tensor than the state has read tokens.
/// Every problem names layer and tensor, what was expected and what was found; several are reported together.
template <class Real>
Status set_layer_state(BasicState<Real>& state, const std::shared_ptr<const StateSchema>& schema, int layer,
                       const BasicLayerState<Real>& values);

/// Neutral values for one layer, in place: zeros in most families, and an empty attention cache. The position stays, since the
/// other layers have read on. Does nothing where nothing is.
template <class Real>
void zero_layer_state(BasicState<Real>& state, int layer);

/// The same for all layers at once. The position travels with the values.
template <class Real>
BasicModelState<Real> get_model_state(const BasicState<Real>& state);

/// Copies all given layers and the position into a state; layers that are not given stay as they are. Allocates and refuses as
/// `set_layer_state` does, and refuses another model_type. The next call goes on from here: nothing has to be told of it.
template <class Real>
Status set_model_state(BasicState<Real>& state, const std::shared_ptr<const StateSchema>& schema,
                       const BasicModelState<Real>& values);

/// Back to the beginning: neutral values in every layer and position 0, so that reading goes on as in a fresh state. Does
/// nothing where nothing is.
template <class Real>
void zero_model_state(BasicState<Real>& state);

/// The values as `dtype` keeps them, in the memory of `device`. F16 and BF16 round to nearest, ties to even, by way of F32; F16
/// overflows to infinity; wider types than Real change nothing. Refuses types that hold no real numbers, and every device but
/// "cpu", by name.
template <class Real>
Result<BasicModelState<Real>> moved(BasicModelState<Real> state, DType dtype, const std::string& device = "cpu");

/// The same values in the other precision, rounded to nearest on the way to float.
template <class To, class From>
BasicModelState<To> converted(const BasicModelState<From>& state);

}  // namespace lab
