#pragma once
// The safetensors container: 8-byte length, JSON header, packed data. Source: github.com/huggingface/safetensors.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/files/tensor_table.h"

namespace lab {

/// Parses and validates the header of a file image of `file_bytes` bytes whose first `image.size()` bytes are given
/// (at least the whole header). Tensors' `data` are offsets from `base` (may be null for checking only).
/// Validation as the reference reader: sorted ranges tile the buffer exactly, sizes match shape times dtype.
Result<TensorTable> parse_safetensors(std::span<const std::byte> image, std::size_t file_bytes, const std::byte* base,
                                      const std::string& file);

/// Maps a file read-only and reads its table; the table keeps the mapping alive. Nothing but the header is read.
Result<TensorTable> open_safetensors(const std::string& path);

/// A tensor to be written; `write` fills `bytes` bytes at the given destination pointer or `data` points to them.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
};

/// Writes a file atomically (temporary file, flush, rename): all of it or nothing.
Status write_safetensors(const std::string& path, const std::vector<TensorToWrite>& tensors,
                         const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace lab
