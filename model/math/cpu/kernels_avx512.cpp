#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <immintrin.h>
#include "model/math/cpu/kernels.h"

namespace lab {
namespace {

#include "model/math/cpu/lanes_avx512.h"

#include "model/math/cpu/kernels.inl"

}  // namespace

extern const Kernels kernels_avx512;
const Kernels kernels_avx512 = table("avx512");

}  // namespace lab
