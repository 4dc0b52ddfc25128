#pragma once
// What this machine does in a second: the cases of `statelab bench`. Names are stable.
#include <functional>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab::bench {

struct Measurement {
  std::string name;   // "decode/mamba-130m/f32/threads=1/capture=on"
  double value = 0;
  std::string unit;   // "tokens/s"
  int median_of = 0;  // rounds
  double low = 0, high = 0;
  std::vector<std::pair<std::string, double>> more;  // "share_of_roofline", ...
};

struct Case {
  std::string name;
  std::function<Result<Measurement>()> run;
};

struct BenchOptions {
  std::string model;   // path or builtin:NAME for SHAPE "model"; "" for the built-in shapes only
  int rounds = 5;
};

/// All cases, in the order they run. Nothing is measured or allocated yet.
std::vector<Case> cases(const BenchOptions& options);

}  // namespace lab::bench
