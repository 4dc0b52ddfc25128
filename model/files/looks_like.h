#pragma once
// What a file that is not of the expected kind looks like, for messages.
#include <cstddef>
#include <span>

namespace lab {

/// The kind of file that begins with these bytes, as "a web page"; null when they tell nothing.
const char* looks_like(std::span<const std::byte> image);

}  // namespace lab
