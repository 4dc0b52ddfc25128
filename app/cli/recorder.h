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
  Recorder(int layers, const std::vector<TracePoint>& points, RowFile& file, std::size_t first_tensor,
           std::int64_t every)
      : BasicProbe<Real>(layers), file_(file), every_(every),
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
      if (at % every_ == 0) status_ = file_.write(tensor, at / every_, rows.row(t));
    }
  }

 private:
  static std::size_t index(Point point, int layer) {
    return static_cast<std::size_t>(layer + 1) * kPoints + static_cast<std::size_t>(point);
  }

  RowFile& file_;
  std::int64_t every_ = 1, first_ = 0;
  std::vector<std::int64_t> tensor_;  // of the file, by layer and point; -1: not kept
  Status status_;
};

}  // namespace lab::cli
