#pragma once
// PyTorch checkpoints: a zip of raw storages and a pickle that says which tensor lies where. Source: torch/serialization.py.
#include <cstddef>
#include <span>
#include <string>

#include "model/files/tensor_table.h"

namespace lab {

/// Reads the table of a file image: a dict of tensors, perhaps one level down as "state_dict" or "model". Tensors that are
/// contiguous point into `image`, also several into one storage (tied weights); others are copied into row-major order,
/// in all at most as many bytes as the image has. The pickle and the storages that are copied are compared with their checksums
/// here; the other storages stay unread, until somebody asks the table for `damage`. Nothing is executed: see pickle.h for what a pickle may hold. Refuses the
/// format from before 2020, big-endian and compressed archives, and every view that exceeds its storage.
Result<TensorTable> parse_torch(std::span<const std::byte> image, const std::string& file);

/// Maps a file read-only and reads its table; the table keeps the mapping alive.
Result<TensorTable> open_torch(const std::string& path);

}  // namespace lab
