#pragma once
// What stored weights are worth, number by number: the plain reading of every type, which the kernels are compared with.
#include <span>

#include "model/math/matrix.h"

namespace lab {

/// The values stored at `data` as float32: 16-bit numbers widened, F64 rounded, quants times scale plus minimum with every
/// operation rounded. out.size() is a multiple of the block length; the type is_weight().
void dequantise(DType type, const std::byte* data, std::span<float> out);

/// One row of W; out [cols].
inline void dequantise_row(const Matrix& w, std::int64_t row, std::span<float> out) { dequantise(w.type, w.row(row), out); }

/// How one weight is stored: value = scale quant + minimum. A plain number has no quant and its value alone.
struct BlockValue {
  float scale = 1, minimum = 0;  // of the values that share them: 16 in Q6_K, else 32; minimum 0 where the type has none
  int quant = 0;                 // as multiplied: offsets such as the 8 of Q4_0 are taken off
  float value = 0;
};
/// W[row, column], its parts and its value.
BlockValue block_value(const Matrix& w, std::int64_t row, std::int64_t column);

}  // namespace lab
