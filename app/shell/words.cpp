#include "app/shell/words.h"

#include <fmt/format.h>

namespace lab {

std::string memory_text(std::int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return fmt::format("{:.3g} {}", value, kUnits[unit]);
}

std::string family_title(const std::string& family) {
  if (family == "mamba1") return "Mamba-1";
  if (family == "mamba2") return "Mamba-2";
  return family;
}

}  // namespace lab
