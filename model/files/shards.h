#pragma once
// Weights in several files, and the index that says which tensor lies where. Source: huggingface_hub's model.*.index.json.
#include <string>
#include <string_view>

#include "model/files/tensor_table.h"

namespace lab {

/// Opens one file by its path.
using OpenShard = Result<TensorTable> (*)(const std::string& path);

/// Opens every file that an index names, each by `open`, as one table in the order of the files' names. Files must lie
/// beside the index and be named plainly: anything else is refused before it is opened. A file that cannot be opened, a
/// tensor that its file lacks and a tensor in two files are problems, all told at once (Error::others); a tensor that the
/// index lacks and a total size that disagrees are warnings.
Result<TensorTable> open_shards(const std::string& index_path, OpenShard open);
/// The same for the text of an index that stands, or would stand, at `index_path`.
Result<TensorTable> read_shards(std::string_view text, const std::string& index_path, OpenShard open);

}  // namespace lab
