#pragma once
// What the tests of file readers share: images of files in memory, and files that are gone when the test ends.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "model/files/safetensors.h"
#include "tests/temporary_folder.h"

namespace lab::test {

/// A safetensors image: the length of the header, the header, the data.
inline std::string image(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data_bytes, '\1');
}
inline std::string image_with_length(std::uint64_t length, const std::string& rest) {
  return std::string(reinterpret_cast<const char*>(&length), 8) + rest;
}

inline Result<TensorTable> parse_image(std::string_view bytes) {
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  return parse_safetensors({data, bytes.size()}, bytes.size(), data, "test.safetensors");
}

inline Error refusal(std::string_view bytes) {
  auto table = parse_image(bytes);
  REQUIRE(!table);
  CHECK(table.error().file == "test.safetensors");
  CHECK_FALSE(table.error().message.empty());
  return table.error();
}

/// A folder in the temporary directory that is gone when the test ends.
struct Folder : TemporaryFolder {
  std::string put(const std::string& name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
    return at(name);
  }
  std::string at(const std::string& name) const { return *this / name; }
};

}  // namespace lab::test
