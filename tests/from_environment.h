#pragma once
// How long a test goes on that can go on for as long as one likes.
#include <cstdint>
#include <cstdlib>

namespace lab::test {

/// The number of an environment variable, or another one where it is not set.
inline std::int64_t from_environment(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoll(text, nullptr, 10) : otherwise;
}

}  // namespace lab::test
