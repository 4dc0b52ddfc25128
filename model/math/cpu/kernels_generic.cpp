#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "model/math/cpu/kernels.h"

namespace lab {
namespace {

#include "model/math/cpu/lanes_generic.h"

#include "model/math/cpu/blocks.inl"

#include "model/math/cpu/products.inl"

#include "model/math/cpu/kernels.inl"

}  // namespace

extern const Kernels kernels_generic;
const Kernels kernels_generic = table("generic");

}  // namespace lab
