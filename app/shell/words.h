#pragma once
// Names and amounts as people read them.
#include <cstdint>
#include <string>

namespace lab {

/// "412 MiB", with three digits.
std::string memory_text(std::int64_t bytes);

/// "Mamba-2" of "mamba2"; other families keep their name.
std::string family_title(const std::string& family);

}  // namespace lab
