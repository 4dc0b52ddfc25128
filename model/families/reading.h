#pragma once
// Reading a family's configuration and weights: every problem is noted, nothing is guessed.
#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/files/config_reader.h"
#include "model/math/matrix.h"

namespace lab {

/// A tensor a family needs. A shape entry is exact; `optional` tensors may be absent.
struct Expected {
  std::string name;
  std::vector<std::int64_t> shape;
  bool optional = false;
};

/// Compares what the files hold with what the configuration needs: missing, other shape, unsupported type.
void check_tensors(const TensorTable& table, const std::vector<Expected>& expected, std::vector<Error>& problems);

/// The embedding, or null. Its original spelling has been renamed (model/layouts).
const TensorView* find_embedding(const TensorTable& table);
/// Rows of the embedding: the configured vocabulary, or a little more where the file was padded to a round number.
std::int64_t padded_vocabulary(const TensorTable& table, std::int64_t vocabulary);

/// Refuses files with more layers than the configuration counts.
void check_layer_count(const TensorTable& table, std::int64_t layers, std::vector<Error>& problems);

/// A stored matrix, multiplied as it is. The tensor has been checked.
Matrix matrix_of(const TensorTable& table, const std::string& name);
/// A small tensor as numbers of the arithmetic; empty when it is absent.
template <class Real>
std::vector<Real> vector_of(const TensorTable& table, const std::string& name);

}  // namespace lab
