#pragma once
// The GGUF container: typed metadata, tensor infos, aligned data. Source: docs/gguf.md and src/gguf.cpp of
// github.com/ggml-org/ggml.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/files/tensor_table.h"

namespace lab {

/// The type of a metadata value, or of the elements of an array, as the file numbers them.
enum class GgufType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// "u8", "string".
const char* name_of(GgufType type);
/// Bytes of a value of this type; 0 where it varies (string, array).
std::size_t width_of(GgufType type);

/// A metadata value where it lies in the file: nothing is copied or converted before a reader asks. Copying is cheap.
class GgufValue {
 public:
  GgufValue() = default;
  /// `data` points to the value: of a string to its length, of an array to its first element.
  GgufValue(GgufType type, const std::byte* data) : data_(data), type_(type) {}
  GgufValue(GgufType elements, const std::byte* data, std::uint32_t count)
      : data_(data), count_(count), type_(elements), is_array_(true) {}

  /// The type of the value; of the elements for an array.
  GgufType type() const { return type_; }
  bool is_array() const { return is_array_; }
  /// Elements of an array; 1 for anything else.
  std::size_t size() const { return is_array_ ? count_ : 1; }

  /// A single integer of any width that fits; nothing else converts.
  std::optional<std::int64_t> integer() const;
  /// A single integer or floating-point number.
  std::optional<double> number() const;
  /// A single boolean whose byte is 0 or 1.
  std::optional<bool> boolean() const;
  /// A single string's bytes, which need not be UTF-8; they live as long as the file.
  std::optional<std::string_view> string() const;
  /// The elements of an array, one by one (empty for anything else): at most 4 M values of 16 bytes.
  std::vector<GgufValue> items() const;
  /// Short text of the value for messages: "7", "\"llama\"", "an array of 3 strings".
  std::string brief() const;

 private:
  const std::byte* data_ = nullptr;
  std::uint32_t count_ = 1;
  GgufType type_ = GgufType::u8;
  bool is_array_ = false;
};

struct GgufEntry {
  std::string_view key;
  GgufValue value;
};

/// What a file holds, or all parts of a split one together. Keys, values and tensors point into the mapping that
/// `tensors` keeps alive. Shapes are row-major: the reverse of the file's order.
struct Gguf {
  std::uint32_t version = 0;
  std::vector<GgufEntry> metadata;  // of the first part, in the order of the file
  TensorTable tensors;

  const GgufValue* find(std::string_view key) const;
};

/// Parses and validates a whole file image; the result points into it. `file` names it in errors and tensors.
/// Versions 2 and 3, little endian. Every tensor begins where the one before it ended, rounded up to the alignment.
Result<Gguf> parse_gguf(std::span<const std::byte> image, const std::string& file);

/// Maps a file read-only and parses it. Of a split model (NAME-00001-of-00003.gguf) any part opens all.
Result<std::shared_ptr<const Gguf>> open_gguf(const std::string& path);

}  // namespace lab
