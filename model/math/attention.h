#pragma once
// Attention of one token over cached rows, as one set of arguments.
#include <cstdint>
#include <span>

#include "model/row_tiles.h"

namespace lab {

/// What is worth knowing of one head's attention at one token.
template <class Real>
struct HeadAttention {
  Real low = 0, high = 0;  // smallest and largest score
  Real entropy = 0;        // of the weights, in nats
};

/// score[s] = scale q.k[s];  p = softmax(score);  context = sum_s p[s] v[s], over the first `rows` cached rows.
/// Query head j reads key and value head floor(j / heads_per_group).
template <class Real>
struct Attention {
  std::int64_t heads = 0, heads_per_group = 1, width = 0;  // Hq, Hq / Hkv, hd
  std::int64_t first = 0, rows = 0;                        // cached rows [first, first + rows) are seen
  Real scale = 1;
  const RowTiles<Real>* k = nullptr;                       // rows [Hkv, hd]
  const RowTiles<Real>* v = nullptr;

  std::int64_t groups() const { return heads / heads_per_group; }
};

}  // namespace lab
