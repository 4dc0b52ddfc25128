#pragma once
// A stored weight matrix: bytes of the file, multiplied as they are.
#include <cstddef>
#include <cstdint>

#include "model/base/dtype.h"

namespace lab {

/// W [rows, cols], row-major and packed, of a type that is_weight(); `data` may be aligned to 2 bytes only. Of a block type,
/// a row is a whole number of blocks.
struct Matrix {
  const std::byte* data = nullptr;
  DType type = DType::f32;
  std::int64_t rows = 0, cols = 0;

  std::size_t row_bytes() const { return bytes_of(type, cols); }
  std::size_t bytes() const { return static_cast<std::size_t>(rows) * row_bytes(); }
  const std::byte* row(std::int64_t i) const { return data + static_cast<std::size_t>(i) * row_bytes(); }
};

}  // namespace lab
