#pragma once
// Looks at the weights of a checkpoint as they are stored: statistics, histograms, pictures, single elements.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/core/weight_view.h"
#include "model/checkpoint.h"
#include "model/math/matrix.h"

namespace lab {

/// The checkpoint of a model's name or path, whether or not the model can be run.
Result<Checkpoint> open_tensors(const std::string& model);

/// Every tensor of a checkpoint, in the order of its files.
std::vector<TensorFacts> tensors_of(const Checkpoint& checkpoint);
/// The one of this name, or of this name in the file.
Result<TensorFacts> find_tensor(const Checkpoint& checkpoint, const std::string& name);

/// A stored tensor as a matrix, see TensorFacts::rows. Of a type that is_weight().
Matrix whole_matrix(const TensorView& tensor);

/// Calls body(row, first column, values) for all elements in order, in pieces of at most 65536 within a row, until
/// `cancelled` (which may be empty) says so. Returns whether it came to the end.
bool for_each_piece(const Matrix& w, const std::function<bool()>& cancelled,
                    const std::function<void(std::int64_t, std::int64_t, std::span<const float>)>& body);

/// Statistics alone, of a tensor that is_weight; nothing when cancelled.
std::optional<WeightStatistics> statistics_of(const TensorView& tensor, const std::function<bool()>& cancelled = {});

/// What a tensor shows, in two passes over it and 32 MiB at most, twice that with a `twin`. With one it is compared with the tensor of the same name
/// there, which must have the same shape. Null when cancelled.
Result<std::shared_ptr<const WeightView>> view_weights(const Checkpoint& checkpoint, const std::string& name,
                                                       const Checkpoint* twin,
                                                       const std::function<bool()>& cancelled = {});

/// The last view is kept, and so is the other checkpoint: what the deriver asks.
class WeightViewer {
 public:
  /// `against`: another model's path, or "". Null when cancelled.
  Result<std::shared_ptr<const WeightView>> look(const Checkpoint& checkpoint, const std::string& name,
                                                 const std::string& against, const std::function<bool()>& cancelled);

 private:
  std::shared_ptr<const TensorTable> of_;
  std::shared_ptr<const WeightView> view_;
  std::string twin_path_;
  std::shared_ptr<const Checkpoint> twin_;
  std::string twin_refusal_;
};

}  // namespace lab
