#pragma once
// The printable alphabet of bytes in which byte-level vocabularies are written.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lab {

/// Byte to character: printable Latin-1 bytes stand for themselves, the other 68 for U+0100 onwards.
const std::array<char32_t, 256>& byte_alphabet();
/// The bytes that a token's text stands for, or nothing when it has a character outside the alphabet.
std::optional<std::string> bytes_from_alphabet(std::string_view token);
/// The byte that a token like "<0x0A>" stands for, or -1.
int byte_of_token(std::string_view token);

}  // namespace lab
