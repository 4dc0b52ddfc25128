#include <cuda_runtime.h>

#include "model/math/device.h"

namespace lab {

bool built_with_cuda() { return true; }

std::vector<Device> devices() {
  std::vector<Device> found;
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return found;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) == cudaSuccess)
      found.push_back({properties.name, properties.totalGlobalMem});
  }
  return found;
}

}  // namespace lab
