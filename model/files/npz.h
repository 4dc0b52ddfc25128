#pragma once
// NumPy's archive: a zip of uncompressed .npy members. Source: numpy.lib.format, PKWARE's APPNOTE 6.3.9.
#include <string>
#include <vector>

#include "model/files/tensor_table.h"

namespace lab {

/// Writes the tensors of a table as NAME.npy and its metadata as the member metadata.json, atomically. Refuses number
/// types that NumPy lacks (bfloat16).
Status write_npz(const std::string& path, const TensorTable& table);

}  // namespace lab
