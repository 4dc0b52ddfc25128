#pragma once
// Models in GGUF files, in the words of Hugging Face: a configuration, tensor names and shapes. No weight is copied; what
// a converter did to the numbers is left to the families:
//   A for A_log            `mixer.A` holds -exp(A_log) itself
//   qk_rows_interleaved    the rows of q and k belong to the rotation of adjacent pairs
//   shared_mlp.gate, .up   the halves of `shared_mlp.input_linear`, and of block_sparse_moe
//   rope_freqs.weight      divisors of the rotation's frequencies [n/2]
#include <memory>
#include <string>

#include "model/checkpoint.h"
#include "model/files/gguf.h"

namespace lab {

/// Whether a path is that of a GGUF file, by its name or first bytes, or of a folder whose only weights are in such files.
bool is_gguf(const std::string& path);

/// Opens a file, any part of a split one, or the one model of a folder. An architecture that is not known is refused by its
/// name; keys and tensors that are wrong are told all at once. The parsed file stays reachable as `gguf`.
Result<Checkpoint> open_gguf_checkpoint(const std::string& path);

/// The checkpoint of a file that was read already.
Result<Checkpoint> gguf_checkpoint(std::shared_ptr<const Gguf> gguf, const std::string& path);

/// Says a problem of a checkpoint in the words of its files: their path, and keys and tensors as they are stored.
void say_as_stored(const Checkpoint& checkpoint, Error& problem);

}  // namespace lab
