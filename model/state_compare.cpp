#include "model/state_compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "model/files/tensor_table.h"

namespace lab {
namespace {

using Tensor = BasicStateTensor<double>;

Error refusal(Code code, std::string field, std::string expected, const std::string& found, const char* message) {
  return {.code = code, .field = std::move(field), .expected = std::move(expected), .found = printable(found), .message = message};
}

std::string name_of(int layer, const std::string& tensor) { return fmt::format("layers.{}.{}", layer, printable(tensor)); }

// Of one shape, or attention caches of one shape a row.
bool are_comparable(const Tensor& a, const Tensor& b) {
  if (a.shape == b.shape) return true;
  return a.name.starts_with("kv.") && a.shape.size() == b.shape.size() && a.shape.size() > 1 &&
         std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
}

StateTensorDifference difference_of(int layer, const Tensor& a, const Tensor& b) {
  StateTensorDifference d{.layer = layer, .tensor = a.name, .shape = a.shape, .shape_b = b.shape};
  double error = 0, product = 0, size_a = 0, size_b = 0;
  for (std::size_t i = 0; i < std::min(a.values.size(), b.values.size()); ++i) {
    const double x = a.values[i], y = b.values[i];
    d.differing += std::bit_cast<std::uint64_t>(x) != std::bit_cast<std::uint64_t>(y);
    if (!std::isfinite(x) || !std::isfinite(y)) {
      ++d.nonfinite;
      continue;
    }
    error += (x - y) * (x - y);
    product += x * y;
    size_a += x * x;
    size_b += y * y;
    d.max_abs = std::max(d.max_abs, std::fabs(x - y));
  }
  d.equal = d.differing == 0 && a.shape == b.shape;
  d.rel_l2 = error == 0 ? 0 : std::sqrt(error / size_b);
  if (size_a > 0 && size_b > 0) d.cosine = product / (std::sqrt(size_a) * std::sqrt(size_b));
  else d.cosine = size_a == size_b ? 1 : std::numeric_limits<double>::quiet_NaN();
  return d;
}

// What `has` holds and `lacks` does not.
void name_missing(const BasicModelState<double>& has, const BasicModelState<double>& lacks, const char* message, std::vector<Error>& problems) {
  for (const auto& [layer, values] : has.layers) {
    const auto other = lacks.layers.find(layer);
    for (const Tensor& tensor : values.tensors)
      if (other == lacks.layers.end() || !other->second.find(tensor.name))
        problems.push_back(refusal(Code::missing, name_of(layer, tensor.name), "a tensor of shape " + shape_text(tensor.shape), "nothing", message));
  }
}

}  // namespace

Result<StateDifference> compare_states(const BasicModelState<double>& a, const BasicModelState<double>& b) {
  if (!a.model_type.empty() && !b.model_type.empty() && a.model_type != b.model_type)
    return refusal(Code::mismatch, "model_type", a.model_type, b.model_type, "the states belong to different families of models");
  std::vector<Error> problems;
  name_missing(a, b, "the second state lacks a tensor of the first", problems);
  name_missing(b, a, "the first state lacks a tensor of the second", problems);
  StateDifference all{.equal = a.position == b.position, .position_a = a.position, .position_b = b.position, .tensors = {}};
  for (const auto& [layer, values] : a.layers)
    for (const Tensor& tensor : values.tensors) {
      const auto other = b.layers.find(layer);
      const Tensor* counterpart = other == b.layers.end() ? nullptr : other->second.find(tensor.name);
      if (!counterpart) continue;
      if (!are_comparable(tensor, *counterpart)) {
        problems.push_back(refusal(Code::mismatch, name_of(layer, tensor.name), shape_text(tensor.shape), shape_text(counterpart->shape),
                                   "the states have different shapes"));
        continue;
      }
      all.tensors.push_back(difference_of(layer, tensor, *counterpart));
      all.equal = all.equal && all.tensors.back().equal;
    }
  if (!problems.empty()) {
    Error error = all_of(std::move(problems));
    if (!error.others.empty()) error.next = fmt::format("{} more do not fit", error.others.size());
    return error;
  }
  return all;
}

}  // namespace lab
