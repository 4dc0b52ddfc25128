#pragma once
// GGUF files as a table of keys and tensors, so that a fuzzer changes what they mean and not only their bytes.
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/files/gguf_image.h"

namespace lab::test {

/// Changes a text in place, to at most `most` bytes; what libFuzzer does to bytes.
using MutateText = void (*)(std::string& text, std::size_t most);

struct GgufParts {
  struct Key {
    std::string name;
    std::uint32_t type = 0;                // of the value, or of an array's elements
    bool is_array = false;
    std::vector<std::string> items;        // one for a single value; strings without their length
  };
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> extents;    // as in the file, the fastest first
    std::uint32_t type = 0;
    std::uint64_t offset = 0;
  };

  std::uint32_t version = 3;
  std::vector<Key> keys;
  std::vector<Tensor> tensors;
  std::string data;

  /// Nothing where the header breaks off or counts more than there is.
  static std::optional<GgufParts> of(const std::string& bytes);
  std::string bytes() const;

  /// Changes one thing: a value, a type, a name, a count, an extent, an offset, the order, or what there is at all.
  void mutate(std::mt19937& random, MutateText mutate_text);
  /// Takes some keys and tensors of another file.
  void cross_over(std::mt19937& random, const GgufParts& other);
};

}  // namespace lab::test
