#include "model/math/device.h"

namespace lab {

bool built_with_cuda() { return false; }
std::vector<Device> devices() { return {}; }

}  // namespace lab
