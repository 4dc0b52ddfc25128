#pragma once
// Parts of the selected layer's state as edits name them.
#include <optional>
#include <string>

#include "app/core/snapshot.h"

namespace lab {

/// The elements of the selected layer's recurrent tensor that a part of its state has, as StateEdit::at: "3, 12, 5" of a cell, "" of
/// the layer. Nothing where the part is not there or cannot be named: rows of caches, cells whose indexes are tensors of their own.
std::optional<std::string> slice_of_part(const Snapshot& snapshot, StatePart part);
/// The part in words: "channel 822", "head 3, p 12", "cell h[822, 3]".
std::string part_words(const Snapshot& snapshot, StatePart part);
/// How many elements it has, or 0 where nobody can say.
std::int64_t part_size(const Snapshot& snapshot, StatePart part);

}  // namespace lab
