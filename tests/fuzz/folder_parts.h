#pragma once
// A model's folder as one input: for each file a byte that names it, two for its length, and its content.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lab::test {

inline constexpr std::array kFolderNames = {"config.json",   "model.safetensors", "model.safetensors.index.json",
                                            "a.safetensors", "tokenizer.json",    "pytorch_model.bin",
                                            "model.gguf",    "params.json"};

struct FolderPart {
  std::uint8_t name = 0;  // counted around in kFolderNames
  std::string content;

  const char* file() const { return kFolderNames[name % kFolderNames.size()]; }
};

/// Whatever an input holds: the last file is cut where the input ends.
inline std::vector<FolderPart> folder_parts(const std::string& input) {
  std::vector<FolderPart> parts;
  for (std::size_t at = 0; at + 3 <= input.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(input[at + i]); };
    const std::size_t length = std::min<std::size_t>(byte(1) | byte(2) << 8, input.size() - at - 3);
    parts.push_back({byte(0), input.substr(at + 3, length)});
    at += 3 + length;
  }
  return parts;
}

inline std::string folder_input(const std::vector<FolderPart>& parts) {
  std::string input;
  for (const FolderPart& part : parts) {
    const std::size_t length = std::min<std::size_t>(part.content.size(), 0xFFFF);
    input += {static_cast<char>(part.name), static_cast<char>(length & 0xFF), static_cast<char>(length >> 8)};
    input.append(part.content, 0, length);
  }
  return input;
}

}  // namespace lab::test
