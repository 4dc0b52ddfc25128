#pragma once
// GGUF files built byte by byte, wrong ones too.
#include <cstdint>
#include <string>
#include <vector>

#include "model/files/gguf.h"

namespace lab::test {

template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
/// A string as GGUF stores it: its length, its bytes.
inline std::string counted(const std::string& text) { return bytes_of<std::uint64_t>(text.size()) + text; }

/// Keys, tensors and data of a file. What a test does not change is right.
struct GgufImage {
  std::string magic = "GGUF", keys, tensors, data;
  std::uint32_t version = 3;
  std::uint64_t key_count = 0, tensor_count = 0, alignment = 32;

  GgufImage& value(const std::string& key, std::uint32_t type, const std::string& bytes) {
    keys += counted(key) + bytes_of(type) + bytes;
    ++key_count;
    return *this;
  }
  template <class T>
  GgufImage& value(const std::string& key, GgufType type, T value) {
    return this->value(key, static_cast<std::uint32_t>(type), bytes_of(value));
  }
  GgufImage& integer(const std::string& key, std::uint32_t number) { return value(key, GgufType::u32, number); }
  GgufImage& number(const std::string& key, float number) { return value(key, GgufType::f32, number); }
  GgufImage& boolean(const std::string& key, bool truth) { return value(key, GgufType::boolean, std::uint8_t{truth}); }
  GgufImage& string(const std::string& key, const std::string& text) { return value(key, 8, counted(text)); }
  GgufImage& array(const std::string& key, GgufType type, std::uint64_t count, const std::string& bytes) {
    return value(key, 9, bytes_of(static_cast<std::uint32_t>(type)) + bytes_of(count) + bytes);
  }

  /// Extents are listed as in the file, the fastest first.
  GgufImage& info(const std::string& name, const std::vector<std::uint64_t>& extents, std::uint32_t type,
                  std::uint64_t offset) {
    tensors += counted(name) + bytes_of(static_cast<std::uint32_t>(extents.size()));
    for (const std::uint64_t extent : extents) tensors += bytes_of(extent);
    tensors += bytes_of(type) + bytes_of(offset);
    ++tensor_count;
    return *this;
  }
  /// A tensor of F32 ones, behind those before it.
  GgufImage& ones(const std::string& name, const std::vector<std::uint64_t>& extents) {
    data.resize((data.size() + alignment - 1) / alignment * alignment);
    info(name, extents, 0, data.size());
    std::uint64_t count = 1;
    for (const std::uint64_t extent : extents) count *= extent;
    for (std::uint64_t i = 0; i < count; ++i) data += bytes_of(1.0f);
    return *this;
  }

  std::string header() const {
    return magic + bytes_of(version) + bytes_of(tensor_count) + bytes_of(key_count) + keys + tensors;
  }
  std::string bytes() const {
    std::string image = header();
    image.resize((image.size() + alignment - 1) / alignment * alignment);
    return image + data;
  }
};

inline Result<Gguf> gguf_of(const std::string& bytes, const std::string& file = "test.gguf") {
  return parse_gguf({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, file);
}

}  // namespace lab::test
