#pragma once
// NumPy's archive: a zip of .npy members. Source: numpy.lib.npyio.
#include <cstddef>
#include <span>
#include <string>

#include "model/files/tensor_table.h"

namespace lab {

/// Reads the table of an archive's image: NAME.npy is the tensor NAME, metadata.json (an object of strings) the metadata.
/// Stored members in C order point into `image`; the others are owned by the table, inflated to at most 128 MiB in all.
/// Every member's checksum is checked; one that is no array is a warning.
Result<TensorTable> parse_npz(std::span<const std::byte> image, const std::string& file);

/// Maps an archive and reads its table; the table keeps the mapping alive.
Result<TensorTable> open_npz(const std::string& path);

/// Writes the tensors of a table as NAME.npy and its metadata as the member metadata.json, atomically and uncompressed.
/// Refuses number types that NumPy lacks (bfloat16).
Status write_npz(const std::string& path, const TensorTable& table);

}  // namespace lab
