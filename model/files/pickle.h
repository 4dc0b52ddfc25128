#pragma once
// Python pickles as data: what PyTorch writes about tensors, and nothing that could run. Source: CPython's pickletools.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/dtype.h"
#include "model/base/result.h"

namespace lab {

/// The names a pickle may refer to. They are told apart, never imported.
enum class PickleName : std::uint8_t { ordered_dict, rebuild_tensor, rebuild_parameter, size, storage_type, number_type };

/// One value; `items` are places in `Pickle::values`.
struct PickleValue {
  /// dict: keys and values in turn. storage: its type, its key, a device, its element count. tensor: a storage, an
  /// offset in elements, a tuple of extents, a tuple of strides.
  enum class Kind : std::uint8_t { none, boolean, integer, real, text, tuple, list, dict, set, name, storage, tensor };

  Kind kind = Kind::none;
  PickleName name = PickleName::size;  // of Kind::name
  DType dtype = DType::f32;            // of a storage_type
  std::int64_t integer = 0;
  std::string_view text;  // in the pickle
  std::vector<std::uint32_t> items;
};

const char* name_of(PickleValue::Kind kind);

/// The values of a pickle. Lists and dicts may hold themselves: walk them with a bound.
struct Pickle {
  std::vector<PickleValue> values;
  std::uint32_t root = 0;

  const PickleValue& at(std::uint32_t place) const { return values[place]; }
};

/// Runs the pickle's machine over the opcodes that data need: no other opcode and no other name is accepted, and both are
/// named with their byte offset. The only calls are those of PyTorch's two functions, whose arguments are kept as a tensor.
/// Memory is bounded by the pickle's own size, of which 8 MiB and a million values are the most. `text`s point into `bytes`.
Result<Pickle> read_pickle(std::span<const std::byte> bytes, const std::string& file, const std::string& field);

}  // namespace lab
