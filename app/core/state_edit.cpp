#include "app/core/state_edit.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/core/keyed_noise.h"
#include "model/state_slice.h"

namespace lab {
namespace {

Error refusal(Code code, const char* field, std::string expected, const std::string& found, const char* message) {
  return {.code = code, .field = std::string("edit.") + field, .expected = std::move(expected), .found = printable(found), .message = message};
}

Error outside(const char* field, std::string expected, std::int64_t found, const char* message) {
  return refusal(Code::out_of_range, field, std::move(expected), std::to_string(found), message);
}

bool is_meant(const StateEdit& edit, const TensorSchema& tensor) {
  if (edit.tensor.empty() && forgets(edit) && tensor.point == Point::att_state) return true;  // numerator and denominator of one sum
  if (edit.tensor.empty()) return tensor.role == Role::ssm || tensor.role == Role::kv;
  return edit.tensor == "*" || edit.tensor == tensor.name;
}

Result<StateSlice> slice_of(const StateEdit& edit, const std::vector<std::int64_t>& shape) {
  auto slice = StateSlice::parse(edit.at, shape);
  if (!slice) slice.error().field = "edit.at";
  return slice;
}

/// The tensor of the same name in another layer, or -1.
int counterpart(const StateSchema& schema, int layer, int tensor, int other_layer) {
  const auto& layers = schema.layers();
  return layers[static_cast<std::size_t>(other_layer)].find(layers[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)].name);
}

/// What becomes of one element.
float changed(const StateEdit& edit, float old, float past, float neutral, double random) {
  const auto value = static_cast<float>(edit.value);
  if (edit.operation == "zero") return neutral;
  if (edit.operation == "set") return value;
  if (edit.operation == "scale") return old * value;
  if (edit.operation == "noise") return static_cast<float>(static_cast<double>(old) + edit.value * random);
  if (edit.operation == "clamp") return std::isnan(old) ? old : std::clamp(old, -value, value);
  if (edit.operation == "mix") return static_cast<float>((1 - edit.value) * static_cast<double>(old) + edit.value * static_cast<double>(past));
  if (edit.operation == "forget") return past == 0 ? old : old - past;
  return past;
}

Status check_value(const StateEdit& edit, const EditOperation& operation) {
  if (*operation.value == '\0') return {};
  const bool may_be_negative = edit.operation == "set" || edit.operation == "scale" || edit.operation == "mix";
  if (std::isfinite(static_cast<float>(edit.value)) && (may_be_negative || edit.value >= 0)) return {};
  return refusal(Code::out_of_range, "value", may_be_negative ? "a finite number" : "a finite number, 0 or more", fmt::format("{}", edit.value),
                 "the state would be lost");
}

/// Where elements are taken from: "position 40", "layer 2 at position 40 of run 1", "layer 2 of kept.safetensors".
std::string source_of(const StateEdit& edit) {
  const bool is_file = !edit.from_file.empty();
  const std::string layer = edit.from_layer < 0 ? "" : fmt::format("layer {} {} ", edit.from_layer, is_file ? "of" : "at");
  if (is_file) return layer + printable(std::filesystem::path(edit.from_file).filename().string());
  return fmt::format("{}position {}{}", layer, edit.position, edit.from_run < 0 ? "" : fmt::format(" of run {}", edit.from_run));
}

}  // namespace

const EditOperation* find_operation(const std::string& name) {
  const auto found = std::ranges::find(kOperations, name, &EditOperation::name);
  return found == std::end(kOperations) ? nullptr : &*found;
}

bool takes_elements(const StateEdit& edit) {
  const EditOperation* operation = find_operation(edit.operation);
  return operation && operation->takes;
}

bool takes_from_elsewhere(const StateEdit& edit) { return takes_elements(edit) && (edit.from_run >= 0 || !edit.from_file.empty()); }

bool forgets(const StateEdit& edit) { return edit.operation == "forget"; }

std::vector<std::pair<int, int>> tensors_of(const StateEdit& edit, const StateSchema& schema) {
  std::vector<std::pair<int, int>> meant;
  for (std::size_t layer = 0; layer < schema.layers().size(); ++layer) {
    if (edit.layer >= 0 && edit.layer != static_cast<std::int64_t>(layer)) continue;
    const auto& tensors = schema.layers()[layer].tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (is_meant(edit, tensors[i])) meant.emplace_back(static_cast<int>(layer), static_cast<int>(i));
  }
  return meant;
}

Status check(const StateEdit& edit, const State& state, std::int64_t count) {
  return check(edit, state.schema(), [&state](int layer, int tensor) { return state.shape(layer, tensor); }, count);
}

Status check(const StateEdit& edit, const StateSchema& schema, const ShapeOf& shape_of, std::int64_t count) {
  const EditOperation* operation = find_operation(edit.operation);
  if (!operation) {
    std::vector<const char*> names;
    for (const EditOperation& each : kOperations) names.push_back(each.name);
    return refusal(Code::bad_argument, "operation", fmt::format("{}", fmt::join(names, ", ")), edit.operation, "there is no such operation");
  }
  const auto layers = static_cast<std::int64_t>(schema.layers().size());
  if (edit.layer < -1 || edit.layer >= layers) return outside("layer", fmt::format("-1 to {}", layers - 1), edit.layer, "the model has no such layer");
  LAB_TRY(check_value(edit, *operation));
  if (operation->takes && edit.from_run >= 0 && !edit.from_file.empty())
    return refusal(Code::bad_argument, "from_file", "a run or a file", edit.from_file, "elements are taken from one state");
  if (operation->takes && edit.from_file.empty() && (edit.position < 0 || edit.position > count))
    return outside("position", fmt::format("0 to {}", count), edit.position, "the run was never there");
  if (forgets(edit) && (edit.position < 0 || edit.position >= count))
    return outside("position", count > 0 ? fmt::format("a token, 0 to {}", count - 1) : "a token, once one has been read", edit.position, "the run has no such token");
  if (operation->takes && (edit.from_layer < -1 || edit.from_layer >= layers))
    return outside("from_layer", fmt::format("-1 to {}", layers - 1), edit.from_layer, "the model has no such layer");
  const auto meant = tensors_of(edit, schema);
  for (const auto& [layer, tensor] : meant) {
    LAB_TRY(slice_of(edit, shape_of(layer, tensor)));
    if (!operation->takes || edit.from_layer < 0) continue;
    const int other = counterpart(schema, layer, tensor, static_cast<int>(edit.from_layer));
    const auto& shape = schema.layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)].shape;
    const auto& others = schema.layers()[static_cast<std::size_t>(edit.from_layer)].tensors;
    if (other >= 0 && others[static_cast<std::size_t>(other)].shape == shape) continue;
    return refusal(Code::mismatch, "from_layer", fmt::format("a layer with {} of shape [{}]", schema.layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)].name, fmt::join(shape, ", ")),
                   fmt::format("layer {}", edit.from_layer), "the layers do not fit each other");
  }
  if (!meant.empty()) return {};
  std::vector<std::string> names;
  for (std::size_t layer = 0; layer < schema.layers().size(); ++layer)
    if (edit.layer < 0 || edit.layer == static_cast<std::int64_t>(layer))
      for (const TensorSchema& tensor : schema.layers()[layer].tensors)
        if (std::ranges::find(names, tensor.name) == names.end()) names.push_back(tensor.name);
  return refusal(Code::not_found, "tensor", fmt::format("{}", fmt::join(names, ", ")), edit.tensor, "the state has no such tensor there");
}

Status apply(const StateEdit& edit, const State& from, State& state) {
  const StateSchema& schema = state.schema();
  for (const auto& meant : tensors_of(edit, schema)) {
    const int layer = meant.first, tensor = meant.second;
    LAB_ASSIGN(const StateSlice slice, slice_of(edit, state.shape(layer, tensor)));
    const float neutral = schema.layers()[static_cast<std::size_t>(layer)].tensors[static_cast<std::size_t>(tensor)].neutral;
    std::vector<float> values = state.get(layer, tensor), past;
    if (takes_elements(edit) || forgets(edit)) {
      const int from_layer = edit.from_layer < 0 || forgets(edit) ? layer : static_cast<int>(edit.from_layer);
      past = from.get(from_layer, counterpart(schema, layer, tensor, from_layer));
    }
    std::int64_t beyond = -1;
    slice.for_each([&](std::int64_t flat) {
      const auto i = static_cast<std::size_t>(flat);
      if (takes_elements(edit) && i >= past.size()) return static_cast<void>(beyond = flat);
      if (forgets(edit) && i >= past.size()) return;  // a cache: what a token wrote there is no sum
      const double random = edit.operation == "noise" ? keyed_noise(edit.seed, {layer, tensor, flat}) : 0;
      values[i] = changed(edit, values[i], past.empty() ? 0.0f : past[i], neutral, random);
    });
    if (beyond >= 0)
      return refusal(Code::out_of_range, "at", fmt::format("elements that are in {}", source_of(edit)), edit.at.empty() ? ":" : edit.at, "the cache is shorter there");
    LAB_TRY(state.set(layer, tensor, values));
  }
  return {};
}

std::string words_of(const StateEdit& edit) {
  const std::string tensor = edit.tensor.empty() ? "state" : edit.tensor == "*" ? "everything" : edit.tensor;
  const std::string what = (edit.at.empty() ? tensor : fmt::format("{}[{}]", edit.tensor.empty() ? "h" : tensor, edit.at)) +
                           (edit.layer < 0 ? " of all layers" : fmt::format(" of layer {}", edit.layer));
  if (edit.operation == "set") return fmt::format("set {} to {}", what, edit.value);
  if (edit.operation == "scale") return fmt::format("scale {} by {}", what, edit.value);
  if (edit.operation == "noise") return fmt::format("add noise of {} to {}", edit.value, what);
  if (edit.operation == "clamp") return fmt::format("clamp {} to ±{}", what, edit.value);
  if (edit.operation == "mix") return fmt::format("mix {} of {} into {}", edit.value, source_of(edit), what);
  if (edit.operation == "transplant") return fmt::format("take {} from {}", what, source_of(edit));
  if (forgets(edit)) return fmt::format("forget token {} in {}", edit.position, what);
  return fmt::format("zero {}", what);
}

std::string brief_words_of(const StateEdit& edit) {
  const std::string where = edit.layer < 0 ? "" : fmt::format(" L{}", edit.layer);
  if (!edit.name.empty()) return edit.name;
  if (edit.operation == "scale") return fmt::format("× {:.4g}{}", edit.value, where);
  if (forgets(edit)) return fmt::format("forget {}{}", edit.position, where);
  return edit.operation + where;
}

EditKeeps keeps_of(const StateEdit& edit) {
  const bool is_same_place = (edit.from_layer < 0 || edit.from_layer == edit.layer) && !takes_from_elsewhere(edit), is_all = edit.at.empty() && (edit.tensor.empty() || edit.tensor == "*");
  if (edit.operation == "zero" || edit.operation == "set") return {.kept = 0};
  if (edit.operation == "scale") return {.kept = static_cast<double>(static_cast<float>(edit.value))};
  if (edit.operation == "mix") return {.kept = 1 - edit.value};
  if (edit.operation == "transplant") return is_same_place && is_all ? EditKeeps{.restored = edit.position} : EditKeeps{.kept = 0};
  return {};  // noise, clamps and what is forgotten change what is there by something
}

// Several that keep different shares of different elements are told by what they add to all that was there.
EditKeeps keeps_of(std::span<const StateEdit> edits) {
  if (edits.empty()) return {};
  const EditKeeps first = keeps_of(edits.front());
  const bool all_zero = std::ranges::all_of(edits, [](const StateEdit& edit) { return keeps_of(edit).kept == 0; });
  return edits.size() == 1 ? first : EditKeeps{.kept = all_zero ? 0.0 : 1.0};
}

}  // namespace lab
