#include "app/core/trajectory_maker.h"

#include <limits>

#include <fmt/format.h>

#include "app/core/slab_maker.h"

namespace lab {
namespace {

constexpr std::int64_t kMostPoints = 4096;
constexpr int kAxes = 3;

}  // namespace

TrajectorySketch::TrajectorySketch(std::int64_t dimensions, std::int64_t buckets) {
  std::uint64_t random = 1;
  for (std::int64_t i = 0; i < dimensions; ++i) {
    random = random * 6364136223846793005u +
             1442695040888963407u;  // Knuth's linear congruential generator; its high bits are good
    bucket_.push_back(static_cast<std::int32_t>((random >> 33) % static_cast<std::uint64_t>(buckets)));
    sign_.push_back((random >> 32) & 1 ? 1.0f : -1.0f);
  }
}

void TrajectorySketch::apply(std::span<const float> vector, std::span<float> sums) const {
  std::fill(sums.begin(), sums.end(), 0.0f);
  for (std::size_t i = 0; i < vector.size(); ++i) sums[static_cast<std::size_t>(bucket_[i])] += sign_[i] * vector[i];
}

TrajectoryMaker::TrajectoryMaker(const Model& model, std::int64_t layer, std::int64_t first, Context<float>& context)
    : layer_(layer), first_(first), plane_(*model.schema(), layer), dimensions_(plane_.elements()), walk_(model, static_cast<int>(layer), context), pca_(1),
      flat_(static_cast<std::size_t>(dimensions_)) {
  if (dimensions_ > kMostDimensions) {
    sketch_.emplace(dimensions_, kSketchBuckets);
    sketched_.resize(kSketchBuckets);
  }
  restart(0, 1);
}

void TrajectoryMaker::restart(std::uint64_t revision, std::int64_t stride) {
  revision_ = revision;
  next_ = first_;
  stride_ = stride;
  used_.clear();
  pca_ = StreamingPca(sketch_ ? kSketchBuckets : dimensions_, {.axes = kAxes});
}

Result<std::shared_ptr<const Trajectory>> TrajectoryMaker::make(const Snapshot& snapshot, std::int64_t last,
                                                                const std::function<bool()>& cancelled) {
  const std::int64_t stride = stride_for(last - first_, kMostPoints);
  const std::uint64_t revision = snapshot.trace->revision();
  if (revision != revision_ || last < next_ || stride != stride_) restart(revision, stride);
  bool stopped = false;
  LAB_TRY(walk_.walk(snapshot, next_, last, [&](std::int64_t token) {
    if ((token - first_) % stride_ == 0) take();
    next_ = token + 1;
    stopped = cancelled && cancelled();
    return !stopped;
  }));
  return stopped ? nullptr : result();
}

void TrajectoryMaker::take() {
  plane_.read_all(walk_.state(), flat_);
  if (sketch_) sketch_->apply(flat_, sketched_);
  used_.push_back(pca_.add(sketch_ ? sketched_ : flat_));
}

std::shared_ptr<const Trajectory> TrajectoryMaker::result() {
  auto trajectory = std::make_shared<Trajectory>();
  trajectory->layer = layer_;
  trajectory->first = first_;
  trajectory->stride = stride_;
  StreamingPca::View view = pca_.view();
  trajectory->explained = std::move(view.explained);
  trajectory->lost = view.lost;
  std::size_t next = 0;
  for (const bool used : used_)
    trajectory->points.push_back(used ? std::move(view.points[next++])
                                      : std::vector<float>(kAxes, std::numeric_limits<float>::quiet_NaN()));
  if (sketch_) trajectory->approximation = fmt::format("{} numbers sketched to {}", dimensions_, kSketchBuckets);
  if (stride_ > 1) trajectory->approximation += fmt::format("{}one token in {}", sketch_ ? ", " : "", stride_);
  return trajectory;
}

}  // namespace lab
