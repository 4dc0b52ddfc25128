#pragma once
// Writes the chosen points of a run to rows of a file while the run goes on.
#include <vector>

#include "app/cli/points.h"
#include "model/files/row_file.h"
#include "model/model.h"

namespace lab::cli {

template <class Real>
inline constexpr DType kRealType = sizeof(Real) == 8 ? DType::f64 : DType::f32;

template <class Real>
class Recorder final : public BasicProbe<Real> {
 public:
  /// The tensors of `points` are those of the file from `first_tensor` on. Every `every`-th token is kept, the first one too.
  /// Points that show cached rows are padded to `cached_rows` of them.
  Recorder(int layers, const std::vector<TracePoint>& points, RowFile& file, std::size_t first_tensor,
           std::int64_t every, std::int64_t cached_rows)
      : BasicProbe<Real>(layers), points_(points), file_(file), first_tensor_(first_tensor), every_(every), cached_rows_(cached_rows),
        tensor_(static_cast<std::size_t>(layers + 1) * kPoints, -1) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (points[i].before_first) continue;
      this->read(points[i].id.point, points[i].id.layer);
      tensor_[index(points[i].id.point, points[i].id.layer)] = static_cast<std::int64_t>(first_tensor + i);
    }
  }

  /// The next call's first token is this one of the run.
  void begin(std::int64_t token) { first_ = token; }
  /// The first refusal of the file since the beginning.
  const Status& status() const { return status_; }

  void visit(Point point, int layer, std::int64_t token, Rows<Real> rows) override {
    const auto tensor = static_cast<std::size_t>(tensor_[index(point, layer)]);
    for (std::int64_t t = 0; t < rows.count && status_; ++t) {
      const std::int64_t at = first_ + token + t;
      if (at % every_ == 0) status_ = write(tensor, at / every_, rows[t]);
    }
  }

 private:
  Status write(std::size_t tensor, std::int64_t row, std::span<const Real> values) {
    const TracePoint& point = points_[tensor - first_tensor_];
    if (point.holds_indices()) {
      const std::vector<std::int64_t> whole(values.begin(), values.end());
      return file_.write(tensor, row, whole.data());
    }
    if (!point.grows()) return file_.write(tensor, row, values.data());
    const PointShape shape{point.id.point, point.shape};
    padded_.resize(static_cast<std::size_t>(elements_of(shape, cached_rows_)));
    pad_cached_rows(shape, values.data(), static_cast<std::int64_t>(values.size()), cached_rows_, padded_.data());
    return file_.write(tensor, row, padded_.data());
  }
  static std::size_t index(Point point, int layer) {
    return static_cast<std::size_t>(layer + 1) * kPoints + static_cast<std::size_t>(point);
  }

  const std::vector<TracePoint>& points_;
  RowFile& file_;
  std::size_t first_tensor_ = 0;
  std::int64_t every_ = 1, cached_rows_ = 0, first_ = 0;
  std::vector<Real> padded_;
  std::vector<std::int64_t> tensor_;  // of the file, by layer and point; -1: not kept
  Status status_;
};

}  // namespace lab::cli
