#pragma once
// NumPy's array: a line of text about type and shape, then the numbers. Source: numpy.lib.format.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/files/tensor_table.h"

namespace lab {

/// The tensor of an image of a .npy file, versions 1 to 3. Numbers in C order stay where they are; those in Fortran order
/// are copied, and `owner` keeps the copy. Refuses objects, records, texts, complex and big-endian numbers.
Result<TensorView> parse_npy(std::span<const std::byte> image, const std::string& name, const std::string& file,
                             std::shared_ptr<const void>& owner);

/// Maps a .npy file; its one tensor has the file's name without the ending.
Result<TensorTable> open_npy(const std::string& path);

/// What stands before a tensor's numbers in a .npy file of version 1.0, or nothing where NumPy has no such type.
std::string npy_head(const TensorView& tensor);

}  // namespace lab
