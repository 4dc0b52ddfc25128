#pragma once
// What a recorder needs to know of a layer: which values drive its recurrence.
#include <cstdint>
#include <string>
#include <vector>

#include "model/stage.h"

namespace lab {

/// What the recorder keeps of a layer at every token. `replay` marks those that Model::replay needs.
struct Driver {
  Point point = Point::x;
  std::int64_t width = 0;
  bool replay = false;
};

struct LayerInfo {
  std::string kind;                  // "mamba1", "mamba2"
  std::vector<Driver> drivers;       // those with `replay` first; resid_out is always among the others
  std::int64_t keyframe_every = 64;  // tokens between keyframes: clamp(2.5 state / driver bytes, 64, 128)
};

}  // namespace lab
