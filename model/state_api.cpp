#include "model/state_api.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "model/files/tensor_table.h"

namespace lab {
namespace {

Error refusal(Code code, std::string field, std::string expected, const std::string& found, const char* message) {
  return {.code = code, .field = std::move(field), .expected = std::move(expected), .found = printable(found), .message = message};
}

std::string name_of(int layer, const std::string& tensor) { return fmt::format("layers.{}.{}", layer, printable(tensor)); }

bool has_layer(const StateSchema& schema, int layer) { return layer >= 0 && layer < static_cast<int>(schema.layers().size()); }

// What the schema wants of a tensor's shape, with the rows that it may have at a position.
std::string expected_shape(const TensorSchema& want, std::int64_t position) {
  return want.grows() ? fmt::format("at most {} rows of {}", position, shape_text(want.shape)) : shape_text(want.shape);
}

bool fits(const std::vector<std::int64_t>& shape, const TensorSchema& want, std::int64_t position) {
  if (!want.grows()) return shape == want.shape;
  return shape.size() == want.shape.size() + 1 && std::equal(want.shape.begin(), want.shape.end(), shape.begin() + 1) && shape[0] >= 0 &&
         shape[0] <= position;
}

template <class Real>
void check_tensor(int layer, const TensorSchema& want, const BasicStateTensor<Real>* tensor, std::int64_t position,
                  std::vector<Error>& problems) {
  const std::string name = name_of(layer, want.name);
  if (!tensor) {
    problems.push_back(refusal(Code::missing, name, "a tensor of " + expected_shape(want, position), "nothing", "the state lacks a tensor"));
  } else if (!fits(tensor->shape, want, position)) {
    problems.push_back(refusal(Code::mismatch, name, expected_shape(want, position), shape_text(tensor->shape), "the state has another shape"));
  } else {
    const auto size = static_cast<std::int64_t>(tensor->values.size()), rows = want.grows() ? tensor->shape[0] : 1;
    if (size % want.elements() != 0 || size / want.elements() != rows)
      problems.push_back(refusal(Code::mismatch, name, "as many values as the shape " + shape_text(tensor->shape), std::to_string(size),
                                 "the values do not fill their shape"));
  }
}

template <class Real>
void check_layer(const StateSchema& schema, int layer, const BasicLayerState<Real>& values, std::int64_t position,
                 std::vector<Error>& problems) {
  if (!has_layer(schema, layer)) {
    problems.push_back(refusal(Code::out_of_range, fmt::format("layers.{}", layer), fmt::format("layers 0 to {}", schema.layers().size() - 1),
                               std::to_string(layer), "the model has no such layer"));
    return;
  }
  const LayerSchema& want = schema.layers()[static_cast<std::size_t>(layer)];
  if (!values.kind.empty() && values.kind != want.kind) {
    problems.push_back(refusal(Code::mismatch, fmt::format("layers.{}", layer), want.kind, values.kind, "the layer is of another kind"));
    return;
  }
  for (const TensorSchema& tensor : want.tensors) check_tensor(layer, tensor, values.find(tensor.name), position, problems);
  for (const BasicStateTensor<Real>& tensor : values.tensors) {
    if (want.find(tensor.name) < 0)
      problems.push_back(refusal(Code::mismatch, name_of(layer, tensor.name), fmt::format("the tensors of a layer of kind {}", want.kind),
                                 shape_text(tensor.shape), "the model has no place for this tensor"));
    else if (&tensor != values.find(tensor.name))
      problems.push_back(refusal(Code::duplicate, name_of(layer, tensor.name), "one tensor of this name", "several", "a tensor is there twice"));
  }
}

// The layers that are not given keep their rows, which must not be more than the tokens that the state has then read.
template <class Real>
void check_kept_rows(const BasicState<Real>& state, const BasicModelState<Real>& values, std::vector<Error>& problems) {
  if (!state) return;
  for (int layer = 0; layer < static_cast<int>(state.schema().layers().size()); ++layer) {
    if (values.layers.contains(layer)) continue;
    for (const TensorSchema& tensor : state.schema().layers()[static_cast<std::size_t>(layer)].tensors)
      if (tensor.grows() && state.caches()[static_cast<std::size_t>(tensor.cache)].count() > values.position)
        problems.push_back(refusal(Code::mismatch, name_of(layer, tensor.name), expected_shape(tensor, values.position),
                                   fmt::format("{} rows", state.caches()[static_cast<std::size_t>(tensor.cache)].count()),
                                   "a layer that is not given holds more than the new position allows"));
  }
}

// Of a layer that fits.
template <class Real>
Status put_layer(BasicState<Real>& state, int layer, const BasicLayerState<Real>& values) {
  const LayerSchema& schema = state.schema().layers()[static_cast<std::size_t>(layer)];
  for (const BasicStateTensor<Real>& tensor : values.tensors) LAB_TRY(state.set(layer, schema.find(tensor.name), tensor.values));
  return {};
}

template <class Real>
const StateSchema& schema_of(const BasicState<Real>& state, const std::shared_ptr<const StateSchema>& schema) {
  return state ? state.schema() : *schema;
}

Error together(std::vector<Error> problems) {
  Error error = all_of(std::move(problems));
  if (!error.others.empty()) error.next = fmt::format("{} more do not fit", error.others.size());
  return error;
}

float rounded(float value, DType dtype) {
  if (dtype == DType::bf16) return float_from_bf16(bf16_from_float(value));
  return dtype == DType::f16 ? float_from_f16(f16_from_float(value)) : value;
}

}  // namespace

template <class Real>
const BasicStateTensor<Real>* BasicLayerState<Real>::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &BasicStateTensor<Real>::name);
  return found == tensors.end() ? nullptr : &*found;
}

template <class Real>
std::optional<BasicLayerState<Real>> get_layer_state(const BasicState<Real>& state, int layer) {
  if (!state || !has_layer(state.schema(), layer)) return {};
  const LayerSchema& schema = state.schema().layers()[static_cast<std::size_t>(layer)];
  BasicLayerState<Real> values{schema.kind, {}};
  for (int i = 0; i < static_cast<int>(schema.tensors.size()); ++i)
    values.tensors.push_back({schema.tensors[static_cast<std::size_t>(i)].name, state.shape(layer, i), state.get(layer, i)});
  return values;
}

template <class Real>
Status set_layer_state(BasicState<Real>& state, const std::shared_ptr<const StateSchema>& schema, int layer,
                       const BasicLayerState<Real>& values) {
  std::vector<Error> problems;
  check_layer(schema_of(state, schema), layer, values, state ? state.position : 0, problems);
  if (!problems.empty()) return together(std::move(problems));
  if (!state) state = BasicState<Real>(schema);
  return put_layer(state, layer, values);
}

template <class Real>
void zero_layer_state(BasicState<Real>& state, int layer) {
  if (state && has_layer(state.schema(), layer)) state.zero(layer);
}

template <class Real>
BasicModelState<Real> get_model_state(const BasicState<Real>& state) {
  BasicModelState<Real> values;
  if (!state) return values;
  values.model_type = state.schema().model_type();
  values.position = state.position;
  for (int layer = 0; layer < static_cast<int>(state.schema().layers().size()); ++layer) values.layers[layer] = *get_layer_state(state, layer);
  return values;
}

template <class Real>
Status set_model_state(BasicState<Real>& state, const std::shared_ptr<const StateSchema>& schema,
                       const BasicModelState<Real>& values) {
  const StateSchema& wanted = schema_of(state, schema);
  std::vector<Error> problems;
  if (!values.model_type.empty() && values.model_type != wanted.model_type())
    return refusal(Code::mismatch, "model_type", wanted.model_type(), values.model_type, "the state belongs to another family of models");
  if (values.position < 0)
    return refusal(Code::out_of_range, "position", "0 or more tokens", std::to_string(values.position), "a state has read no fewer tokens than none");
  for (const auto& [layer, of_layer] : values.layers) check_layer(wanted, layer, of_layer, values.position, problems);
  check_kept_rows(state, values, problems);
  if (!problems.empty()) return together(std::move(problems));
  if (!state) state = BasicState<Real>(schema);
  state.position = values.position;
  for (const auto& [layer, of_layer] : values.layers) LAB_TRY(put_layer(state, layer, of_layer));
  return {};
}

template <class Real>
void zero_model_state(BasicState<Real>& state) {
  if (!state) return;
  state.zero();
  state.position = 0;
}

template <class Real>
Result<BasicModelState<Real>> moved(BasicModelState<Real> state, DType dtype, const std::string& device) {
  if (device != "cpu")
    return refusal(Code::environment, "device", "cpu", device, "states live in the memory of the processor");
  if (dtype != DType::f64 && dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16)
    return refusal(Code::unsupported, "dtype", "F64, F32, F16 or BF16", lab::name_of(dtype), "a state holds real numbers");
  if (dtype == DType::f64) return state;
  for (auto& [layer, of_layer] : state.layers)
    for (BasicStateTensor<Real>& tensor : of_layer.tensors)
      for (Real& value : tensor.values) value = static_cast<Real>(rounded(static_cast<float>(value), dtype));
  return state;
}

template <class To, class From>
BasicModelState<To> converted(const BasicModelState<From>& state) {
  BasicModelState<To> other{state.model_type, state.position, {}};
  for (const auto& [layer, of_layer] : state.layers) {
    BasicLayerState<To>& to = other.layers[layer];
    to.kind = of_layer.kind;
    for (const BasicStateTensor<From>& tensor : of_layer.tensors)
      to.tensors.push_back({tensor.name, tensor.shape, {tensor.values.begin(), tensor.values.end()}});
  }
  return other;
}

template struct BasicLayerState<float>;
template struct BasicLayerState<double>;
template std::optional<BasicLayerState<float>> get_layer_state(const BasicState<float>&, int);
template std::optional<BasicLayerState<double>> get_layer_state(const BasicState<double>&, int);
template Status set_layer_state(BasicState<float>&, const std::shared_ptr<const StateSchema>&, int, const BasicLayerState<float>&);
template Status set_layer_state(BasicState<double>&, const std::shared_ptr<const StateSchema>&, int, const BasicLayerState<double>&);
template void zero_layer_state(BasicState<float>&, int);
template void zero_layer_state(BasicState<double>&, int);
template BasicModelState<float> get_model_state(const BasicState<float>&);
template BasicModelState<double> get_model_state(const BasicState<double>&);
template Status set_model_state(BasicState<float>&, const std::shared_ptr<const StateSchema>&, const BasicModelState<float>&);
template Status set_model_state(BasicState<double>&, const std::shared_ptr<const StateSchema>&, const BasicModelState<double>&);
template void zero_model_state(BasicState<float>&);
template void zero_model_state(BasicState<double>&);
template Result<BasicModelState<float>> moved(BasicModelState<float>, DType, const std::string&);
template Result<BasicModelState<double>> moved(BasicModelState<double>, DType, const std::string&);
template BasicModelState<float> converted(const BasicModelState<double>&);
template BasicModelState<double> converted(const BasicModelState<float>&);

}  // namespace lab
