#pragma once
// Zip archives in memory, right or wrong as a test wants them.
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/files/record.h"
#include "model/files/zip_format.h"

namespace lab::test {

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// A member as a test wants it: `size` and `crc` are what its headers say.
struct Member {
  explicit Member(std::string name_, std::string content_, std::uint16_t method_ = 0)
      : name(std::move(name_)), content(std::move(content_)), size(static_cast<std::uint32_t>(content.size())),
        crc(zip::crc_of(bytes_of(content))), method(method_) {}

  std::string name, content;
  std::uint32_t size, crc;
  std::uint16_t method, flags = 0;
  std::string local_name = name;
};

/// A zip archive of 32-bit sizes, as Python's zipfile writes it.
inline std::string zip_image(const std::vector<Member>& members) {
  std::string data;
  Record directory;
  for (const Member& m : members) {
    const auto packed = static_cast<std::uint32_t>(m.content.size()), where = static_cast<std::uint32_t>(data.size());
    const auto common = [&](Record& record) -> Record& {
      return record.put(m.flags).put(m.method).put(std::uint32_t{0}).put(m.crc).put(packed).put(m.size);
    };
    Record local;
    local.put(zip::kLocalHeader).put(std::uint16_t{20});
    common(local).put(static_cast<std::uint16_t>(m.local_name.size())).put(std::uint16_t{0}).put_text(m.local_name);
    data += local.text() + m.content;
    directory.put(zip::kCentralHeader).put(std::uint16_t{20}).put(std::uint16_t{20});
    common(directory).put(static_cast<std::uint16_t>(m.name.size()));
    directory.put_text(std::string(12, '\0')).put(where).put_text(m.name);
  }
  Record end;
  end.put(zip::kEnd).put(std::uint32_t{0});
  for (int i = 0; i < 2; ++i) end.put(static_cast<std::uint16_t>(members.size()));
  end.put(static_cast<std::uint32_t>(directory.text().size())).put(static_cast<std::uint32_t>(data.size())).put(std::uint16_t{0});
  return data + directory.text() + end.text();
}

}  // namespace lab::test
