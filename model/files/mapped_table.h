#pragma once
// A table of tensors in a mapped file: what the readers of every container share.
#include <cstddef>
#include <span>
#include <string>

#include "model/files/file.h"
#include "model/files/tensor_table.h"

namespace lab {

/// Maps a file read-only and lets `parse(image, plain name)` read its table, which keeps the mapping alive. Errors carry
/// the whole path.
template <class Parse>
Result<TensorTable> open_mapped(const std::string& path, Parse parse) {
  LAB_ASSIGN(auto mapping, MappedFile::open(path));
  Result<TensorTable> table = parse(mapping->bytes(), plain_name(path));
  if (table)
    table->keep_file(mapping);
  else
    table.error().file = path;
  return table;
}

}  // namespace lab
