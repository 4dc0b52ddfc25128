#pragma once
// The numbers of the zip format that its reader and its writer share. Source: PKWARE's APPNOTE 6.3.9.
#include <cstddef>
#include <cstdint>
#include <span>

namespace lab::zip {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr std::uint16_t kZip64Version = 45, kZip64Field = 1;
constexpr std::uint16_t kEncrypted = 1 << 0, kSizesFollow = 1 << 3, kUtf8Names = 1 << 11;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint16_t kIn64 = 0xFFFF;  // "see the 64-bit field"
constexpr std::uint32_t kIn64Long = 0xFFFFFFFF;
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;

/// CRC-32 of `bytes`, continued from `crc`.
std::uint32_t crc_of(std::span<const std::byte> bytes, std::uint32_t crc = 0);

}  // namespace lab::zip
