#pragma once
// statelab compare with more than two: each beside the first.
#include <optional>
#include <string>
#include <vector>

#include "app/cli/compare_sides.h"

namespace lab::cli {

constexpr std::size_t kMostCompared = 1 + kMostMultiples;

struct ManyOptions {
  std::vector<std::string> paths;  // A first
  InputOptions input;              // of models; without one they read the tokens of A
  CompareOptions compare;
  std::vector<std::string> figures;
  std::string size;
  std::optional<std::int64_t> layer;
  std::int64_t state = 0;
  bool data = false;
  DifferenceOrder order = DifferenceOrder::time;
  Arithmetic arithmetic;
  History history;
  Reporting reporting;
};
/// Says of each where it first differs from A, and draws small multiples. The exit code is that of `statelab compare`.
Result<int> compare_many(const ManyOptions& options);

}  // namespace lab::cli
