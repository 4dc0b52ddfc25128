#pragma once
// Names and amounts as people read them.
#include <cstdint>
#include <string>

namespace lab {

/// "412 MiB", with three digits.
std::string memory_text(std::int64_t bytes);

/// "1.05 M", "67.5 k": an amount of parameters, with three digits.
std::string amount_text(std::int64_t amount);

/// Breaks text at spaces into lines that a tooltip can hold.
std::string wrapped(const std::string& text);

}  // namespace lab
