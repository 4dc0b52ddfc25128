#pragma once
// The models and sessions that were opened last, kept in a small file.
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab {

constexpr std::size_t kRecentModels = 12;

/// The paths in the file, the latest first; none where there is no file.
Result<std::vector<std::string>> read_recent(const std::string& file);

/// Puts paths in front of those that the file holds, each once, and writes it whole or not at all. A broken file begins anew.
Result<std::vector<std::string>> add_recent(const std::string& file, const std::vector<std::string>& paths);

}  // namespace lab
