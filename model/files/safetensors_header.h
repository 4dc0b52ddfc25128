#pragma once
// The JSON header of a safetensors file as a plain table: syntax and types are checked, ranges and sizes are not yet.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/files/tensor_table.h"

namespace lab {

/// One tensor as announced: its bytes lie in [begin, end) of the data.
struct HeaderEntry {
  TensorView tensor;
  std::uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;                            // in the order of the text
  std::vector<std::pair<std::string, std::string>> metadata;  // `__metadata__`
  std::vector<std::string> warnings;                           // fields nobody knows
};

/// Reads {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {...}} without building a tree; offsets of errors
/// count from the start of the file.
Result<SafetensorsHeader> read_safetensors_header(std::string_view text, const std::string& file);

}  // namespace lab
