#include "bench/measure.h"

#include <malloc.h>

#include <algorithm>
#include <fstream>

#include "model/base/check.h"

namespace lab::bench {

double median(std::vector<double> values) {
  LAB_CHECK(values.empty(), ==, false);
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double percentile(std::vector<double> values, double share) {
  LAB_CHECK(values.empty(), ==, false);
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

Measurement over_rounds(std::string name, std::string unit, const std::vector<double>& values) {
  Measurement m{.name = std::move(name), .value = median(values), .unit = std::move(unit)};
  m.median_of = static_cast<int>(values.size());
  m.low = *std::min_element(values.begin(), values.end());
  m.high = *std::max_element(values.begin(), values.end());
  return m;
}

std::int64_t memory_of_process(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field + ":")) return std::stoll(line.substr(field.size() + 1)) * 1024;
  return 0;
}

void reset_memory_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace lab::bench
