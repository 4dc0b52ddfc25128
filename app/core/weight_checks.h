#pragma once
// Two questions that a port of a model asks first: is the head's row of a token what makes its logit, and is a matrix the right
// way around. Both compare numbers recorded in a run with the stored weights, in double precision.
#include <map>
#include <string>
#include <vector>

#include "app/core/lab.h"

namespace lab {

/// What the last token of a run gave at points of the model.
using Recorded = std::map<std::string, std::vector<float>>;  // by full name, as "L0.attn.q"

/// Runs tokens through a model from the neutral state and keeps what was asked for at the last one.
Recorded record_last(const OpenedModel& opened, std::span<const std::int32_t> ids, std::span<const PointId> points,
                     const ContextOptions& arithmetic);
/// The same from a trace in safetensors or .npz that any program has written: the last row of each point's tensor.
Result<Recorded> read_last(const std::string& trace, std::span<const PointId> points);

/// A token's row of the head. Magnitudes are means of |w| over a row: an outlier among the rows is a bias of the head.
struct HeadCheck {
  std::int64_t id = 0;
  std::string head, embedding;  // tensors; the same where they are tied
  double product = 0;           // final norm · row, divided by the logits' scaling
  double logit = 0;             // as recorded
  double tolerance = 0;         // what rounding may have done to it
  double magnitude = 0, smallest_magnitude = 0, mean_magnitude = 0, largest_magnitude = 0;  // of this row, and of all
  double difference = 0, cosine = 1;  // of the rows of head and embedding: largest |difference|
  bool agrees = false;
};
std::vector<PointId> head_points();
/// Refuses ids that the head has no row for, and values of another size than the model's.
Result<HeadCheck> check_head(const OpenedModel& opened, std::int64_t id, const Recorded& recorded);

/// Which way around a matrix takes the recorded input to the recorded output.
enum class Orientation : std::uint8_t { as_stored, transposed, either, neither };
const char* name_of(Orientation orientation);  // "as stored", ...

struct TransposeCheck {
  std::string tensor, input, output;  // output: several points joined by " + " lie one behind the other
  std::int64_t rows = 0, columns = 0;
  double error = 0;             // L2 of W x - y over L2 of y
  double error_transposed = 0;  // the same of Wᵀ x; NaN unless the matrix is square
  Orientation found = Orientation::neither;

  bool is_square() const { return rows == columns; }
  /// The finding in a sentence.
  std::string text() const;
};

/// y = W x + bias, or with Wᵀ where W is square: x [cols], y [rows], bias [rows] or empty. Agreement is that of every element
/// within rounding of a sum in single precision.
TransposeCheck orientation_of(const Matrix& w, std::span<const float> bias, std::span<const float> x,
                              std::span<const float> y);

/// The points that the input and the output of a tensor are recorded at, or a refusal where they are not.
Result<std::vector<PointId>> points_around(const OpenedModel& opened, const std::string& tensor);
Result<TransposeCheck> check_transpose(const OpenedModel& opened, const std::string& tensor, const Recorded& recorded);

}  // namespace lab
