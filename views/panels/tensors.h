#pragma once
// Which tensors of the list a search leaves.
#include <string>
#include <vector>

#include "app/core/snapshot.h"

namespace lab {

/// Indices of the tensors in whose name, name in the file, type or shape every word of `search` occurs, in upper or lower case.
std::vector<std::size_t> matching_tensors(const std::vector<TensorFacts>& tensors, const std::string& search);

}  // namespace lab
