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

#include "model/math/cpu/lanes_avx512.h"

#include "model/math/cpu/blocks.inl"

#include "model/math/cpu/products.inl"

#include "model/math/cpu/kernels.inl"

}  // namespace

extern const Kernels kernels_avx512;
const Kernels kernels_avx512 = table("avx512");

}  // namespace lab
