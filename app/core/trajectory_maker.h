#pragma once
// The path of a layer's recurrent state through its own principal components; grows with the run.
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/core/layer_walk.h"
#include "app/core/snapshot.h"
#include "app/core/state_plane.h"
#include "tracer/analysis/pca.h"

namespace lab {

/// States of more dimensions than kMostDimensions are sketched to kSketchBuckets.
constexpr std::int64_t kMostDimensions = 32768, kSketchBuckets = 4096;

/// Projects vectors of many dimensions to few by adding each coordinate, with a random sign, to one of `buckets` sums (count
/// sketch: Charikar, Chen and Farach-Colton 2002). Scalar products are kept on average. The choices depend on nothing but sizes.
class TrajectorySketch {
 public:
  TrajectorySketch(std::int64_t dimensions, std::int64_t buckets);
  void apply(std::span<const float> vector, std::span<float> sums) const;

 private:
  std::vector<std::int32_t> bucket_;
  std::vector<float> sign_;
};

/// For one layer and one beginning; keeps what it has made and adds what is new.
class TrajectoryMaker {
 public:
  TrajectoryMaker(const Model& model, std::int64_t layer, std::int64_t first, Context<float>& context);

  bool fits(std::int64_t layer, std::int64_t first) const { return layer == layer_ && first == first_; }
  /// The trajectory over the tokens [first, last). Stopped by `cancelled` it keeps what it has and returns nothing.
  Result<std::shared_ptr<const Trajectory>> make(const Snapshot& snapshot, std::int64_t last,
                                                 const std::function<bool()>& cancelled);

 private:
  void restart(std::uint64_t revision, std::int64_t stride);
  void take();
  std::shared_ptr<const Trajectory> result();

  const std::int64_t layer_, first_;
  const StatePlane plane_;
  const std::int64_t dimensions_;
  std::optional<TrajectorySketch> sketch_;
  LayerWalk walk_;

  std::uint64_t revision_ = 0;
  std::int64_t next_ = 0, stride_ = 1;  // tokens [first, next) have been taken or passed over
  StreamingPca pca_;
  std::vector<bool> used_;  // of the tokens taken, whether the state was finite
  std::vector<float> flat_, sketched_;
};

}  // namespace lab
