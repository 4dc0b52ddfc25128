#pragma once
// Reading a family's configuration and weights: every problem is noted, nothing is guessed.
#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/files/config_reader.h"
#include "model/math/matrix.h"

namespace lab {

struct Stream;

/// A tensor a family needs. A shape entry is exact; `optional` tensors may be absent; `other` is a second name that will do.
struct Expected {
  std::string name;
  std::vector<std::int64_t> shape;
  bool optional = false;
  std::string other = {};
};

/// Compares what the files hold with what the configuration needs: missing, other shape, unsupported type.
void check_tensors(const TensorTable& table, const std::vector<Expected>& expected, std::vector<Error>& problems);

/// Rows of the embedding: the configured vocabulary, or a little more where the file was padded to a round number.
std::int64_t padded_vocabulary(const TensorTable& table, const Stream& stream);

/// Refuses files with more layers than the configuration counts.
void check_layer_count(const TensorTable& table, const Stream& stream, std::vector<Error>& problems);

/// The rates A of a mixer whose names begin with `mixer`: `A_log`, from which A = -exp(A_log) is made once, or A as it is.
Expected expected_rates(const std::string& mixer, std::vector<std::int64_t> shape);
/// A, in the order of the file. The tensor has been checked.
template <class Real>
std::vector<Real> rates_of(const TensorTable& table, const std::string& mixer);

/// A stored matrix, multiplied as it is. The tensor has been checked.
Matrix matrix_of(const TensorTable& table, const std::string& name);
/// Any tensor of weights as rows of its last extent; a scalar is one number.
Matrix matrix_of(const TensorView& tensor);
/// Its rows [first, last) as float32, to look at: [last - first, last extent]. The type is_weight().
std::vector<float> rows_of(const TensorView& tensor, std::int64_t first, std::int64_t last);
/// A small tensor as numbers of the arithmetic, rounded to float32 where it is stored as F64; empty when it is absent.
template <class Real>
std::vector<Real> vector_of(const TensorTable& table, const std::string& name);

}  // namespace lab
