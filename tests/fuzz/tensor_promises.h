#pragma once
// What every table of tensors promises, and every refusal of one.
#include <cstddef>
#include <cstdint>
#include <span>

#include "model/base/check.h"
#include "model/base/hash.h"
#include "model/files/tensor_table.h"

namespace lab::test {

inline std::span<const std::byte> image_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

/// The bytes are there, as many as shape and type say.
inline void keep_promises(const TensorView& tensor) {
  LAB_CHECK(bytes_of(tensor.dtype, tensor.elements()), ==, tensor.bytes);
  hash_bytes(tensor.data, tensor.bytes);
}

inline void keep_promises(const TensorTable& table) {
  for (const TensorView& tensor : table.all()) {
    keep_promises(tensor);
    LAB_CHECK(table.find(tensor.name), ==, &tensor);
  }
  for (const Error& problem : table.damage()) LAB_CHECK(problem.text().empty(), ==, false);
}

inline void keep_promises(const Result<TensorTable>& table) {
  if (table)
    keep_promises(*table);
  else
    LAB_CHECK(table.error().text().empty(), ==, false);
}

}  // namespace lab::test
