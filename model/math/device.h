#pragma once
// The devices this build can compute on beside the processor. Without a CUDA toolkit at build time none.cpp answers.
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab {

struct Device {
  std::string name;
  std::size_t memory_bytes = 0;
};

/// Whether this program was built with device code.
bool built_with_cuda();
/// The devices that answer now; empty without a driver.
std::vector<Device> devices();

}  // namespace lab
