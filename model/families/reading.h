#pragma once
// Reading a family's configuration and weights: every problem is noted, nothing is guessed.
#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/math/matrix.h"

namespace lab {

struct Stream;

/// Reads typed fields of config.json and collects what is wrong with them.
class ConfigReader {
 public:
  ConfigReader(const Json& config, std::vector<Error>& problems) : config_(config), problems_(problems) {}

  /// An integer in [low, high]; `fallback` when the field is absent.
  std::int64_t integer(const char* name, std::int64_t fallback, std::int64_t low = 1, std::int64_t high = 1 << 24);
  /// A finite number in [low, high].
  double number(const char* name, double fallback, double low, double high);
  bool boolean(const char* name, bool fallback);
  /// Refuses any other text than those listed.
  std::string one_of(const char* name, const std::string& fallback, const std::vector<std::string>& allowed);
  const Json* find(const char* name) const { return config_.find(name); }
  void problem(const char* field, const std::string& expected, const std::string& found);

 private:
  const Json& config_;
  std::vector<Error>& problems_;
};

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
/// A small tensor as numbers of the arithmetic; empty when it is absent.
template <class Real>
std::vector<Real> vector_of(const TensorTable& table, const std::string& name);

}  // namespace lab
