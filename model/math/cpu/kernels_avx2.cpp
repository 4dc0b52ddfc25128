#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <immintrin.h>
#include "model/math/cpu/kernels.h"

namespace lab {
namespace {

#include "model/math/cpu/lanes_avx2.h"

#include "model/math/cpu/blocks.inl"

#include "model/math/cpu/products.inl"

#include "model/math/cpu/kernels.inl"

}  // namespace

extern const Kernels kernels_avx2;
const Kernels kernels_avx2 = table("avx2");

}  // namespace lab
