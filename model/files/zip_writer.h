#pragma once
// Writes a zip of uncompressed members. Source: PKWARE's APPNOTE 6.3.9.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "model/files/output_file.h"
#include "model/files/record.h"

namespace lab {

/// Members in the order of `add`, sizes of 64 bits, no dates: equal content gives equal bytes.
class ZipWriter {
 public:
  explicit ZipWriter(OutputFile file) : file_(std::move(file)) {}

  /// One member whose content is `head` followed by `body`. Its name has at most 65535 bytes.
  Status add(const std::string& name, const std::string& head, std::span<const std::byte> body);
  /// Writes the directory and commits the file.
  Status finish();

 private:
  static void put_common(Record& record, std::uint32_t crc, const std::string& name);
  Status append(std::span<const std::byte> bytes);

  OutputFile file_;
  Record central_;
  std::uint64_t at_ = 0, members_ = 0;
};

}  // namespace lab
