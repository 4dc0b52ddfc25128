#pragma once
// Reads the directory of a zip archive, 64-bit sizes included. Source: PKWARE's APPNOTE 6.3.9.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/base/result.h"

namespace lab {

/// One member as both of its headers describe it.
struct ZipMember {
  std::string name;
  std::span<const std::byte> bytes;  // as they lie in the archive
  std::uint64_t size = 0;            // of the content
  std::uint32_t crc = 0;             // of the content
  std::uint16_t method = 0;

  bool is_stored() const { return method == 0; }
};

/// The members of an archive in the order of its directory; their bytes lie within `image` and do not overlap. Refuses
/// names that lead out of a folder, names that occur twice, encryption, and headers that disagree with the directory.
/// Contents are neither read nor checked.
Result<std::vector<ZipMember>> read_zip(std::span<const std::byte> image, const std::string& file);

/// Checks a member's content against its checksum, inflating it when it is compressed. What is inflated is charged to
/// `budget` before, and owned by `owner`; stored content stays where it is.
Result<std::span<const std::byte>> content_of(const ZipMember& member, const std::string& file, std::uint64_t& budget,
                                              std::shared_ptr<const void>& owner);

}  // namespace lab
