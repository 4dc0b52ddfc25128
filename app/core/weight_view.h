#pragma once
// What is shown of a tensor of the open model: plain values that views may keep, without files behind them but for `element`.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lab {

/// A tensor in the words of its model and of its file.
struct TensorFacts {
  std::string name, stored_name;           // Hugging Face's, and the file's own
  std::string file, type;                  // type: "F32", "Q4_K"
  std::vector<std::int64_t> shape;         // row-major: of a matrix [out, in]
  std::vector<std::int64_t> stored_shape;  // as the file lists it: GGUF begins with the fastest axis, [in, out]
  std::int64_t count = 0, bytes = 0;
  bool is_gguf = false;
  bool is_weight = true;  // its numbers can be multiplied, and so be shown

  /// A tensor as a matrix: the last axis across, all others down. A vector is one row.
  std::int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  std::int64_t rows() const { return columns() == 0 ? 0 : count / columns(); }
};

/// Numbers over all elements. Mean, deviation (of the population) and range are those of the finite ones; NaN without any.
struct WeightStatistics {
  std::int64_t count = 0, zeros = 0, nans = 0, infinities = 0;
  double mean = 0, deviation = 0, low = 0, high = 0;

  std::int64_t finite() const { return count - nans - infinities; }
};

/// How many finite elements lie in each of equally wide bins from `low` to `high`.
struct WeightHistogram {
  double low = 0, high = 0;
  std::vector<std::int64_t> counts;
};

/// Every element seen from afar: a cell is the element of largest magnitude in it with its sign, and NaN where there is one.
struct WeightImage {
  std::int64_t rows = 0, columns = 0;              // cells
  std::int64_t row_stride = 1, column_stride = 1;  // elements that a cell covers
  std::vector<float> cells;                        // column by column

  const float* column(std::int64_t i) const { return cells.data() + i * rows; }
};

/// One element, and how it is stored: value = scale quant + minimum in blocks.
struct WeightElement {
  float value = 0;
  bool is_quantised = false;
  float scale = 1, minimum = 0;
  int quant = 0;
  std::optional<float> twin;  // the same element of the other checkpoint
};

/// The same tensor of another checkpoint, and how far this one is from it.
struct WeightTwin {
  std::string path, type;
  std::int64_t compared = 0;         // elements finite in both
  double largest = 0, rms = 0;       // of the differences
  double relative = 0;               // L2 of the differences over L2 of the twin
  std::int64_t row = 0, column = 0;  // of the largest difference
};

/// One tensor, looked at whole.
struct WeightView {
  TensorFacts tensor;
  std::string against;  // what was asked to be compared with, "" for nothing
  WeightStatistics statistics;
  WeightHistogram histogram;
  WeightImage image;
  std::optional<WeightTwin> twin;
  WeightImage error;  // its differences from the twin; NaN where one of the two is not finite
  std::string note;  // why there is no twin
  std::function<WeightElement(std::int64_t row, std::int64_t column)> element;
};

}  // namespace lab
