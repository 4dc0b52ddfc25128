#pragma once
// Content hashes: 64-bit XXH3, printed as 16 hexadecimal digits. For identity, not for security.
#include <cstddef>
#include <cstdint>
#include <string>

namespace lab {

/// Hash of `size` bytes, continued from `seed`.
std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed = 0);

/// 16 lower-case hexadecimal digits.
std::string hex_of(std::uint64_t hash);

}  // namespace lab
