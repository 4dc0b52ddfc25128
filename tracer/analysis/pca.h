#pragma once
// Streaming principal components with stable axes: block incremental SVD of spare rank (Brand 2006; Ross et al. 2008), drawn axes
// turned to their predecessors by orthogonal Procrustes.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lab {

struct PcaOptions {
  int rank = 16;   // kept directions, more than are drawn
  int block = 8;   // samples folded in at once
  int axes = 3;    // drawn
};

/// Sums in double precision. Equal samples in equal order give equal bits.
class StreamingPca {
 public:
  StreamingPca(std::int64_t dimensions, const PcaOptions& options = {});

  /// Takes a sample of `dimensions` numbers; NaN and infinities are refused (returns false, the sample is not used).
  bool add(std::span<const float> sample);
  std::int64_t count() const;

  /// Coordinates on the drawn axes of every sample so far, [count][axes], and the shares of the variance of the principal
  /// components (rank of them, NaN while the variance is zero). Samples in the unfinished block are folded in on the way out.
  struct View {
    std::vector<std::vector<float>> points;
    std::vector<float> explained;
    float lost = 0;  // energy beyond `rank`, as a share of the total
  };
  View view();

  /// Coordinates of any vector on the drawn axes.
  std::vector<float> project(std::span<const float> sample) const;

  ~StreamingPca();
  StreamingPca(StreamingPca&&) noexcept;
  StreamingPca& operator=(StreamingPca&&) noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// What a random walk shows: 6 / (pi^2 k^2) for component k = 1, 2, ... (Antognini and Sohl-Dickstein 2018).
double random_walk_share(int component);

}  // namespace lab
