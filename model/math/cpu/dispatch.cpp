#include "model/math/cpu/kernels.h"

#ifdef LAB_X86
#include <cpuid.h>
#endif

namespace lab {

extern const Kernels kernels_generic;
#ifdef LAB_X86
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

#ifdef LAB_X86
namespace {

// Asked of the processor itself: clang's __builtin_cpu_supports does not know the name.
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

}  // namespace
#endif

const Kernels* find_kernels(std::string_view name) {
#ifdef LAB_X86
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (name == "avx512") return avx512 ? &kernels_avx512 : nullptr;
  if (name == "avx2") return avx2 ? &kernels_avx2 : nullptr;
#endif
  return name == "generic" ? &kernels_generic : nullptr;
}

const Kernels& best_kernels() {
  static const Kernels* const best = [] {
    for (const char* name : {"avx512", "avx2"})
      if (const Kernels* kernels = find_kernels(name)) return kernels;
    return &kernels_generic;
  }();
  return *best;
}

}  // namespace lab
